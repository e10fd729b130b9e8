using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>The memory of one run: estimated for the model and the data at hand before it starts, measured while it lasts.</summary>
internal sealed class RunMemory
{
    /// <summary>Batches of epoch 0 that are looked at for the largest.</summary>
    private const int BatchesLookedAt = 64;

    private readonly long _before;

    private RunMemory(MemoryEstimate? estimate, long weights)
    {
        Estimate = estimate;
        bool fromNow = PeakMemory.TryReset();
        // The model is there already, so what it takes is not seen to grow.
        _before = estimate is not null && fromNow && PeakMemory.Now is long now ? now - weights : -1;
    }

    /// <summary>What training will need; null where the model tells nothing of itself, or is not in the processor's memory.</summary>
    public MemoryEstimate? Estimate { get; }

    /// <summary>The most that the run has needed so far, weights included; null where it is not known.</summary>
    public long? Measured => _before >= 0 && PeakMemory.Highest is long highest ? highest - _before : null;

    /// <summary>Estimates a run, and begins to measure.</summary>
    /// <exception cref="InsufficientMemoryException">The estimate is beyond the limit; the message has the table and what would help.</exception>
    public static RunMemory Begin(nn.Module model, TrainingOptions options, IBatchSource training, bool validates, int replicas, Device device)
    {
        if (model is not ICheckpointModel known || device.type != DeviceType.CPU) return new RunMemory(null, 0);
        long quantized = LinearQuantization.LayersOf(model).Sum(entry => entry.Layer.Quantized?.Bytes ?? 0);
        long weights = model.parameters().Sum(parameter => parameter.numel() * parameter.ElementSize) + quantized;
        MemoryRequest request = Request(model, known, options, training, validates, replicas);
        if (quantized > 0) request = request with { WeightBytes = quantized + (TrainingMemory.BytesANumber(options) * DenseNumbers(model, known)) };
        try
        {
            // What is there already need not be had.
            return new RunMemory(TrainingMemory.RequireFit(request, options.MemoryLimit ?? (PeakMemory.Available is long free ? free + weights : null)), weights);
        }
        catch (NotSupportedException)
        {
            // A family of somebody's own tells nothing of its activations.
            return new RunMemory(null, 0);
        }
    }

    /// <summary>Numbers of the weights that are not in four bits, adapters left out.</summary>
    private static long DenseNumbers(nn.Module model, ICheckpointModel known)
    {
        HashSet<string> own = known.WeightNames.Select(weight => weight.Parameter).ToHashSet(StringComparer.Ordinal);
        return model.named_parameters().Where(named => own.Contains(named.name)).Sum(named => named.parameter.numel());
    }

    private static MemoryRequest Request(nn.Module model, ICheckpointModel known, TrainingOptions options, IBatchSource training, bool validates, int replicas)
    {
        TokenBatch largest = training.Epoch(0).Take(BatchesLookedAt).MaxBy(batch => batch.Tokens.Length)!;
        bool writes = known.Head == ModelHead.SequenceToSequence;
        HashSet<string> moving = FreezingPlan.For(model, options.Freezing ?? new FreezingOptions()).Groups.SelectMany(group => group.Parameters).ToHashSet(StringComparer.Ordinal);
        MemoryRequest request = new()
        {
            Config = known.Config, Head = model is BackboneModel ? null : known.Head, Options = options, Rows = largest.Rows, Replicas = replicas, Validates = validates,
            Length = writes ? Math.Max(1, largest.TargetLength) : largest.Length, SourceLength = writes ? largest.Length : null,
            ScoredPart = largest.Targets.Length == largest.Tokens.Length && largest.TargetCount > 0 ? (double)largest.TargetCount / largest.Targets.Length : 1,
            Moves = moving.Contains,
        };
        if (ModelAdapters.Of(model) is not { Active: string active } adapters || adapters.OptionsOf(active) is not LoraOptions lora) return request;
        string[] modules = [.. known.WeightNames.Select(weight => weight.Parameter).Where(name => name.EndsWith(".weight", StringComparison.Ordinal)).Select(name => name[..^"weight".Length])];
        HashSet<string> adapted = modules.Where(module => moving.Any(name => name.StartsWith(module, StringComparison.Ordinal))).Select(module => module + "weight").ToHashSet(StringComparer.Ordinal);
        return request with { AdapterRank = lora.Rank, Moves = adapted.Contains };
    }
}
