using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bart;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.DebertaV2;
using Microsoft.ML.LlmFineTune.Models.Gemma;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Models.ModernBert;
using Microsoft.ML.LlmFineTune.Models.NeoX;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Models.Bert;
using Microsoft.ML.LlmFineTune.Training;
using Parameter = TorchSharp.Modules.Parameter;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>Every family gives the same loss and the same gradients whether activations are kept or computed again.</summary>
public sealed class ActivationCheckpointTests
{
    private static readonly LlamaConfig Llama = new() { VocabularySize = 29, TrainedLength = 12, Width = 16, InnerWidth = 20, Layers = 3, Heads = 4, KeyValueHeads = 2, TieEmbeddings = true, AttentionDropout = 0.2 };

    private static readonly GemmaConfig Gemma3 = new()
    {
        Kind = GemmaKind.Gemma3, VocabularySize = 29, TrainedLength = 12, Width = 16, InnerWidth = 20, Layers = 3, Heads = 4, KeyValueHeads = 2, HeadSize = 6, QueryScalar = 5,
        Window = 3, WindowLayers = [true, false, true], Rotary = new() { Theta = 1000 }, LocalRotary = new() { Theta = 10 }, AttentionDropout = 0.2,
    };

    private static readonly DebertaV2Config DebertaV2 = new()
    {
        VocabularySize = 29, MaximumLength = 16, Width = 12, Layers = 3, Heads = 3, InnerWidth = 10, AddsPositions = false, HasRelativeAttention = true, PositionScores = [PositionScore.PositionToContent, PositionScore.ContentToPosition],
        SharesProjections = true, DistanceBuckets = 6, NormalizesPositions = true, HiddenDropout = 0.2, AttentionDropout = 0.1, Padding = 0,
    };

    private static readonly BartConfig Bart = new()
    {
        VocabularySize = 29, MaximumLength = 14, Width = 16, EncoderLayers = 2, EncoderHeads = 2, EncoderInnerWidth = 20, DecoderLayers = 3, DecoderHeads = 4, DecoderInnerWidth = 24, AttentionDropout = 0.1, ActivationDropout = 0.1,
    };

    private static readonly T5Config T5 = new()
    {
        VocabularySize = 29, Width = 16, HeadSize = 6, Heads = 4, InnerWidth = 20, EncoderLayers = 3, DecoderLayers = 2, PositionBuckets = 8, MaximumDistance = 12, Activation = "silu", IsGated = true, TieEmbeddings = false, ScaleDecoderOutputs = false,
    };

    private static readonly SortedDictionary<string, ModelConfig> Configs = new(StringComparer.Ordinal)
    {
        ["gpt2"] = new Gpt2Config { VocabularySize = 29, MaximumLength = 12, Width = 16, Layers = 3, Heads = 4 },
        ["gpt2, fused attention"] = new Gpt2Config { VocabularySize = 29, MaximumLength = 12, Width = 16, Layers = 3, Heads = 4, AttentionDropout = 0 },
        ["llama"] = Llama,
        ["llama, no dropout"] = Llama with { AttentionDropout = 0 },
        ["mistral"] = Llama with { Kind = LlamaKind.Mistral, Window = 4 },
        ["qwen3"] = Llama with { Kind = LlamaKind.Qwen3 },
        ["smollm3"] = Llama with { Kind = LlamaKind.SmolLm3, RotaryLayers = [true, false, true] },
        ["phi3"] = Llama with { Kind = LlamaKind.Phi3, Rotary = new() { Fraction = 0.5 }, TieEmbeddings = false, ResidualDropout = 0.1 },
        ["olmo2"] = Llama with { Kind = LlamaKind.Olmo2 },
        ["gemma2"] = Gemma3 with { Kind = GemmaKind.Gemma2, AttentionSoftcap = 2, LogitSoftcap = 3, Rotary = new(), LocalRotary = null },
        ["gemma3"] = Gemma3,
        ["neox"] = new NeoXConfig { VocabularySize = 29, TrainedLength = 12, Width = 16, InnerWidth = 20, Layers = 3, Heads = 2, AttentionDropout = 0.1, HiddenDropout = 0.1 },
        ["bert"] = BertModelTests.Config("bert") with { HiddenDropout = 0.1, AttentionDropout = 0.2 },
        ["bert, no dropout"] = BertModelTests.Config("bert") with { HiddenDropout = 0, AttentionDropout = 0 },
        ["roberta"] = BertModelTests.Config("roberta") with { HiddenDropout = 0.1, AttentionDropout = 0.2 },
        ["distilbert"] = BertModelTests.Config("distilbert") with { HiddenDropout = 0.1, AttentionDropout = 0.2 },
        ["albert, layers that share weights"] = BertModelTests.Config("albert") with { HiddenDropout = 0.1, AttentionDropout = 0.2, Layers = 4 },
        ["electra"] = BertModelTests.Config("electra") with { HiddenDropout = 0.1, AttentionDropout = 0.2 },
        ["mpnet, positions of all layers"] = BertModelTests.Config("mpnet") with { HiddenDropout = 0.1, AttentionDropout = 0.2 },
        ["modernbert"] = new ModernBertConfig { VocabularySize = 29, MaximumLength = 16, Width = 12, Layers = 4, Heads = 3, InnerWidth = 10, LocalWindow = 4, GlobalTheta = 160, LocalTheta = 10, Padding = 0, AttentionDropout = 0.1, FeedForwardDropout = 0.1 },
        ["deberta, positions of all layers"] = DebertaV2,
        ["deberta, convolution, exact distances"] = DebertaV2 with { ConvolutionSize = 3, DistanceBuckets = -1, SharesProjections = false },
        ["t5"] = T5,
        ["t5, tied"] = T5 with { TieEmbeddings = true, ScaleDecoderOutputs = true, IsGated = false, Activation = "relu" },
        ["t5, encoder"] = T5 with { HasDecoder = false },
        ["bart"] = Bart,
        ["bart, layers left out"] = Bart with { EncoderLayerDrop = 0.4, DecoderLayerDrop = 0.4 },
        ["marian"] = new MarianConfig
        {
            VocabularySize = 29, Padding = 28, DecoderStart = 28, MaximumLength = 14, Width = 18, EncoderLayers = 2, EncoderHeads = 3, EncoderInnerWidth = 20, DecoderLayers = 2, DecoderHeads = 2, DecoderInnerWidth = 24,
            Activation = "swish", ScaleEmbedding = true, AttentionDropout = 0.1,
        },
    };

    public ActivationCheckpointTests() => NativeRuntime.Initialize();

    public static TheoryData<string> Families => [.. Configs.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public void Loss_and_gradients_are_those_of_kept_activations(string family)
    {
        using BackboneModel model = New(Configs[family]);
        foreach (bool padded in (bool[])[false, true])
        {
            (double loss, Dictionary<string, float[]> gradients, ulong position) = Step(model, recompute: false, padded);
            (double again, Dictionary<string, float[]> computedAgain, ulong positionAgain) = Step(model, recompute: true, padded);
            Assert.Equal(loss, again, 1e-6 * Math.Abs(loss));
            // As many draws, in the same order: what comes after the layers draws the same, too.
            Assert.Equal(position, positionAgain);
            Assert.Equal(gradients.Keys, computedAgain.Keys);
            Assert.NotEmpty(gradients);
            foreach ((string name, float[] expected) in gradients)
            {
                float largest = expected.Max(Math.Abs);
                for (int i = 0; i < expected.Length; i++) Assert.True(Math.Abs(expected[i] - computedAgain[name][i]) <= 1e-6 + (2e-6 * largest), $"{name}[{i}]: {expected[i]} and {computedAgain[name][i]}");
            }
        }
    }

    [Fact]
    public void Only_what_moves_gets_a_gradient_even_where_no_input_has_one()
    {
        using BackboneModel model = New(Configs["llama"]);
        // As with adapters: nothing below the layers moves, and in them a part.
        foreach ((string name, Parameter parameter) in model.named_parameters()) parameter.requires_grad_(name.Contains("attention.", StringComparison.Ordinal));
        (double loss, Dictionary<string, float[]> gradients, _) = Step(model, recompute: false, padded: false);
        (double again, Dictionary<string, float[]> computedAgain, _) = Step(model, recompute: true, padded: false);
        Assert.Equal(loss, again, 1e-6 * Math.Abs(loss));
        Assert.Equal(gradients.Keys, computedAgain.Keys);
        Assert.All(gradients, entry => Assert.Equal(entry.Value, computedAgain[entry.Key]));
        Assert.Contains(gradients, entry => entry.Key.StartsWith("block0.", StringComparison.Ordinal) && entry.Value.Any(value => value != 0));
    }

    [Fact]
    public void Frozen_layers_are_not_computed_again()
    {
        using BackboneModel model = New(Configs["gpt2"]);
        foreach (Parameter parameter in model.parameters()) parameter.requires_grad_(false);
        model.RecomputesActivations = true;
        Assert.False(model.ReadTexts(Tokens(29)).requires_grad);
    }

    [Fact]
    public void Brain_floats_are_computed_again_alike()
    {
        using BackboneModel model = Configs["llama"].CreateBackbone(dtype: ScalarType.BFloat16);
        model.Initialize(new RandomStream(3));
        (double loss, Dictionary<string, float[]> gradients, _) = Step(model, recompute: false, padded: true);
        (double again, Dictionary<string, float[]> computedAgain, _) = Step(model, recompute: true, padded: true);
        Assert.Equal(loss, again, 1e-2 * Math.Abs(loss));
        foreach ((string name, float[] expected) in gradients)
        {
            float largest = expected.Max(Math.Abs);
            for (int i = 0; i < expected.Length; i++) Assert.True(Math.Abs(expected[i] - computedAgain[name][i]) <= 0.05 * largest, $"{name}[{i}]: {expected[i]} and {computedAgain[name][i]}");
        }
    }

    [Fact]
    public void Evaluation_and_forward_passes_without_gradients_are_as_they_were()
    {
        using BackboneModel model = New(Configs["gpt2"]);
        model.eval();
        using Tensor tokens = Tokens(29);
        float[] kept = model.ReadTexts(tokens).data<float>().ToArray();
        model.RecomputesActivations = true;
        Assert.Equal(kept, model.ReadTexts(tokens).data<float>().ToArray());
        Gpt2Model decoder = (Gpt2Model)model;
        model.train();
        using IDisposable withoutGradients = no_grad();
        using DecoderCache cache = decoder.CreateCache(2, 10);
        Assert.False(decoder.Forward(tokens, cache: cache).requires_grad);
    }

    [Fact]
    public void A_model_that_is_like_another_does_as_that_one()
    {
        using BackboneModel model = New(Configs["bert"]);
        model.RecomputesActivations = true;
        using BackboneModel like = model.CreateLike();
        Assert.True(like.RecomputesActivations);
        using SequenceClassifier classifier = new(New(Configs["bert"]), ["a", "b"]);
        using (ActivationRecomputation.Use(classifier, recompute: true))
        {
            using SequenceClassifier second = classifier.CreateLike();
            Assert.True(second.Backbone.RecomputesActivations);
        }
        Assert.False(classifier.Backbone.RecomputesActivations);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Training_ends_with_the_same_weights(int replicas)
    {
        float[] Weights(bool recompute)
        {
            using BackboneModel model = New(Configs["gpt2"]);
            TrainingOptions options = new() { Replicas = replicas, RecomputeActivations = recompute, Device = ComputeDevice.Cpu, Optimizer = new AdamWOptions { LearningRate = 0.01 } };
            long[] tokens = [.. Enumerable.Range(0, 48).Select(i => (long)(i * 7 % 29))];
            new Trainer(model, new NextTokenObjective(), options).Train(new OneBatch(new TokenBatch(4, 12, tokens, tokens), 4), cancellation: TestContext.Current.CancellationToken);
            Assert.False(model.RecomputesActivations);
            return [.. model.parameters().SelectMany(parameter => parameter.data<float>().ToArray())];
        }
        float[] kept = Weights(recompute: false), again = Weights(recompute: true);
        Assert.All(kept.Zip(again), pair => Assert.Equal(pair.First, pair.Second, 2e-5f));
    }

    [Fact]
    public void Steps_leave_nothing_behind_even_where_backward_never_comes()
    {
        using BackboneModel model = New(Configs["deberta, positions of all layers"]);
        model.RecomputesActivations = true;
        for (int i = 0; i < 3; i++) Round();
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 5; i++) Round();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Round()
        {
            using IDisposable step = NewDisposeScope();
            Tensor hidden;
            using (NewDisposeScope()) hidden = model.ReadTexts(Tokens(29), Mask(padded: true)).MoveToOuterDisposeScope();
            hidden.square().sum().backward();
            using (NewDisposeScope()) _ = model.ReadTexts(Tokens(29), Mask(padded: true)).square().sum();
        }
    }

    [Fact]
    public void What_goes_wrong_in_backward_is_told_afterwards()
    {
        ModelRandom random = new();
        ActivationCheckpoints checkpoints = new(random) { Enabled = true };
        using Linear layer = new(3, 3);
        Initialization.Constant(layer.Weight, 1);
        Initialization.Constant(layer.Bias!, 0);
        using Tensor input = ones([2, 3]).requires_grad_(true);
        int calls = 0;
        using Tensor output = checkpoints.Run(layer, input, [], (hidden, _) => ++calls == 1 ? layer.forward(hidden) : throw new InvalidOperationException("full"));
        output.sum().backward();
        Assert.All(input.grad!.data<float>().ToArray(), value => Assert.True(float.IsNaN(value)));
        Assert.Equal("full", Assert.Throws<InvalidOperationException>(checkpoints.ThrowIfFailed).Message);
        checkpoints.ThrowIfFailed();
    }

    [Fact]
    public void Recurrent_models_refuse()
    {
        using RecurrentLanguageModel model = new(new RecurrentConfig { VocabularySize = 9 });
        Assert.Contains("RecomputeActivations", Assert.Throws<NotSupportedException>(() => model.RecomputesActivations = true).Message, StringComparison.Ordinal);
        model.RecomputesActivations = false;
        using Linear none = new(2, 2);
        Assert.Contains("Linear", Assert.Throws<ArgumentException>(() => ActivationRecomputation.Use(none, recompute: true)).Message, StringComparison.Ordinal);
    }

    private static BackboneModel New(ModelConfig config)
    {
        BackboneModel model = config.CreateBackbone();
        model.Initialize(new RandomStream(3));
        return model;
    }

    private static Tensor Tokens(int vocabulary) => tensor([.. Enumerable.Range(0, 20).Select(i => 3L + (i * i % (vocabulary - 4)))], [2L, 10]);

    private static Tensor? Mask(bool padded) => padded ? tensor([.. Enumerable.Range(0, 20).Select(i => i < 10 || i < 16)], [2L, 10]) : null;

    /// <summary>Loss and gradients of one step, scopes as in training; and where the stream of dropout stands.</summary>
    private static (double Loss, Dictionary<string, float[]> Gradients, ulong Position) Step(BackboneModel model, bool recompute, bool padded)
    {
        model.train();
        model.RecomputesActivations = recompute;
        model.zero_grad();
        model.Random.Reseed(new RandomStream(17));
        using IDisposable scope = NewDisposeScope();
        Tensor loss;
        using (NewDisposeScope())
        {
            Tensor tokens = Tokens(model.Config.VocabularySize);
            Tensor hidden = model is DecoderModel decoder ? decoder.Forward(tokens, Mask(padded)) : model.ReadTexts(tokens, Mask(padded));
            Tensor weighed = model switch { DecoderModel left => left.Logits(hidden), EncoderDecoderModel both => both.Logits(hidden), _ => hidden };
            loss = (weighed.to(ScalarType.Float32) * weighed.detach().sin()).square().mean().MoveToOuterDisposeScope();
        }
        loss.backward();
        model.Checkpoints.ThrowIfFailed();
        Dictionary<string, float[]> gradients = [];
        foreach ((string name, Parameter parameter) in model.named_parameters())
        {
            if (parameter.grad is Tensor gradient) gradients[name] = gradient.to(ScalarType.Float32).contiguous().data<float>().ToArray();
        }
        return (loss.item<float>(), gradients, model.Random.Stream.Position);
    }

    private sealed class OneBatch(TokenBatch batch, int count) : IBatchSource
    {
        public IEnumerable<TokenBatch> Epoch(int epoch) => Enumerable.Repeat(batch, count);

        public int CountBatches(int epoch) => count;
    }
}
