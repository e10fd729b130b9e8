using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>Runs rows through a model: rows of like length together, batches shared out to the threads that training's replicas have.</summary>
internal static class ScoringBatches
{
    /// <summary>Numbers that a batch's largest tensor may have: 64 MiB of float32.</summary>
    private const int LargestTensor = 16 << 20;

    /// <summary>Calls <paramref name="score"/> with the row numbers of each batch, without gradients and in a dispose scope; every row once, on several threads at a time.</summary>
    /// <param name="lengths">Tokens of each row, at least one row.</param>
    /// <param name="numbersPerToken">Size of the largest tensor for one token.</param>
    /// <param name="device">Where the model is.</param>
    /// <param name="score">What to do; it writes results of different rows to different places.</param>
    internal static void Run(IReadOnlyList<int> lengths, int numbersPerToken, Device device, Action<int[]> score)
    {
        int tokens = Math.Clamp(LargestTensor / Math.Max(1, numbersPerToken), 256, 4096);
        var batches = LengthBuckets.Plan(lengths, BatchSize.OfTokens(tokens), random: null);
        int cores = NativeRuntime.Threads;
        int threads = device.type == TorchSharp.DeviceType.CPU ? Math.Min(cores, batches.Count) : 1;
        using var pool = new ReplicaPool(threads, Math.Max(1, cores / threads));
        int next = -1;
        pool.Run(_ =>
        {
            for (int batch = Interlocked.Increment(ref next); batch < batches.Count; batch = Interlocked.Increment(ref next))
            {
                using var scope = NewDisposeScope();
                using var noGradients = no_grad();
                score(batches[batch]);
            }
        });
    }
}
