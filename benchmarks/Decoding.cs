using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>Cached greedy decoding of GPT-2's published shape (random weights), and its share of what the memory's bandwidth allows: each token of a single row reads every weight once.</summary>
internal static class Decoding
{
    private const int Prompt = 16;

    public static int Run(int newTokens, int runs)
    {
        NativeRuntime.Initialize(warn: warning => Console.Error.WriteLine($"warning: {warning}"));
        Console.WriteLine(RuntimeDiagnosis.Collect());
        using Gpt2Model model = new(Gpt2Presets.Gpt2 with { EndOfText = [] });
        model.Initialize(new RandomStream(1));
        model.eval();
        // Rows of the table of positions are read one a token.
        long weightBytes = (model.ParameterCount - ((long)model.Config.MaximumLength * model.Config.Width)) * sizeof(float);
        TokenGenerator generator = new(model);
        int[] prompt = [.. Enumerable.Range(1000, Prompt)];
        GenerationOptions options = new() { MaxNewTokens = newTokens, Temperature = 0 };
        Console.WriteLine($"{"rows",6}{"tokens/s",12}{"ms/step",10}{"bandwidth GB/s",17}{"limit tokens/s",17}{"share of limit",17}");
        List<object> results = [];
        foreach (int rows in (int[])[1, 8])
        {
            List<double> rates = [], bandwidths = [];
            for (int run = 0; run <= runs; run++)
            {
                double bandwidth = Bandwidth();
                long start = Stopwatch.GetTimestamp();
                generator.Generate([.. Enumerable.Repeat(prompt, rows)], options);
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                // The first run warms up.
                if (run == 0) continue;
                rates.Add(rows * newTokens / seconds);
                bandwidths.Add(bandwidth);
            }
            double rate = Median(rates), speed = Median(bandwidths), limit = rows * speed / weightBytes;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows,6}{rate,12:F1}{rows * 1000 / rate,10:F1}{speed / 1e9,17:F1}{limit,17:F1}{rate / limit,17:F2}"));
            results.Add(new { rows, tokens_per_second = rate, bandwidth = speed, limit, share = rate / limit });
        }
        Console.WriteLine(JsonSerializer.Serialize(new { benchmark = "decoding", new_tokens = newTokens, prompt = Prompt, weight_bytes = weightBytes, cores = Environment.ProcessorCount, results }));
        return 0;
    }

    /// <summary>Bytes a second at which all threads together read memory that no cache holds.</summary>
    private static double Bandwidth()
    {
        using IDisposable scope = NewDisposeScope();
        Tensor numbers = ones([128 << 20]);   // 512 MiB
        double best = 0;
        for (int i = 0; i < 4; i++)
        {
            long start = Stopwatch.GetTimestamp();
            numbers.max().item<float>();
            best = Math.Max(best, numbers.numel() * sizeof(float) / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
