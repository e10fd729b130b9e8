using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Golden.Metrics;

/// <summary>What the files of sacreBLEU's metrics have in common: corpora of hypotheses and reference streams, statistics and scores of segments.</summary>
internal static class CorpusCases
{
    public const double Tolerance = 1e-9;

    /// <summary>Adds a corpus of the file and compares the segments' statistics and scores.</summary>
    /// <param name="statistics">The fixture's layout of a segment's statistics.</param>
    public static void Verify(FixtureCase c, Tally tally, CorpusAccumulator accumulator, Func<JsonElement, IEnumerable<double>> statistics)
    {
        var corpus = c.Root.GetProperty("corpora").GetProperty(c["inputs"].GetProperty("corpus").GetString()!);
        var expected = c["expected"];
        var scores = corpus.GetProperty("hyp").EnumerateArray().Select((hypothesis, i) => accumulator.Add(hypothesis.GetString()!, References(corpus, i))).ToList();
        if (expected.TryGetProperty("segment_statistics", out var rows))
        {
            tally.Equal("segments", rows.GetArrayLength(), accumulator.PerSegment!.Count);
            for (int i = 0; i < rows.GetArrayLength(); i++) tally.Numbers("segment_statistics", [.. statistics(rows[i])], accumulator.PerSegment[i].ToArray(), Tolerance);
        }
        if (expected.TryGetProperty("segment_scores", out var segments)) tally.Numbers("segment_scores", segments.ToDoubles(), scores, Tolerance);
    }

    public static void Signature(Tally tally, JsonElement expected, MetricSignature signature, string text)
    {
        tally.Equal("signature", expected.GetProperty("signature").GetString(), signature.ToString());
        if (expected.TryGetProperty("signature_short", out var shortened)) tally.Equal("signature_short", shortened.GetString(), signature.ToShortString());
        if (expected.TryGetProperty("text", out var line)) tally.Equal("text", line.GetString(), text);
    }

    /// <summary>Statistics that are lists of lists, or a flat list.</summary>
    public static IEnumerable<double> Flat(JsonElement value) => value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().SelectMany(Flat) : [value.ToDouble()];

    public static T Enumeration<T>(string name, params (string Name, T Value)[] values) =>
        Array.Exists(values, value => value.Name == name) ? Array.Find(values, value => value.Name == name).Value : throw new UnsupportedException($"the library has no {name}");

    public static bool Flag(JsonElement options, string name) => options.ValueKind == JsonValueKind.Object && options.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    /// <summary>An option of the case; the default where it is not spelled out, or null.</summary>
    public static T Option<T>(JsonElement options, string name, T otherwise, Func<JsonElement, T> read) =>
        options.ValueKind == JsonValueKind.Object && options.TryGetProperty(name, out var value) && value.IsGiven() ? read(value) : otherwise;

    private static string?[] References(JsonElement corpus, int segment) => [.. corpus.GetProperty("refs").EnumerateArray().Select(stream => stream[segment].GetString())];
}
