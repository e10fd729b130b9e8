using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gemma;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Models.NeoX;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>What every family that reads from left to right promises, whatever its mathematics.</summary>
public sealed class DecoderFamilyTests
{
    private static readonly LlamaConfig Llama = new() { VocabularySize = 29, TrainedLength = 12, Width = 16, InnerWidth = 20, Layers = 3, Heads = 4, KeyValueHeads = 2, TieEmbeddings = true };

    private static readonly GemmaConfig Gemma3 = new()
    {
        Kind = GemmaKind.Gemma3, VocabularySize = 29, TrainedLength = 12, Width = 16, InnerWidth = 20, Layers = 3, Heads = 4, KeyValueHeads = 2, HeadSize = 6, QueryScalar = 5,
        Window = 3, WindowLayers = [true, false, true], Rotary = new() { Theta = 1000 }, LocalRotary = new() { Theta = 10 },
    };

    private static readonly SortedDictionary<string, ModelConfig> Configs = new(StringComparer.Ordinal)
    {
        ["gpt2"] = new Gpt2Config { VocabularySize = 29, MaximumLength = 12, Width = 16, Layers = 3, Heads = 4, EmbeddingDropout = 0, ResidualDropout = 0, AttentionDropout = 0 },
        ["llama"] = Llama,
        ["llama, biases, heads of another size"] = Llama with { AttentionBias = true, FeedForwardBias = true, HeadSize = 6, TieEmbeddings = false },
        ["mistral"] = Llama with { Kind = LlamaKind.Mistral, Window = 4 },
        ["qwen2"] = Llama with { Kind = LlamaKind.Qwen2, Window = 3, WindowLayers = [false, true, true] },
        ["qwen3"] = Llama with { Kind = LlamaKind.Qwen3 },
        ["smollm3"] = Llama with { Kind = LlamaKind.SmolLm3, RotaryLayers = [true, false, true] },
        ["phi3"] = Llama with { Kind = LlamaKind.Phi3, Rotary = new() { Fraction = 0.5 }, TieEmbeddings = false },
        ["olmo2"] = Llama with { Kind = LlamaKind.Olmo2 },
        ["gemma"] = new GemmaConfig { VocabularySize = 29, TrainedLength = 12, Width = 16, InnerWidth = 20, Layers = 3, Heads = 4, KeyValueHeads = 1, HeadSize = 6 },
        ["gemma2"] = Gemma3 with { Kind = GemmaKind.Gemma2, AttentionSoftcap = 2, LogitSoftcap = 3, Rotary = new(), LocalRotary = null },
        ["gemma3"] = Gemma3,
        ["neox"] = new NeoXConfig { VocabularySize = 29, TrainedLength = 12, Width = 16, InnerWidth = 20, Layers = 3, Heads = 2 },
        ["neox, one after the other"] = new NeoXConfig { VocabularySize = 29, TrainedLength = 12, Width = 16, InnerWidth = 20, Layers = 3, Heads = 2, IsParallel = false, TieEmbeddings = true },
    };

    public DecoderFamilyTests() => NativeRuntime.Initialize();

    public static TheoryData<string> Families => [.. Configs.Keys];

    public static TheoryData<string> DroppingFamilies => new("llama", "phi3", "gemma2", "neox");

    [Theory]
    [InlineData("llama", "transformer.")]
    [InlineData("qwen2", "transformer.")]
    [InlineData("qwen3", "transformer.")]
    [InlineData("smollm3", "transformer.")]
    [InlineData("mistral", "model.")]
    public void FindersOfAnswersCallTheirBackboneAsTheReferenceDoes(string family, string prefix)
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            using QuestionAnsweringModel model = EncoderChecks.Drawn(new QuestionAnsweringModel(New(family)));
            HuggingFaceFolder.Save(folder, model);
            string weights = Path.Combine(folder, "model.safetensors");
            Dictionary<string, Tensor> tensors = new(SafeTensors.Read(weights), StringComparer.Ordinal);
            Assert.All(tensors.Keys.Where(name => !name.StartsWith("qa_outputs.", StringComparison.Ordinal)), name => Assert.StartsWith(prefix, name, StringComparison.Ordinal));
            AssertReturns();
            // Either is read.
            SafeTensors.Write(weights, tensors.ToDictionary(entry => entry.Key.Replace("transformer.", "model.", StringComparison.Ordinal), entry => entry.Value));
            AssertReturns();

            void AssertReturns()
            {
                using QuestionAnsweringModel read = HuggingFaceFolder.LoadQuestionAnswering(folder);
                using IDisposable withoutGradients = no_grad();
                GoldenModel.AssertClose(family, model.Forward(Tokens(2, 8)).Start, read.Forward(Tokens(2, 8)).Start, 0);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void ReadingPieceByPieceWithACacheGivesTheSame(string family)
    {
        using DecoderModel model = New(family);
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(3, 10);
        bool[] real = [.. Enumerable.Range(0, 30).Select(i => i % 10 >= i / 10)];   // 0, 1, 2 columns of padding on the left
        foreach (int piece in (int[])[1, 3])
        {
            foreach (Tensor? mask in (Tensor?[])[null, tensor(real, [3, 10])])
            {
                Tensor whole = model.Forward(tokens, mask);
                using DecoderCache cache = model.CreateCache(3, 10);
                for (long start = 0; start < 10; start += piece)
                {
                    long count = Math.Min(piece, 10 - start);
                    Tensor part = model.Forward(tokens.narrow(1, start, count), mask?.narrow(1, 0, start + count), cache);
                    GoldenModel.AssertClose($"pieces of {piece}, from {start}", whole.narrow(1, start, count), part, 1e-5, mask?.narrow(1, start, count));
                }
                Assert.Equal(10, cache.Length);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void ARowMeansTheSameAloneAndPaddedOnEitherSide(string family)
    {
        using DecoderModel model = New(family);
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(1, 6), filler = zeros([1, 3], dtype: ScalarType.Int64);
        Tensor real = ones([1, 6], dtype: ScalarType.Bool), padding = zeros([1, 3], dtype: ScalarType.Bool);
        Tensor alone = model.Forward(tokens);
        Tensor left = model.Forward(cat([filler, tokens], 1), cat([padding, real], 1));
        Assert.True(left.isfinite().all().item<bool>());
        GoldenModel.AssertClose("left", alone, left.narrow(1, 3, 6), 1e-5);
        GoldenModel.AssertClose("right", alone, model.Forward(cat([tokens, filler], 1), cat([real, padding], 1)).narrow(1, 0, 6), 1e-5);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void PackedDocumentsReadAsIfAlone(string family)
    {
        using DecoderModel model = New(family);
        Tensor tokens = Tokens(2, 12), documents = tensor(new long[] { 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, -1, -1, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2 }, [2, 12]);
        Tensor packed = model.Forward(tokens, documents: documents);
        foreach ((int row, int start, int length) in ((int, int, int)[])[(0, 0, 5), (0, 5, 1), (0, 6, 4), (1, 0, 2), (1, 2, 6), (1, 8, 4)])
            GoldenModel.AssertClose($"document of {length}", model.Forward(tokens.narrow(0, row, 1).narrow(1, start, length)), packed.narrow(0, row, 1).narrow(1, start, length), 1e-5);
        Assert.Contains("neither a cache nor a mask", Assert.Throws<ArgumentException>(() => model.Forward(tokens, ones([2, 12], dtype: ScalarType.Bool), documents: documents)).Message, StringComparison.Ordinal);
        Assert.Contains("documents must be [2, 12]", Assert.Throws<ArgumentException>(() => model.Forward(tokens, documents: documents.narrow(1, 0, 3))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void NothingLooksToTheRight(string family)
    {
        using DecoderModel model = New(family);
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(1, 8), changed = tokens.clone();
        changed.narrow(1, 7, 1).fill_(1);
        Tensor before = model.Forward(tokens), after = model.Forward(changed);
        GoldenModel.AssertClose("earlier", before.narrow(1, 0, 7), after.narrow(1, 0, 7), 1e-6);
        Assert.False(before.select(1, 7).allclose(after.select(1, 7)));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void SavedAndLoadedItIsTheSameToTheBit(string family)
    {
        using DecoderModel model = New(family);
        string folder = Directory.CreateTempSubdirectory("family").FullName;
        try
        {
            HuggingFaceFolder.Save(folder, model);
            using DecoderModel loaded = HuggingFaceFolder.LoadDecoder(folder);
            Assert.Equal(model.Config.ToJson(ModelHead.NextToken).ToJsonString(), loaded.Config.ToJson(ModelHead.NextToken).ToJsonString());
            Dictionary<string, Tensor> written = ModelWeights.Views(model), read = ModelWeights.Views(loaded);
            Assert.Equal(written.Keys, read.Keys);
            foreach ((string name, Tensor weight) in written) Assert.True(weight.eq(read[name]).all().item<bool>(), name);
            Assert.Empty(loaded.Config.UnknownKeys);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void ATasksHeadTakesThePlaceOfTheModelsOwn(string family)
    {
        using SequenceClassifier classifier = new(New(family), ["a", "b", "c"]);
        Assert.DoesNotContain(classifier.WeightNames, weight => weight.File is "lm_head.weight" or "embed_out.weight");
        Assert.Equal(classifier.WeightNames.Count, classifier.parameters().Count());
        classifier.InitializeHead(new RandomStream(5));
        string folder = Directory.CreateTempSubdirectory("family").FullName;
        try
        {
            HuggingFaceFolder.Save(folder, classifier);
            using SequenceClassifier loaded = HuggingFaceFolder.LoadClassifier(folder);
            classifier.eval();
            Assert.True(classifier.Forward(Tokens(2, 5)).eq(loaded.Forward(Tokens(2, 5))).all().item<bool>());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void NamesAndNumbersBelongToTheParameters(string family)
    {
        ModelConfig config = Configs[family];
        using DecoderModel model = New(family);
        Assert.Equal(model.named_parameters().Select(entry => entry.name).Order(StringComparer.Ordinal), model.WeightNames.Select(weight => weight.Parameter).Order(StringComparer.Ordinal));
        foreach (WeightName weight in model.WeightNames) Assert.Equal(weight.File, model.CanonicalName(weight.File));
        Assert.Equal(model.ParameterCount, config.CountParameters());
        double matrices = model.parameters().Where(parameter => parameter.dim() == 2).Sum(parameter => (double)parameter.numel());
        Assert.Equal(matrices, config.MatrixNumbers);
        using BackboneModel replica = model.CreateLike();
        Assert.Equal(model.named_parameters().Select(entry => (entry.name, string.Join(',', entry.parameter.shape))), replica.named_parameters().Select(entry => (entry.name, string.Join(',', entry.parameter.shape))));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void AStepInAScopeLeavesNoTensorBehind(string family)
    {
        using DecoderModel model = New(family);
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

    [Theory]
    [MemberData(nameof(DroppingFamilies))]
    public void DropoutObeysItsStreamAndTheMode(string family)
    {
        ModelConfig config = Configs[family] switch
        {
            LlamaConfig { Kind: LlamaKind.Phi3 } phi => phi with { ResidualDropout = 0.3 },
            LlamaConfig llama => llama with { AttentionDropout = 0.3 },
            GemmaConfig gemma => gemma with { AttentionDropout = 0.3 },
            NeoXConfig neoX => neoX with { HiddenDropout = 0.3 },
            ModelConfig rest => rest,
        };
        using DecoderModel model = config.CreateDecoder();
        model.Initialize(new RandomStream(7));
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
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("gemma3")]
    public void BothWaysOfAttentionAgree(string family)
    {
        // Dropout of almost nothing takes the written-out way. Heads of 8 numbers are what the fused kernel works on.
        (ModelConfig fused, ModelConfig writtenOut) = Configs[family] switch
        {
            LlamaConfig llama => (llama with { HeadSize = 8 }, (ModelConfig)(llama with { HeadSize = 8, AttentionDropout = 1e-12 })),
            GemmaConfig gemma => (gemma with { HeadSize = 8, QueryScalar = null }, gemma with { HeadSize = 8, QueryScalar = null, AttentionDropout = 1e-12 }),
            ModelConfig rest => (rest, rest),
        };
        using DecoderModel model = fused.CreateDecoder(), slow = writtenOut.CreateDecoder();
        model.Initialize(new RandomStream(7));
        slow.Initialize(new RandomStream(7));
        model.train();
        slow.train();
        foreach (int length in (int[])[3, 9])
        {
            model.Logits(model.Forward(Tokens(2, length))).square().sum().backward();
            slow.Logits(slow.Forward(Tokens(2, length))).square().sum().backward();
        }
        foreach ((Parameter left, Parameter right) in model.parameters().Zip(slow.parameters()))
            GoldenModel.AssertClose("gradient", left.grad!, right.grad!, 1e-5 + (1e-4 * left.grad!.abs().max().item<float>()));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void WeightsOfHalfThePrecisionGiveNearlyTheSame(string family)
    {
        using DecoderModel model = New(family), half = Configs[family].CreateDecoder(dtype: ScalarType.BFloat16);
        using IDisposable withoutGradients = no_grad();
        foreach ((Parameter source, Parameter target) in model.parameters().Zip(half.parameters())) target.copy_(source);
        half.eval();
        Tensor tokens = Tokens(2, 7), mask = tensor([.. Enumerable.Range(0, 14).Select(i => i != 0)], [2, 7]);
        foreach (Tensor? padding in (Tensor?[])[null, mask])
        {
            using DecoderCache cache = half.CreateCache(2, 7);
            Tensor logits = half.Logits(half.Forward(tokens, padding, cache));
            Assert.Equal(ScalarType.BFloat16, logits.dtype);
            GoldenModel.AssertClose("logits", model.Logits(model.Forward(tokens, padding)), logits.to(ScalarType.Float32), 0.05, padding);
        }
    }

    [Fact]
    public void APaddingIdOutsideOfTheTableHasNoRow()
    {
        using DecoderModel model = (Llama with { Padding = 100 }).CreateDecoder();
        model.Initialize(new RandomStream(7));
        Assert.True(model.Forward(Tokens(1, 3)).isfinite().all().item<bool>());
    }

    [Fact]
    public void TheRowOfPaddingGetsItsGradientFromTheHeadAlone()
    {
        using DecoderModel tied = (Llama with { Padding = 3 }).CreateDecoder(), untied = (Llama with { Padding = 3, TieEmbeddings = false }).CreateDecoder();
        foreach (DecoderModel model in (DecoderModel[])[tied, untied])
        {
            model.Initialize(new RandomStream(7));
            model.Logits(model.Forward(Tokens(1, 3))).sum().backward();   // the first token is 3
            Tensor gradient = ModelWeights.Gradients(model)["model.embed_tokens.weight"][3];
            Assert.Equal(ReferenceEquals(model, untied), gradient.eq(0).all().item<bool>());
        }
    }

    private static DecoderModel New(string family)
    {
        DecoderModel model = Configs[family].CreateDecoder();
        model.Initialize(new RandomStream(7));
        model.eval();
        return model;
    }

    private static Tensor Tokens(int rows, int length) =>
        tensor(Enumerable.Range(0, rows * length).Select(i => ((i * 7L) + 3) % 29).ToArray(), [rows, length]);
}
