using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>Forward and backward of a vocabulary's loss, scored at once and a chunk at a time by turns: medians and their ratio.</summary>
internal static class ChunkedScores
{
    public static int Run(int rows, int width, int classes, int runs)
    {
        NativeRuntime.Initialize();
        using Linear head = new(width, classes, hasBias: false);
        head.Initialize(new RandomStream(1), 0.02);
        using Tensor hidden = rand([rows, width]).requires_grad_(true), targets = arange(rows, dtype: ScalarType.Int64).remainder(classes);
        double[] whole = new double[runs], chunked = new double[runs];
        for (int run = -1; run < runs; run++)
        {
            (double one, double other) = (TimeOf(long.MaxValue), TimeOf(ChunkedCrossEntropy.DefaultBudget));
            if (run >= 0) (whole[run], chunked[run]) = (one, other);
        }
        (double atOnce, double byChunks) = (whole.Order().ElementAt(runs / 2), chunked.Order().ElementAt(runs / 2));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows} rows of {width}, {classes} scores each: at once {atOnce * 1e3:F0} ms, by chunks {byChunks * 1e3:F0} ms, ratio {byChunks / atOnce:F3}"));
        Console.WriteLine(new JsonObject { ["benchmark"] = "chunked-scores", ["at_once"] = atOnce, ["by_chunks"] = byChunks }.ToJsonString());
        return 0;

        double TimeOf(long budget)
        {
            using IDisposable scope = NewDisposeScope();
            head.zero_grad();
            long began = Stopwatch.GetTimestamp();
            ChunkedCrossEntropy.Sum(hidden, targets, classes, head.forward, head, budget: budget).backward();
            return Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
    }
}
