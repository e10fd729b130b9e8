using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>Sentence embeddings of texts of mixed lengths with the library and with PyTorch, the same batches in turns.</summary>
internal static class Scoring
{
    private const int BatchRows = 32;
    private const int MaximumTokens = 256;

    public static int Run(DirectoryInfo folder, FileInfo texts, int rows, int runs, string? python)
    {
        if (!folder.Exists || !texts.Exists)
        {
            Console.Error.WriteLine($"benchmark failed: {(folder.Exists ? texts.FullName : folder.FullName)} is not there; name it with {(folder.Exists ? "--text" : "--model")}.");
            return 1;
        }
        NativeRuntime.Initialize(warn: warning => Console.Error.WriteLine($"warning: {warning}"));
        Console.WriteLine(RuntimeDiagnosis.Collect());
        TokenizerModel tokenizer = TokenizerModel.LoadFolder(folder.FullName);
        string[] lines = [.. File.ReadLines(texts.FullName).Where(line => !string.IsNullOrWhiteSpace(line)).Take(rows)];
        EncodingOptions options = new() { Truncation = new TruncationOptions { MaximumLength = MaximumTokens } };
        int[][] tokens = [.. tokenizer.EncodeBatch(lines, options).Select(encoding => encoding.Ids.ToArray())];
        Dictionary<string, int[][][]> batches = new(StringComparer.Ordinal)
        {
            ["sorted"] = [.. tokens.OrderBy(row => row.Length).Chunk(BatchRows)],
            ["unsorted"] = [.. tokens.Chunk(BatchRows)],
        };
        int total = tokens.Sum(row => row.Length);
        Console.WriteLine(Text($"{tokens.Length} texts of {tokens.Min(row => row.Length)} to {tokens.Max(row => row.Length)} tokens, {total} in all; batches of {BatchRows}"));

        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, JsonSerializer.Serialize(batches));
            using EncoderModel model = HuggingFaceFolder.LoadEncoder(folder.FullName);
            (TorchPeer? peer, string details) = TorchPeer.Start(python, "scoring.py", folder.FullName, file, NativeRuntime.Threads.ToString(CultureInfo.InvariantCulture));
            using (peer)
            {
                if (peer is not null) Compare(model, batches["sorted"][0], peer);
                Dictionary<string, (List<double> Ours, List<double> Theirs)> times = batches.Keys.ToDictionary(name => name, _ => (new List<double>(), new List<double>()));
                // The first run of each warms up and is not counted.
                for (int run = 0; run <= runs; run++)
                {
                    foreach ((string name, (List<double> ours, List<double> theirs)) in times)
                    {
                        (double milliseconds, double sum) = Score(model, batches[name]);
                        double? peers = null, peersSum = null;
                        if (peer?.Ask($"score {name}") is { } answer) (peers, peersSum) = ((double)answer["milliseconds"]!, (double)answer["sum"]!);
                        if (peersSum is double other && Math.Abs(other - sum) > 1e-3 * tokens.Length) throw new InvalidOperationException(Text($"The sums of all embeddings differ: {sum} and {other}."));
                        if (run == 0) continue;
                        ours.Add(milliseconds);
                        if (peers is double time) theirs.Add(time);
                    }
                }
                Report(times, tokens.Length, total, peer is null ? null : details, details);
            }
        }
        finally
        {
            File.Delete(file);
        }
        return 0;
    }

    /// <summary>Embeds all batches, one a thread at a time.</summary>
    private static (double Milliseconds, double Sum) Score(EncoderModel model, int[][][] batches)
    {
        long start = Stopwatch.GetTimestamp();
        using ReplicaPool pool = new(NativeRuntime.Threads);
        double[] sums = new double[batches.Length];
        int next = -1;
        pool.Run(_ =>
        {
            // From the end, where the longest of sorted batches are: then no thread waits long for another when all is done.
            for (int i = Interlocked.Increment(ref next); i < batches.Length; i = Interlocked.Increment(ref next))
            {
                using IDisposable scope = NewDisposeScope();
                using IDisposable withoutGradients = no_grad();
                int batch = batches.Length - 1 - i;
                sums[batch] = Embed(model, batches[batch]).sum().item<float>();
            }
        });
        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, sums.Sum());
    }

    private static Tensor Embed(EncoderModel model, int[][] rows)
    {
        TokenBatch batch = PaddedRows.Of(rows, null, 0);
        Tensor ids = tensor(batch.Tokens, [batch.Rows, batch.Length]);
        Tensor? mask = batch.Mask is null ? null : tensor(batch.Mask, [batch.Rows, batch.Length]);
        return nn.functional.normalize(SequencePooling.Mean(model.ReadTexts(ids, mask), ids, mask, null));
    }

    private static void Compare(EncoderModel model, int[][] rows, TorchPeer peer)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        float[] ours = Embed(model, rows)[0].data<float>().ToArray();
        float[] theirs = peer.Ask("rows sorted")["row"]!.AsArray().GetValues<float>().ToArray();
        double largest = ours.Zip(theirs, (one, other) => Math.Abs(one - other)).Max();
        Console.WriteLine(Text($"largest difference of an embedding: {largest:E1}"));
        if (!(largest < 1e-4)) throw new InvalidOperationException(Text($"The embeddings differ by {largest:E1}."));
    }

    private static void Report(Dictionary<string, (List<double> Ours, List<double> Theirs)> times, int rows, int tokens, string? peer, string missing)
    {
        Console.WriteLine();
        Console.WriteLine($"{"",-12}{"ours ms",10}{"rows/s",10}{"tokens/s",12}{"PyTorch ms",13}{"rows/s",10}{"of its time",14}");
        List<object> results = [];
        foreach ((string name, (List<double> ours, List<double> theirs)) in times)
        {
            double our = Median(ours);
            double? their = theirs.Count > 0 ? Median(theirs) : null;
            Console.WriteLine(Text($"{name,-12}{our,10:F0}{rows / our * 1000,10:F0}{tokens / our * 1000,12:F0}{their,13:F0}{rows / their * 1000,10:F0}{our / their,14:F2}"));
            results.Add(new { name, ours_ms = our, pytorch_ms = their, ratio = our / their, rows_per_second = rows / our * 1000 });
        }
        Console.WriteLine(peer is null ? $"PyTorch: missing ({missing})" : peer);
        Console.WriteLine(JsonSerializer.Serialize(new { benchmark = "scoring", rows, tokens, cores = Environment.ProcessorCount, threads = NativeRuntime.Threads, peer, missing = peer is null ? missing : null, results }));
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
