using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.Gemma;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Batches;
using Parameter = TorchSharp.Modules.Parameter;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

/// <summary>Scored a chunk at a time, a vocabulary gives the same loss and the same gradients.</summary>
public sealed class ChunkedCrossEntropyTests
{
    private const int Rows = 4, Length = 50, Vocabulary = 61;

    public ChunkedCrossEntropyTests() => NativeRuntime.Initialize();

    public static TheoryData<string> Heads => new("tied", "own head", "soft cap", "scaled", "transform and bias", "frozen", "frozen body", "smoothed", "few targets", "multiplied");

    [Theory]
    [MemberData(nameof(Heads))]
    public void Loss_and_gradients_are_those_of_all_scores_at_once(string kind)
    {
        (nn.Module model, Func<Tensor> read, Func<Tensor, Tensor> head) = Model(kind);
        if (kind == "frozen") foreach ((string name, Parameter parameter) in model.named_parameters()) parameter.requires_grad_(!name.StartsWith("head", StringComparison.Ordinal) && !name.StartsWith("tokenEmbedding", StringComparison.Ordinal));
        if (kind == "frozen body") foreach ((string name, Parameter parameter) in model.named_parameters()) parameter.requires_grad_(name.StartsWith("head", StringComparison.Ordinal));
        using (model)
        {
            Tensor targets = Targets(kind == "few targets" ? 7 : 1);
            Func<Tensor, Tensor, Tensor>? loss = kind == "smoothed" ? (logits, wanted) => SoftmaxCrossEntropy.Sum(logits, wanted) + logits.logsumexp(1).square().sum().mul(1e-3) : null;
            (double Loss, Dictionary<string, float[]> Gradients) Step(long budget)
            {
                using IDisposable scope = NewDisposeScope();
                model.zero_grad();
                Tensor hidden = read();
                Tensor sum = ChunkedCrossEntropy.Sum(hidden.flatten(0, 1), targets, Vocabulary, head, model, loss, budget);
                (kind == "multiplied" ? sum * 3 : sum).backward();
                return (sum.item<float>(), model.named_parameters().Where(named => named.parameter.grad is not null).ToDictionary(named => named.name, named => named.parameter.grad!.contiguous().data<float>().ToArray()));
            }
            (double whole, Dictionary<string, float[]> expected) = Step(long.MaxValue);
            (double chunked, Dictionary<string, float[]> found) = Step(1);
            Assert.Equal(whole, chunked, 1e-6 * whole);
            Assert.Equal(expected.Keys.Order(), found.Keys.Order());
            foreach ((string name, float[] gradient) in expected)
            {
                float largest = gradient.Max(Math.Abs);
                for (int i = 0; i < gradient.Length; i++) Assert.True(Math.Abs(gradient[i] - found[name][i]) <= 2e-6 * Math.Max(1, largest), $"{name}[{i}]: {gradient[i]} and {found[name][i]}");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_gradient_of_a_large_matrix_is_summed_on_the_way(bool hasBias)
    {
        using Microsoft.ML.LlmFineTune.Layers.Linear head = new(70, 16_000, hasBias);
        head.Initialize(new RandomStream(2), 0.1);
        (float[] Hidden, float[] Weight, float[]? Bias) Gradients(long budget)
        {
            using IDisposable scope = NewDisposeScope();
            head.zero_grad();
            Tensor hidden = arange(200 * 70, dtype: ScalarType.Float32).view(200, 70).sin().requires_grad_(true);
            ChunkedCrossEntropy.Sum(hidden, arange(200, dtype: ScalarType.Int64), 16_000, head.forward, head, budget: budget).backward();
            return (Values(hidden.grad!), Values(head.Weight.grad!), head.Bias is null ? null : Values(head.Bias.grad!));
        }
        (float[] hidden, float[] weight, float[]? bias) = Gradients(long.MaxValue);
        (float[] byChunks, float[] summed, float[]? biasByChunks) = Gradients(1);
        Assert.True(hidden.Zip(byChunks).All(pair => Math.Abs(pair.First - pair.Second) < 1e-6f));
        Assert.True(weight.Zip(summed).All(pair => Math.Abs(pair.First - pair.Second) < 1e-5f));
        if (hasBias) Assert.True(bias!.Zip(biasByChunks!).All(pair => Math.Abs(pair.First - pair.Second) < 1e-5f));

        static float[] Values(Tensor tensor) => tensor.contiguous().data<float>().ToArray();
    }

    [Fact]
    public void Without_gradients_it_is_the_same_loss_and_every_row_with_a_target_is_seen_once()
    {
        (nn.Module model, Func<Tensor> read, Func<Tensor, Tensor> head) = Model("tied");
        using (model)
        using (no_grad())
        {
            long seen = 0;
            Tensor hidden = read().flatten(0, 1), targets = Targets(3);
            double whole = SoftmaxCrossEntropy.Sum(head(hidden), targets).item<float>();
            Assert.Equal(whole, ChunkedCrossEntropy.Sum(hidden, targets, Vocabulary, head, model, budget: 1, observe: (logits, wanted) => seen += logits.size(0)).item<float>(), 1e-6 * whole);
            Assert.Equal(targets.ne(SoftmaxCrossEntropy.Ignored).sum().item<long>(), seen);
        }
    }

    [Fact]
    public void It_can_be_differentiated_again()
    {
        using Microsoft.ML.LlmFineTune.Layers.Linear head = new(3, 5);
        head.Initialize(new RandomStream(2), 0.5);
        Tensor Second(long budget)
        {
            Tensor hidden = arange(600, dtype: ScalarType.Float32).view(200, 3).div(100).sin().requires_grad_(true);
            Tensor loss = ChunkedCrossEntropy.Sum(hidden, arange(200, dtype: ScalarType.Int64).remainder(5), 5, head.forward, head, budget: budget);
            Tensor first = autograd.grad([loss], [hidden], create_graph: true, retain_graph: true)[0];
            return autograd.grad([first.square().sum()], [hidden])[0];
        }
        Assert.True(Second(long.MaxValue).allclose(Second(1), 1e-4, 1e-6));
    }

    [Fact]
    public void The_objective_scores_by_its_budget()
    {
        (nn.Module model, _, _) = Model("tied");
        using (model)
        {
            long[] tokens = [.. Enumerable.Range(0, Rows * Length).Select(i => (long)(i * i % Vocabulary))];
            TokenBatch batch = new(Rows, Length, tokens, tokens);
            MetricSums whole = new(), chunked = new();
            double loss = new NextTokenObjective().SummedLoss(model, batch, whole).item<float>();
            Assert.Equal(loss, new NextTokenObjective(new TokenLossOptions { ScoreBudget = 1 }).SummedLoss(model, batch, chunked).item<float>(), 1e-6 * loss);
            Assert.Equal(whole.Means(), chunked.Means());
            Assert.Throws<ArgumentOutOfRangeException>(() => new NextTokenObjective(new TokenLossOptions { ScoreBudget = 0 }));
        }
    }

    private static (nn.Module Model, Func<Tensor> Read, Func<Tensor, Tensor> Head) Model(string kind)
    {
        Tensor tokens = tensor([.. Enumerable.Range(0, Rows * Length).Select(i => (long)(i * i % Vocabulary))], [(long)Rows, Length]);
        BackboneModel model = kind switch
        {
            "soft cap" => New(new GemmaConfig { Kind = GemmaKind.Gemma2, VocabularySize = Vocabulary, TrainedLength = Length, Width = 16, InnerWidth = 20, Layers = 1, Heads = 2, KeyValueHeads = 1, HeadSize = 8, LogitSoftcap = 2 }),
            "scaled" => New(new T5Config { VocabularySize = Vocabulary, Width = 16, HeadSize = 8, Heads = 2, InnerWidth = 20, EncoderLayers = 1, DecoderLayers = 1, TieEmbeddings = true, ScaleDecoderOutputs = true, Dropout = 0 }),
            "transform and bias" => New(new BertConfig { VocabularySize = Vocabulary, MaximumLength = Length, Width = 16, Layers = 1, Heads = 2, InnerWidth = 20, HiddenDropout = 0, AttentionDropout = 0 }),
            _ => New(new Gpt2Config { VocabularySize = Vocabulary, MaximumLength = Length, Width = 16, Layers = 1, Heads = 2, EmbeddingDropout = 0, ResidualDropout = 0, AttentionDropout = 0, TieEmbeddings = kind is not ("own head" or "frozen body") }),
        };
        if (model is BertModel bert)
        {
            MaskedLanguageModel masked = new(bert);
            masked.InitializeHead(new RandomStream(8));
            return (masked, () => bert.ReadTexts(tokens), masked.HeadModule.Forward);
        }
        return model is DecoderModel decoder ? (model, () => decoder.Forward(tokens), decoder.Logits) : (model, () => model.ReadTexts(tokens), ((EncoderDecoderModel)model).Logits);
    }

    private static BackboneModel New(ModelConfig config)
    {
        BackboneModel model = config.CreateBackbone();
        model.Initialize(new RandomStream(3));
        return model;
    }

    /// <summary>Every so many rows has a target.</summary>
    private static Tensor Targets(int every) => tensor([.. Enumerable.Range(0, Rows * Length).Select(i => i % every == 0 ? i * 5L % Vocabulary : SoftmaxCrossEntropy.Ignored)]);
}
