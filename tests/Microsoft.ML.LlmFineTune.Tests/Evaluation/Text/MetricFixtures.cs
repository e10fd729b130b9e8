using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

/// <summary>The tests' own copies of the references' answers (tests/Golden reads all of them).</summary>
internal static class MetricFixtures
{
    public static JsonNode Json(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "metrics", file)))!;

    public static IEnumerable<JsonNode> Cases(string file) => Json(file)["cases"]!.AsArray().Select(one => one!);

    public static string[] Texts(this JsonNode list) => [.. list.AsArray().Select(text => (string)text!)];

    /// <summary>A corpus of sacreBLEU's fixtures: each hypothesis with its references.</summary>
    public static List<(string Hypothesis, string?[] References)> Corpus(JsonNode file, string name)
    {
        JsonNode corpus = file["corpora"]![name]!;
        return [.. corpus["hyp"]!.Texts().Select((hypothesis, i) => (hypothesis, corpus["refs"]!.AsArray().Select(stream => (string?)stream![i]).ToArray()))];
    }
}
