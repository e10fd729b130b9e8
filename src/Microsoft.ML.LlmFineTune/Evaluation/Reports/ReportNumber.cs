using System.Globalization;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How reports write numbers.</summary>
internal static class ReportNumber
{
    internal const string Undefined = "–";

    private const double LargestWithDecimals = 100_000, SmallestWithDecimals = 0.0005;

    internal static string Format(double? number, bool isCount = false) => number switch
    {
        null => Undefined,
        double value when double.IsNaN(value) => Undefined,
        double value when double.IsInfinity(value) => value > 0 ? "∞" : "-∞",
        double value when isCount && value == Math.Floor(value) => value.ToString("N0", CultureInfo.InvariantCulture),
        double value when value != 0 && (Math.Abs(value) >= LargestWithDecimals || Math.Abs(value) < SmallestWithDecimals) => value.ToString("G4", CultureInfo.InvariantCulture),
        double value => value.ToString("F4", CultureInfo.InvariantCulture),
    };

    /// <summary>A JSON number in full precision; what JSON has no number for ("NaN", "Infinity", "-Infinity") as a string, null for what is not defined.</summary>
    internal static JsonNode? ToJson(double? number) => number switch
    {
        null => null,
        double value when double.IsFinite(value) => value == Math.Floor(value) && Math.Abs(value) < 1L << 53 ? JsonValue.Create((long)value) : JsonValue.Create(value),
        double value => JsonValue.Create(value.ToString(CultureInfo.InvariantCulture)),
    };
}
