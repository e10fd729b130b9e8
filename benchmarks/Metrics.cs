using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>Scores a WMT17 system by corpus BLEU, chrF and ROUGE on one thread, at one, two and four times its lines, and by nltk's corpus_bleu and corpus_chrf.</summary>
internal static class Metrics
{
    private const string Peer = "nltk";

    private static readonly (string Name, Func<string[], string[], double> Score)[] Contests =
    [
        ("bleu", (hypotheses, references) => Bleu.Corpus(hypotheses, references).Score),
        ("bleu none", (hypotheses, references) => Bleu.Corpus(hypotheses, references, new BleuOptions { Tokenizer = BleuTokenizer.None }).Score),
        ("chrf", (hypotheses, references) => Chrf.Corpus(hypotheses, references).Score),
        ("chrf++", (hypotheses, references) => Chrf.Corpus(hypotheses, references, ChrfOptions.PlusPlus).Score),
        ("rouge 1, 2, L", (hypotheses, references) => Rouge.Corpus(hypotheses, references, new RougeOptions { Types = [RougeType.N(1), RougeType.N(2), RougeType.L] }).RougeL.FScore),
        ("rouge, stemmed", (hypotheses, references) => Rouge.Corpus(hypotheses, references, new RougeOptions { Types = [RougeType.N(1), RougeType.N(2), RougeType.L], UseStemmer = true }).RougeL.FScore),
    ];

    public static int Run(FileInfo hypotheses, FileInfo references, int repeats, string? python)
    {
        foreach (FileInfo file in (FileInfo[])[hypotheses, references])
        {
            if (file.Exists) continue;
            Console.Error.WriteLine($"benchmark failed: {file.FullName} is not there; name another with --hypotheses FILE --references FILE.");
            return 1;
        }
        (string[] texts, string[] wanted) = (Lines(hypotheses), Lines(references));
        JsonNode peer = python is null ? new JsonObject { ["missing"] = "not asked for" } : AskPeer(python, hypotheses, references, texts.Length);
        string? missing = (string?)peer["missing"];
        Console.WriteLine(Text($"{texts.Length} lines of {hypotheses.Name}, one thread, best of {repeats}; lines/s at one, two and four times the lines"));
        Console.WriteLine(missing is null ? $"{Peer} {peer[Peer]}, white-space words for BLEU" : $"{Peer}: missing ({missing})");
        Console.WriteLine();
        Console.WriteLine($"{"",-16}{"score",10}{"1x",12}{"2x",12}{"4x",12}{Peer,12}{"times",9}");
        JsonArray results = [];
        foreach ((string name, Func<string[], string[], double> score) in Contests)
        {
            double value = score(texts, wanted);
            double[] rates = [.. ((int[])[1, 2, 4]).Select(times => Rate(score, Repeat(texts, times), Repeat(wanted, times), repeats))];
            // What nltk computes: BLEU of white-space words, chrF of characters.
            string? counterpart = name switch { "bleu" or "bleu none" => "bleu", "chrf" => "chrf", _ => null };
            double? theirs = missing is null && counterpart is not null ? (int)peer["lines"]! / (double)peer[$"{counterpart}_seconds"]! : null;
            string beside = theirs is double rate ? Text($"{rate,12:F0}{rates[0] / rate,9:F1}") : "";
            Console.WriteLine(Text($"{name,-16}{value,10:F4}{rates[0],12:F0}{rates[1],12:F0}{rates[2],12:F0}{beside}"));
            results.Add(new JsonObject { ["name"] = name, ["score"] = value, ["lines_per_second"] = new JsonArray([.. rates.Select(one => (JsonNode)one)]), ["peer_lines_per_second"] = theirs, ["times_peer"] = rates[0] / theirs });
        }
        Console.WriteLine();
        Console.WriteLine(new JsonObject { ["benchmark"] = "metrics", ["lines"] = texts.Length, ["peer"] = peer.DeepClone(), ["results"] = results }.ToJsonString(new JsonSerializerOptions { WriteIndented = false }));
        return 0;
    }

    private static double Rate(Func<string[], string[], double> score, string[] texts, string[] wanted, int repeats)
    {
        // Until the compiler's last tier is reached.
        for (long warming = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(warming).TotalSeconds < 1.5;) score(texts, wanted);
        double best = double.MaxValue;
        for (int i = 0; i < repeats; i++)
        {
            long began = Stopwatch.GetTimestamp();
            score(texts, wanted);
            best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
        return texts.Length / best;
    }

    private static JsonNode AskPeer(string python, FileInfo hypotheses, FileInfo references, int lines)
    {
        if (!File.Exists(python)) return new JsonObject { ["missing"] = $"{python} is not there" };
        using Process process = Process.Start(new ProcessStartInfo(python)
        {
            RedirectStandardOutput = true,
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "peers", "metrics_nltk.py"), hypotheses.FullName, references.FullName, lines.ToString(CultureInfo.InvariantCulture) },
        })!;
        string answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? JsonNode.Parse(answer)! : new JsonObject { ["missing"] = "its process failed, see above" };
    }

    private static string[] Repeat(string[] lines, int times) => [.. Enumerable.Repeat(lines, times).SelectMany(line => line)];

    private static string[] Lines(FileInfo file) => Encoding.UTF8.GetString(File.ReadAllBytes(file.FullName)).TrimEnd('\n').Split('\n');

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
