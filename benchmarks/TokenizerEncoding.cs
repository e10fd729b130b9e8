using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>
/// Encodes WikiText-2 by lines and as one text with GPT-2's BPE, BERT's WordPiece and T5's Unigram: ids, offsets, words and masks. The peer is Hugging Face's library in Rust, through its package for Node, in turns, on the tokenizer.json files that the
/// library wrote; both must find the same tokens.
/// </summary>
internal static class TokenizerEncoding
{
    public static int Run(FileInfo text, DirectoryInfo tokenizers, int runs, string? node, DirectoryInfo? packages)
    {
        if (!text.Exists || !tokenizers.Exists)
        {
            Console.Error.WriteLine($"benchmark failed: {(text.Exists ? tokenizers.FullName : text.FullName)} is not there; name one with --text FILE and --tokenizers FOLDER.");
            return 1;
        }
        string Of(string path) => Path.Combine(tokenizers.FullName, path);
        (string Name, TokenizerModel Tokenizer)[] contestants =
        [
            ("gpt2, BPE", TokenizerModel.LoadVocabularyAndMerges(Of("gpt2/encoder.json"), Of("gpt2/vocab.bpe"))),
            ("bert, WordPiece", TokenizerFiles.LoadVocabulary(Of("bert-base-uncased/vocab.txt"))),
            ("t5, Unigram", TokenizerModel.Load(Of("t5/tokenizer.json"))),
        ];
        var scratch = Directory.CreateTempSubdirectory();
        try
        {
            List<string> arguments = [text.FullName];
            foreach (var (name, tokenizer) in contestants)
            {
                arguments.Add(Path.Combine(scratch.FullName, $"{arguments.Count}.json"));
                tokenizer.Save(arguments[^1]);
            }
            var whole = File.ReadAllText(text.FullName);
            var lines = whole.Split('\n');
            Console.WriteLine(Text($"{text.Name}: {whole.Length / 1e6:F2} M characters, {lines.Length} lines, {runs} runs, {Environment.ProcessorCount} cores"));
            foreach (var parallel in (bool[])[false, true])
            {
                Environment.SetEnvironmentVariable("TOKENIZERS_PARALLELISM", parallel ? "true" : "false");
                (NodePeer? peer, string reason) = NodePeer.Start(node, packages, "tokenizers.mjs", arguments);
                using (peer)
                {
                    Console.WriteLine($"peer: {(peer is null ? $"missing ({reason})" : reason)}");
                    for (var i = 0; i < contestants.Length; i++)
                    {
                        Measure(contestants[i].Name, $"lines, {(parallel ? "all cores" : "1 thread")}", () => contestants[i].Tokenizer.EncodeBatch(lines, new EncodingOptions { Threads = parallel ? null : 1 }), peer, $"lines {i}", runs);
                        if (!parallel) Measure(contestants[i].Name, "one text", () => [contestants[i].Tokenizer.Encode(whole, new EncodingOptions())], peer, $"whole {i}", runs);
                    }
                }
            }
            return 0;
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static void Measure(string name, string what, Func<IReadOnlyList<TextEncoding>> encode, NodePeer? peer, string question, int runs)
    {
        List<double> ours = [], theirs = [];
        long tokens = 0, allocated = 0;
        var same = "";
        for (var run = 0; run < runs; run++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var began = Stopwatch.GetTimestamp();
            var encodings = encode();
            ours.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            tokens = encodings.Sum(encoding => encoding.Count);
            if (peer?.Ask(question) is not { } answer) continue;
            theirs.Add((double)answer["seconds"]!);
            var sum = encodings.SelectMany(encoding => encoding.Ids).Aggregate(0, (sum, id) => unchecked((sum * 31) + id));
            same = (long)answer["tokens"]! == tokens && (int)answer["sum"]! == sum ? "same tokens" : "DIFFERENT TOKENS";
        }
        var ratio = theirs.Count == 0 ? (double?)null : Median([.. theirs.Zip(ours, (their, our) => their / our)]);
        Console.WriteLine(Text($"{name,-16} {what,-20} {tokens,8} tokens {Median(ours) * 1e3,8:F1} ms {tokens / Median(ours) / 1e6,7:F2} M tokens/s {allocated / (double)tokens,6:F0} B/token") +
            (ratio is null ? "" : Text($"   Rust {Median(theirs) * 1e3,8:F1} ms   {ratio:F2} x its speed   {same}")));
        Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["benchmark"] = "tokenizers", ["tokenizer"] = name, ["what"] = what, ["tokens"] = tokens, ["seconds"] = ours, ["rust_seconds"] = theirs, ["speed_ratio"] = ratio, ["bytes_a_token"] = allocated / (double)tokens, ["compared"] = same,
        }));
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
