using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>One measurement of the benchmark of memory, in a process of its own: a model is built and trained.</summary>
internal static partial class MemoryCell
{
    /// <summary>Milliseconds between two looks at what is in use.</summary>
    private const int SampleInterval = 5;

    /// <summary>Trains and prints one JSON line: how much the highest mark of resident memory lies above what was resident before the model was built.</summary>
    public static int Run(string family, int size, string mode, int replicas)
    {
        NativeRuntime.Initialize();
        (int rows, int length, ModelConfig config) = MemoryCases.Of(family, size);
        if (mode.Contains("estimate", StringComparison.Ordinal))
        {
            Console.WriteLine(new JsonObject { ["predicted"] = TrainingMemory.Estimate(MemoryCases.RequestOf(family, size, mode, replicas)).Total }.ToJsonString());
            return 0;
        }
        long before = PeakMemory.Now ?? 0, inUse = InUse();
        using nn.Module model = TaskModels.Create(config, MemoryCases.HeadOf(config));
        RandomStream random = new(1);
        foreach (BackboneModel backbone in model.modules().Prepend(model).OfType<BackboneModel>().Distinct()) backbone.Initialize(random);
        if (model is MaskedLanguageModel masked) masked.InitializeHead(random);
        if (MemoryCases.AdapterOf(mode) is AdapterOptions adapter) ModelAdapters.Attach(model, adapter);
        long[] tokens = [.. Enumerable.Range(0, rows * length).Select(i => 3L + (i * 7919L % (config.VocabularySize - 4)))];
        OneBatch source = new(new TokenBatch(rows, length, tokens, tokens));
        IObjective objective = MemoryCases.ObjectiveOf(config);
        TrainingOptions options = MemoryCases.OptionsOf(mode, replicas);
        MemoryEstimate estimate = TrainingMemory.Estimate(MemoryCases.RequestOf(family, size, mode, replicas));
        JsonObject result = new() { ["predicted"] = estimate.Total, ["predicted_kept"] = estimate.Bytes[MemoryPart.Activations] + estimate.Bytes[MemoryPart.Scores] };
        if (mode.Contains("kept", StringComparison.Ordinal))
        {
            result["kept"] = Kept(model, objective, source.Batch, options.RecomputeActivations);
        }
        else
        {
            long live = 0;
            using (new Timer(_ => live = Math.Max(live, InUse()), null, 0, SampleInterval)) new Trainer(model, objective, options).Train(source, source);
            result["measured"] = PeakMemory.Highest - before;
            result["live"] = live - inUse;
            foreach ((MemoryPart part, long bytes) in estimate.Bytes) result[part.ToString()] = bytes;
        }
        Console.WriteLine(result.ToJsonString());
        return 0;
    }

    /// <summary>Bytes that a forward pass with its loss leaves behind for backward.</summary>
    private static long Kept(nn.Module model, IObjective objective, TokenBatch batch, bool recompute)
    {
        model.train();
        using IDisposable use = ActivationRecomputation.Use(model, recompute);
        using IDisposable scope = NewDisposeScope();
        Tensor loss;
        long before = Allocated();
        using (NewDisposeScope()) loss = objective.SummedLoss(model, batch).MoveToOuterDisposeScope();
        return Allocated() - before;
    }

    private static long Allocated()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return InUse();
    }

    /// <summary>Bytes of the C library's allocator that are in use.</summary>
    private static long InUse()
    {
        AllocatorState state = Read();
        return (long)(state.InUse + state.Mapped);
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial AllocatorState Read();

    /// <summary>glibc's struct mallinfo2.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct AllocatorState
    {
        public nuint Arena;
        public nuint FreeChunks;
        public nuint FastChunks;
        public nuint MappedRegions;
        public nuint Mapped;
        public nuint HighestTotal;
        public nuint FastFree;
        public nuint InUse;
        public nuint Free;
        public nuint Releasable;
    }

    private sealed class OneBatch(TokenBatch batch) : IBatchSource
    {
        public TokenBatch Batch => batch;

        public IEnumerable<TokenBatch> Epoch(int epoch) => [batch];

        public int CountBatches(int epoch) => 1;
    }
}
