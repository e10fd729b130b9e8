using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>
/// Trains a byte-level BPE of 30,000 entries, without special tokens, on the documentation of the SDK: reading and counting included. The peer is Hugging Face's trainer in Rust, through its package for Node, in turns; both are fed the lines of the same files, and must find the same merges.
/// </summary>
internal static class TokenizerTraining
{
    private const int VocabularySize = 30_000;

    public static int Run(DirectoryInfo sdk, int runs, string? node, DirectoryInfo? packages)
    {
        string[] files = [.. new[] { "packs", "sdk" }.Select(folder => Path.Combine(sdk.FullName, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.xml", SearchOption.AllDirectories)).Order(StringComparer.Ordinal)];
        if (files.Length == 0)
        {
            Console.Error.WriteLine($"benchmark failed: there are no XML files below packs and sdk of {sdk.FullName}; name an SDK with --sdk FOLDER.");
            return 1;
        }
        var bytes = files.Sum(file => new FileInfo(file).Length);
        (NodePeer? peer, string reason) = NodePeer.Start(node, packages, "tokenizer_training.mjs", files);
        List<double> ours = [], theirs = [], processor = [], theirProcessor = [];
        var entries = 0;
        var same = "not compared";
        using (peer)
        {
            for (var run = 0; run < runs; run++)
            {
                var began = Stopwatch.GetTimestamp();
                var used = Environment.CpuUsage.TotalTime;
                var tokenizer = TokenizerTrainer.Train(files.SelectMany(Lines), new BpeTrainerOptions { VocabularySize = VocabularySize }, new TokenizerTrainingPipeline { PreTokenizer = TextPreTokenizer.ByteLevel(), Decoder = TokenDecoder.ByteLevel });
                ours.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
                processor.Add((Environment.CpuUsage.TotalTime - used).TotalSeconds);
                entries = tokenizer.Vocabulary.Count;
                if (peer is null) continue;
                var answer = peer.Ask("train");
                theirs.Add((double)answer["seconds"]!);
                theirProcessor.Add((double)answer["processor_seconds"]!);
                same = answer["vocabulary"]!.AsObject().All(entry => tokenizer.Vocabulary.TryGetValue(entry.Key, out var id) && id == (int)entry.Value!) && answer["vocabulary"]!.AsObject().Count == entries ? "the same vocabulary" : "DIFFERENT VOCABULARIES";
                Console.Error.WriteLine(Text($"run {run + 1}: {ours[^1]:F2} s, Rust {theirs[^1]:F2} s"));
            }
        }
        Console.WriteLine(Text($"byte-level BPE of {entries} entries, {files.Length} files, {bytes / 1e6:F1} MB, {runs} runs, {Environment.ProcessorCount} cores"));
        Console.WriteLine(Text($"{"Microsoft.ML.LlmFineTune",-26}{Median(ours),8:F2} s{Median(processor),8:F2} s of processor, {bytes / 1e6 / Median(ours):F1} MB/s, peak {Measurement.PeakOfThisProcess() / 1048576.0:F0} MiB"));
        if (peer is null)
            Console.WriteLine($"Rust: missing ({reason})");
        else
            Console.WriteLine(Text($"{"Rust (" + reason + ")",-26}{Median(theirs),8:F2} s{Median(theirProcessor),8:F2} s of processor\nour training takes {Median([.. ours.Zip(theirs, (a, b) => a / b)]):F2} of Rust's time (median of the pairs): {same}"));
        Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["benchmark"] = "tokenizer-training", ["files"] = files.Length, ["bytes"] = bytes, ["entries"] = entries, ["cores"] = Environment.ProcessorCount, ["seconds"] = ours, ["processor_seconds"] = processor,
            ["rust_seconds"] = theirs, ["rust_processor_seconds"] = theirProcessor, ["rust"] = peer is null ? null : reason, ["missing"] = peer is null ? reason : null, ["compared"] = same, ["peak_bytes"] = Measurement.PeakOfThisProcess(),
        }));
        return 0;
    }

    // The peer reads lines with their ends.
    private static IEnumerable<string> Lines(string file)
    {
        var text = Encoding.UTF8.GetString(File.ReadAllBytes(file));
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\n', at) is >= 0 and var found ? found + 1 : text.Length;
            yield return text[at..end];
            at = end;
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
