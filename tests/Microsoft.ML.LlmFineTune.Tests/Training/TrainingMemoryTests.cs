using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

/// <summary>The estimate adds up what can be counted by hand; how close it comes to what is measured, the benchmark of memory shows.</summary>
public sealed class TrainingMemoryTests
{
    private static readonly Gpt2Config Gpt2 = new() { VocabularySize = 1000, MaximumLength = 64, Width = 32, Layers = 3, Heads = 4 };

    private static readonly MemoryRequest Request = new() { Config = Gpt2, Rows = 4, Length = 64 };

    public TrainingMemoryTests() => NativeRuntime.Initialize();

    [Fact]
    public void Weights_gradients_state_and_copies_are_counted()
    {
        MemoryEstimate estimate = TrainingMemory.Estimate(Request with { Replicas = 2 });
        long weights = 4 * Gpt2.CountParameters();
        Assert.Equal(weights, estimate.Bytes[MemoryPart.Weights]);
        Assert.Equal(2 * weights, estimate.Bytes[MemoryPart.Gradients]);
        Assert.Equal(2 * weights, estimate.Bytes[MemoryPart.OptimizerState]);
        Assert.Equal(2 * weights, estimate.Bytes[MemoryPart.Snapshots]);
        Assert.Equal(weights, TrainingMemory.Estimate(Request with { Validates = false }).Bytes[MemoryPart.Snapshots]);
        Assert.Equal(0, estimate.Bytes[MemoryPart.Masters]);
        Assert.Equal(estimate.Total, estimate.Bytes.Values.Sum());
        Assert.Equal(estimate.Bytes[MemoryPart.Activations], estimate.ActivationBytes.Values.Sum());
    }

    [Fact]
    public void Activations_are_those_of_the_blocks()
    {
        // Of each layer: its input, the norm, queries and three more, weights before and after dropout, what is attended, the stream, the norm, four and four times the width; then the last input and norm.
        long stream = 4 * 4 * 64 * 32, weights = 4L * 4 * 4 * 64 * 64;
        Assert.Equal((3 * ((17 * stream) + (2 * weights))) + (2 * stream), TrainingMemory.Estimate(Request).Bytes[MemoryPart.Activations]);
        Assert.Equal(5 * stream, TrainingMemory.Estimate(Request with { Options = new() { RecomputeActivations = true } }).Bytes[MemoryPart.Activations]);
        Assert.Equal(2 * 4 * 4 * 64 * 1000, TrainingMemory.Estimate(Request).Bytes[MemoryPart.Scores]);
    }

    [Fact]
    public void The_larger_of_scoring_and_a_layers_backward_pass_counts()
    {
        const long Stream = 4 * 4 * 64 * 32, Weights = 4L * 4 * 4 * 64 * 64, Scores = 2 * 4 * 4 * 64 * 8, TableGradient = 4 * 8 * 32;
        MemoryRequest few = Request with { Config = Gpt2 with { VocabularySize = 8 }, Options = new() { RecomputeActivations = true } };
        double layer = 1.45 * ((17 * Stream) + (2 * Weights));
        Assert.Equal((long)(layer + TableGradient - Scores), TrainingMemory.Estimate(few).Bytes[MemoryPart.Temporaries]);
        // What is kept of the layer is counted among activations.
        Assert.Equal((long)(layer - ((17 * Stream) + (2 * Weights)) + TableGradient - Scores), TrainingMemory.Estimate(few with { Options = new() }).Bytes[MemoryPart.Temporaries]);
        Assert.Equal(0, TrainingMemory.Estimate(Request with { Config = Gpt2 with { VocabularySize = 100_000 }, Options = few.Options }).Bytes[MemoryPart.Temporaries]);
    }

    [Fact]
    public void What_is_mapped_by_itself_wastes_nothing()
    {
        const long Stream = 4 * 4 * 64 * 32, Mapped = 1 << 20;
        TrainingOptions returned = new() { ReturnFreedMemory = true };
        LoraOptions adapter = new();
        Assert.Equal((70 * Stream) + (long)(0.8 * 4 * Gpt2.CountParameters()), Slack(Request), 1.0);
        Assert.Equal(90 * Stream, Slack(Request with { Adapter = adapter }));
        Assert.Equal(70 * Stream, Slack(Request with { Adapter = adapter, Options = new() { RecomputeActivations = true } }));
        Assert.Equal(70 * Stream, Slack(Request with { Options = returned }));
        // A stream of 128 rows has a MiB, from which on blocks are mapped then; one of two replicas has half.
        Assert.Equal(0, Slack(Request with { Rows = 128, Options = returned }));
        Assert.Equal(10 * Mapped, Slack(Request with { Rows = 128, Options = returned, Adapter = adapter }));
        Assert.Equal(70 * Mapped, Slack(Request with { Rows = 128, Options = returned, Replicas = 2 }));

        static long Slack(MemoryRequest request) => TrainingMemory.Estimate(request).Bytes[MemoryPart.AllocatorSlack];
    }

    [Fact]
    public void Adapters_move_little_and_keep_less()
    {
        MemoryEstimate whole = TrainingMemory.Estimate(Request), adapted = TrainingMemory.Estimate(Request with { Adapter = new LoraOptions { Rank = 4 } });
        Assert.Equal(3 * 4 * 4 * (32 + 96), adapted.Bytes[MemoryPart.Adapters]);
        Assert.Equal(whole.Bytes[MemoryPart.Weights], adapted.Bytes[MemoryPart.Weights]);
        Assert.True(adapted.Bytes[MemoryPart.Gradients] < whole.Bytes[MemoryPart.Gradients] / 10);
        Assert.True(adapted.Bytes[MemoryPart.Activations] < whole.Bytes[MemoryPart.Activations]);
    }

    [Fact]
    public void Every_kind_of_adapter_is_counted_as_it_is_attached()
    {
        AdapterOptions[] kinds =
        [
            new LoraOptions { Rank = 4, Bias = LoraBias.All }, new LoraOptions { UsesWeightDecomposition = true, Targets = ModuleSelection.AllLinear, Dropout = 0.1 }, new LoraOptions { Targets = ModuleSelection.Of("wte", "c_attn") },
            new Ia3Options(), new PromptTuningOptions { VirtualTokens = 3 }, new PrefixTuningOptions { VirtualTokens = 3 },
        ];
        foreach (AdapterOptions kind in kinds)
        {
            using nn.Module model = TaskModels.Create(Gpt2, null);
            ModelAdapters.Attach(model, kind);
            long moving = model.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel());
            MemoryEstimate estimate = TrainingMemory.Estimate(Request with { Adapter = kind, Length = 32 });
            Assert.Equal(4 * moving, estimate.Bytes[MemoryPart.Gradients]);
            Assert.Equal(8 * moving, estimate.Bytes[MemoryPart.OptimizerState]);
            Assert.InRange(estimate.Bytes[MemoryPart.Adapters], 1, 4 * moving);
        }
        // What DoRA and dropout keep, and the places of virtual tokens.
        long Kept(AdapterOptions kind) => TrainingMemory.Estimate(Request with { Adapter = kind, Length = 32 }).Bytes[MemoryPart.Activations];
        Assert.Equal(Kept(new LoraOptions()) + (3 * 4 * 4 * 32 * (32 + 96)), Kept(new LoraOptions { Dropout = 0.1, UsesWeightDecomposition = true }));
        Assert.True(Kept(new PromptTuningOptions { VirtualTokens = 8 }) > Kept(new PromptTuningOptions { VirtualTokens = 1 }));
    }

    [Fact]
    public void A_base_in_four_bits_takes_what_its_blocks_take()
    {
        using nn.Module model = TaskModels.Create(Gpt2, null);
        ModelQuantization.ToNf4(model);
        MemoryEstimate dense = TrainingMemory.Estimate(Request with { Adapter = new LoraOptions() }), quantized = TrainingMemory.Estimate(Request with { Adapter = new LoraOptions(), IsQuantized = true });
        Assert.Equal(ParameterReport.Of((DecoderModel)model).Bytes, quantized.Bytes[MemoryPart.Weights]);
        Assert.True(quantized.Bytes[MemoryPart.Weights] < dense.Bytes[MemoryPart.Weights]);
        // One matrix is dense at a time: the largest is that of the feed-forward part.
        Assert.Equal(dense.Bytes[MemoryPart.Temporaries] + (4 * 4 * 32 * 32), quantized.Bytes[MemoryPart.Temporaries]);
        Assert.Contains("four bits", string.Join("; ", TrainingMemory.Remedies(Request with { Adapter = new LoraOptions() }, 1).Select(remedy => remedy.Advice)), StringComparison.Ordinal);
    }

    [Fact]
    public void Half_precision_halves_what_layers_keep_and_keeps_exact_copies()
    {
        MemoryEstimate whole = TrainingMemory.Estimate(Request), half = TrainingMemory.Estimate(Request with { Options = new() { Precision = TrainingPrecision.BFloat16 } });
        Assert.Equal(whole.Bytes[MemoryPart.Activations], 2 * half.Bytes[MemoryPart.Activations]);
        Assert.Equal(2 * whole.Bytes[MemoryPart.Weights], half.Bytes[MemoryPart.Masters]);
    }

    [Fact]
    public void A_large_vocabulary_is_scored_within_its_budget()
    {
        MemoryRequest large = Request with { Config = Gpt2 with { VocabularySize = 100_000 }, Rows = 32 };
        Assert.True(TrainingMemory.Estimate(large).Bytes[MemoryPart.Scores] < 32L * 64 * 100_000 * 4);
        Assert.True(TrainingMemory.Estimate(large with { ScoredPart = 0.1 }).Bytes[MemoryPart.Scores] <= TrainingMemory.Estimate(large).Bytes[MemoryPart.Scores]);
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_what_would_help()
    {
        MemoryRequest large = Request with { Config = Gpt2 with { Width = 512, Layers = 12, Heads = 8, VocabularySize = 20_000 }, Rows = 64, Replicas = 2 };
        long needed = TrainingMemory.Estimate(large).Total;
        Assert.Equal(needed, TrainingMemory.RequireFit(large, needed).Total);
        InsufficientMemoryException error = Assert.Throws<InsufficientMemoryException>(() => TrainingMemory.RequireFit(large, needed * 2 / 3));
        foreach (string part in (string[])["activations", "optimizer state", "RecomputeActivations", "fits", "AccumulatedBatches", "BFloat16", "low-rank adapters"]) Assert.Contains(part, error.Message, StringComparison.Ordinal);
        IReadOnlyList<MemoryRemedy> remedies = TrainingMemory.Remedies(large, needed * 2 / 3);
        Assert.All(remedies, remedy => Assert.True(remedy.Bytes < needed, remedy.Advice));
        Assert.All(remedies, remedy => Assert.Equal(remedy.Bytes <= needed * 2 / 3, remedy.Fits));
        Assert.DoesNotContain(TrainingMemory.Remedies(new MemoryRequest { Config = new RecurrentConfig { VocabularySize = 100 }, Rows = 2, Length = 8 }, 1), remedy => remedy.Advice.Contains("Recompute", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_kind_of_model_has_an_estimate()
    {
        (ModelConfig Config, ModelHead? Head)[] models =
        [
            (new LlamaConfig { VocabularySize = 100, TrainedLength = 64, Width = 32, InnerWidth = 64, Layers = 2, Heads = 4 }, null), (BertModelConfig(), ModelHead.MaskedToken), (BertModelConfig(), ModelHead.SequenceClassification),
            (new T5Config { VocabularySize = 100, Width = 32, HeadSize = 8, Heads = 4, InnerWidth = 64, EncoderLayers = 2, DecoderLayers = 2 }, null),
        ];
        foreach ((ModelConfig config, ModelHead? head) in models)
        {
            MemoryRequest request = new() { Config = config, Head = head, Rows = 2, Length = 32 };
            Assert.True(TrainingMemory.Estimate(request).Bytes[MemoryPart.Activations] > 0);
            Assert.True(TrainingMemory.Estimate(request with { Rows = 4 }).Total > TrainingMemory.Estimate(request).Total);
            Assert.True(TrainingMemory.Estimate(request with { Options = new() { RecomputeActivations = true } }).Bytes[MemoryPart.Activations] < TrainingMemory.Estimate(request).Bytes[MemoryPart.Activations]);
        }
    }

    [Fact]
    public void Values_out_of_range_are_refused()
    {
        foreach (MemoryRequest wrong in (MemoryRequest[])[Request with { Rows = 0 }, Request with { Length = 0 }, Request with { Replicas = 0 }, Request with { ScoredPart = 0 }, Request with { Adapter = new LoraOptions { Rank = 0 } }, Request with { Adapter = new LoraOptions(), Moves = _ => true }, Request with { IsQuantized = true }, Request with { ScoreBudget = 0 }])
            Assert.ThrowsAny<ArgumentException>(() => TrainingMemory.Estimate(wrong));
        Assert.ThrowsAny<ArgumentException>(() => new TrainingOptions { MemoryLimit = 0 }.Validate());
    }

    [Fact]
    public void The_kernels_counts_are_read()
    {
        if (!OperatingSystem.IsLinux()) return;
        Assert.True(PeakMemory.Now > 1 << 20);
        Assert.True(PeakMemory.Highest >= PeakMemory.Now / 2);
        Assert.True(PeakMemory.Available > 0);
    }

    private static BertConfig BertModelConfig() => new() { VocabularySize = 100, MaximumLength = 64, Width = 32, Layers = 2, Heads = 4, InnerWidth = 64 };
}
