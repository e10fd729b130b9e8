using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

public sealed class Gpt2ModelTests
{
    private static readonly Gpt2Config Config = new() { VocabularySize = 29, MaximumLength = 12, Width = 16, Layers = 3, Heads = 4 };

    public Gpt2ModelTests() => NativeRuntime.Initialize();

    [Fact]
    public void TheTiedHeadIsOneParameter()
    {
        using Gpt2Model tied = New(Config), untied = New(Config with { TieEmbeddings = false });
        long perLayer = (12 * 16 * 16) + (13 * 16);
        Assert.Equal(((29 + 12) * 16) + (3 * perLayer) + 32, tied.ParameterCount);
        Assert.Equal(tied.ParameterCount + (29 * 16), untied.ParameterCount);
        Assert.Equal(tied.WeightNames.Count, tied.parameters().Count());
        Assert.Equal(tied.ParameterCount, Config.CountParameters());
    }

    [Fact]
    public void CountingParametersNeedsNoMemoryForThem() =>
        Assert.Equal(124_439_808, Gpt2Presets.Gpt2.CountParameters());

    [Fact]
    public void AModelMadeInsideAScopeOutlivesIt()
    {
        Gpt2Model model;
        using (NewDisposeScope()) model = New(Config);
        Assert.Equal(Config.CountParameters(), model.ParameterCount);
        model.Dispose();
    }

    [Fact]
    public void ConstructorsDrawNothing()
    {
        Tensor before = Generator.Default.get_state();
        using Gpt2Model model = New(Config);
        Assert.True(before.eq(Generator.Default.get_state()).all().item<bool>());
    }

    [Fact]
    public void InitialWeightsHaveTheirDeviations()
    {
        using Gpt2Model model = new(new Gpt2Config { VocabularySize = 500, MaximumLength = 100, Width = 128, Layers = 2, Heads = 4 });
        model.Initialize(new RandomStream(3));
        foreach ((string name, Tensor weight) in ModelWeights.Views(model))
        {
            double mean = weight.mean().item<float>(), deviation = weight.std().item<float>();
            if (name.EndsWith(".bias", StringComparison.Ordinal)) Assert.True(weight.eq(0).all().item<bool>(), name);
            else if (name.Contains("ln_", StringComparison.Ordinal)) Assert.True(weight.eq(1).all().item<bool>(), name);
            else
            {
                double expected = name.EndsWith("c_proj.weight", StringComparison.Ordinal) ? 0.02 / Math.Sqrt(4) : 0.02;
                double error = expected / Math.Sqrt(weight.numel());
                Assert.True(Math.Abs(mean) < 5 * error, $"{name}: mean {mean}");
                Assert.True(Math.Abs(deviation - expected) < 5 * error, $"{name}: deviation {deviation}, expected {expected}");
            }
        }
    }

    [Fact]
    public void TheSameSeedGivesTheSameWeights()
    {
        using Gpt2Model first = New(Config), second = New(Config);
        second.Initialize(new RandomStream(8));
        Assert.Contains(first.parameters().Zip(second.parameters()), pair => !pair.First.eq(pair.Second).all().item<bool>());
        second.Initialize(new RandomStream(7));
        foreach ((Parameter left, Parameter right) in first.parameters().Zip(second.parameters())) Assert.True(left.eq(right).all().item<bool>());
    }

    [Fact]
    public void AReplicaHasTheSameShapeAndMode()
    {
        using Gpt2Model model = New(Config);
        foreach (bool mode in (bool[])[true, false])
        {
            model.train(mode);
            using BackboneModel replica = model.CreateLike();
            Assert.Equal(mode, replica.training);
            Assert.Equal(model.named_parameters().Select(entry => (entry.name, string.Join(',', entry.parameter.shape))), replica.named_parameters().Select(entry => (entry.name, string.Join(',', entry.parameter.shape))));
        }
    }

    [Fact]
    public void DropoutObeysItsStreamAndTheMode()
    {
        using Gpt2Model model = New(Config);
        model.train();
        Tensor first = Run(11), again = Run(11), other = Run(12);
        Assert.True(first.eq(again).all().item<bool>());
        Assert.False(first.eq(other).all().item<bool>());
        model.eval();
        Assert.True(Run(11).eq(Run(12)).all().item<bool>());

        Tensor Run(ulong seed)
        {
            ((IReplicable)model).Reseed(new RandomStream(seed));
            return model.Forward(Tokens(2, 6));
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void AllWaysOfAttentionAgree(bool inverse, bool upcast)
    {
        // Dropout of almost nothing takes the written-out way; the fused and the composed ways have to give the same.
        Gpt2Config config = Config with { EmbeddingDropout = 0, ResidualDropout = 0, AttentionDropout = 0, ScaleAttentionByInverseLayer = inverse, UpcastAttention = upcast };
        using Gpt2Model model = New(config), writtenOut = new(config with { AttentionDropout = 1e-12 });
        Copy(model, writtenOut);
        Tensor tokens = Tokens(2, 7), mask = ones([2, 7], dtype: ScalarType.Bool);
        Tensor expected = writtenOut.Forward(tokens);
        GoldenModel.AssertClose("no mask", expected, model.Forward(tokens), 2e-6);
        GoldenModel.AssertClose("mask", expected, model.Forward(tokens, mask), 2e-6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void ReadingPieceByPieceWithACacheGivesTheSame(int piece)
    {
        using Gpt2Model model = New(Config);
        model.eval();
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(3, 10);
        bool[] real = [.. Enumerable.Range(0, 30).Select(i => i % 10 >= i / 10)];   // 0, 1, 2 columns of padding on the left
        foreach (Tensor? mask in (Tensor?[])[null, tensor(real, [3, 10])])
        {
            Tensor whole = model.Forward(tokens, mask);
            using KvCache cache = model.CreateCache(3, 10);
            for (long start = 0; start < 10; start += piece)
            {
                long count = Math.Min(piece, 10 - start);
                Tensor part = model.Forward(tokens.narrow(1, start, count), mask?.narrow(1, 0, start + count), cache);
                GoldenModel.AssertClose($"from {start}", whole.narrow(1, start, count), part, 2e-6, mask?.narrow(1, start, count));
            }
            Assert.Equal(10, cache.Length);
        }
    }

    [Fact]
    public void ARowMeansTheSameAloneAndPaddedOnEitherSide()
    {
        using Gpt2Model model = New(Config);
        model.eval();
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(1, 5), filler = zeros([1, 3], dtype: ScalarType.Int64);
        Tensor real = ones([1, 5], dtype: ScalarType.Bool), padding = zeros([1, 3], dtype: ScalarType.Bool);
        Tensor alone = model.Forward(tokens);
        GoldenModel.AssertClose("left", alone, model.Forward(cat([filler, tokens], 1), cat([padding, real], 1)).narrow(1, 3, 5), 2e-6);
        GoldenModel.AssertClose("right", alone, model.Forward(cat([tokens, filler], 1), cat([real, padding], 1)).narrow(1, 0, 5), 2e-6);
        Assert.True(model.Forward(cat([filler, tokens], 1), cat([padding, real], 1)).isfinite().all().item<bool>());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    public void AStepInAScopeLeavesNoTensorBehind(double dropout)
    {
        using Gpt2Model model = New(Config with { AttentionDropout = dropout });
        model.train();
        Step();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Step();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Step()
        {
            using IDisposable scope = NewDisposeScope();
            model.Logits(model.Forward(Tokens(2, 6))).sum().backward();
            model.Forward(Tokens(2, 6), ones([2, 6], dtype: ScalarType.Bool));
            model.zero_grad();
        }
    }

    [Fact]
    public void MistakesAreNamedBeforeTheyReachNativeCode()
    {
        using Gpt2Model model = New(Config);
        Assert.Contains("[batch, sequence] of Int64", Message(() => model.Forward(zeros(2, 3))), StringComparison.Ordinal);
        Assert.Contains("[batch, sequence] of Int64", Message(() => model.Forward(zeros([3], dtype: ScalarType.Int64))), StringComparison.Ordinal);
        Assert.Contains("knows 12 positions; received 13", Message(() => model.Forward(Tokens(1, 13))), StringComparison.Ordinal);
        Assert.Contains("mask must be [2, 3] of Bool", Message(() => model.Forward(Tokens(2, 3), ones([2, 4], dtype: ScalarType.Bool))), StringComparison.Ordinal);
        Assert.Contains("input width 16 received a tensor [2, 3]", Message(() => new Linear(16, 4).forward(zeros(2, 3))), StringComparison.Ordinal);
        using KvCache cache = model.CreateCache(2, 4);
        Assert.Contains("cache has 2 rows; received 1", Message(() => model.Forward(Tokens(1, 2), cache: cache)), StringComparison.Ordinal);
        Assert.Contains("holds 4 positions; 0 are taken and 5 more do not fit", Assert.Throws<InvalidOperationException>(() => model.Forward(Tokens(2, 5), cache: cache)).Message, StringComparison.Ordinal);

        static string Message(Func<object> action) => Assert.Throws<ArgumentException>(action).Message;
    }

    [Fact]
    public void WeightsOfHalfThePrecisionGiveNearlyTheSame()
    {
        using Gpt2Model model = New(Config), half = new(Config, dtype: ScalarType.BFloat16);
        Copy(model, half);
        model.eval();
        half.eval();
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(2, 7), mask = tensor([.. Enumerable.Range(0, 14).Select(i => i != 0)], [2, 7]);
        foreach (Tensor? padding in (Tensor?[])[null, mask])
        {
            using KvCache cache = half.CreateCache(2, 7);
            Tensor logits = half.Logits(half.Forward(tokens, padding, cache));
            Assert.Equal(ScalarType.BFloat16, logits.dtype);
            GoldenModel.AssertClose("logits", model.Logits(model.Forward(tokens, padding)), logits.to(ScalarType.Float32), 0.02, padding);
        }
    }

    [Fact]
    public void DefaultsAreThoseOfThePublishedModel()
    {
        Gpt2Config config = new();
        Assert.Equal((50257, 1024, 768, 12, 12, (int?)null, "gelu_new"), (config.VocabularySize, config.MaximumLength, config.Width, config.Layers, config.Heads, config.InnerWidth, config.Activation));
        Assert.Equal((0.1, 0.1, 0.1, 0.1, 1e-5, 0.02), (config.EmbeddingDropout, config.AttentionDropout, config.ResidualDropout, config.ClassifierDropout, config.NormEpsilon, config.InitializerRange));
        Assert.Equal((true, false, false, true, true), (config.ScaleAttention, config.ScaleAttentionByInverseLayer, config.UpcastAttention, config.TieEmbeddings, config.HasBias));
        Assert.Equal((null, null, 0, 0, null), (config.BeginOfText, config.Padding, config.EndOfText.Count, config.Labels.Count, config.Pooling));
    }

    private static Gpt2Model New(Gpt2Config config)
    {
        Gpt2Model model = new(config);
        model.Initialize(new RandomStream(7));
        return model;
    }

    private static void Copy(Gpt2Model from, Gpt2Model to)
    {
        using IDisposable withoutGradients = no_grad();
        foreach ((Parameter source, Parameter target) in from.parameters().Zip(to.parameters())) target.copy_(source);
    }

    private static Tensor Tokens(int rows, int length) =>
        tensor(Enumerable.Range(0, rows * length).Select(i => ((i * 7L) + 3) % 29).ToArray(), [rows, length]);
}
