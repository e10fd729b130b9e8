using System.Globalization;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

/// <summary>Cases of the reference that stand in Fixtures/metrics, and numbers out of them.</summary>
internal static class MetricFixture
{
    public static JsonNode Case(string file, string name) => Cases(file).Single(item => (string)item["name"]! == name);

    public static IEnumerable<JsonNode> Cases(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "metrics", file + ".json")))!["cases"]!.AsArray().Select(item => item!);

    public static double Number(this JsonNode value) => value.GetValueKind() == System.Text.Json.JsonValueKind.String ? double.Parse((string)value!, CultureInfo.InvariantCulture) : (double)value;

    public static double[] Numbers(this JsonNode list) => [.. list.AsArray().Select(item => item!.Number())];

    public static int[] Ints(this JsonNode list) => [.. list.AsArray().Select(item => (int)item!)];

    public static bool[] Bits(this JsonNode list) => [.. list.AsArray().Select(item => (int)item! == 1)];

    public static double[][] Rows(this JsonNode rows) => [.. rows.AsArray().Select(row => row!.Numbers())];
}

/// <summary>Random rows, the same every time.</summary>
internal static class Drawn
{
    public static int[] Classes(int rows, int classes, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, rows).Select(_ => random.Next(classes))];
    }

    /// <summary>Rounded, so that many are equal.</summary>
    public static double[] Scores(int rows, int digits, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, rows).Select(_ => Math.Round(random.NextDouble(), digits))];
    }

    /// <summary>Rows that sum to 1, in 64ths.</summary>
    public static double[][] Probabilities(int rows, int classes, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, rows).Select(_ =>
        {
            double[] row = new double[classes];
            for (int i = 0; i < 64; i++) row[random.Next(classes)] += 1.0 / 64;
            return row;
        })];
    }
}
