using System.Globalization;
using System.Text.Json;

namespace Golden.Comparison;

/// <summary>Compares an answer with what was expected, node by node, and keeps the first mismatch and the largest relative error.</summary>
/// <param name="tolerance">Tolerance of the number at a path, relative to max(<paramref name="floor"/>, |expected|); null: it is not compared.</param>
/// <param name="floor">Below this magnitude a tolerance is absolute.</param>
internal sealed class JsonComparison(Func<string, double?> tolerance, double floor = 1)
{
    /// <summary>The first mismatch; null while there is none.</summary>
    public string? Mismatch { get; private set; }

    /// <summary>Why the answer, though no mismatch, is not to be judged; null where it is.</summary>
    public string? Remark { get; set; }

    /// <summary>Largest relative error of the finite numbers compared.</summary>
    public double LargestError { get; private set; }

    public int Numbers { get; private set; }

    public int Values { get; private set; }

    /// <summary>Compares a node in a way of its own where it returns true; else the general rule goes on.</summary>
    public Func<JsonComparison, JsonElement, JsonElement, string, bool>? Special { get; init; }

    public void Compare(JsonElement expected, JsonElement actual, string path = "")
    {
        if (Special is not null && Special(this, expected, actual, path)) return;
        if (IsNumber(expected) && IsNumber(actual) && (expected.ValueKind == JsonValueKind.Number || actual.ValueKind == JsonValueKind.Number))
        {
            if (tolerance(path) is { } allowed) CompareNumbers(expected, actual, path, allowed);
            return;
        }
        if (IsFailure(actual) && !IsFailure(expected))
        {
            Report($"{path} threw {Shorten(actual.GetRawText(), 400)}, {Shorten(expected.GetRawText())} expected");
            return;
        }
        if (expected.ValueKind != actual.ValueKind)
        {
            Fail(path, expected, actual);
            return;
        }
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                var names = expected.EnumerateObject().Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
                foreach (var property in expected.EnumerateObject())
                {
                    if (actual.TryGetProperty(property.Name, out var value)) Compare(property.Value, value, $"{path}.{property.Name}");
                    else Fail($"{path}.{property.Name}", property.Value, default);
                }
                foreach (var property in actual.EnumerateObject())
                    if (!names.Contains(property.Name)) Fail($"{path}.{property.Name}", default, property.Value);
                break;
            case JsonValueKind.Array:
                if (expected.GetArrayLength() != actual.GetArrayLength())
                {
                    Report($"{path} has {actual.GetArrayLength()} items, {expected.GetArrayLength()} expected: {Shorten(actual.GetRawText())} instead of {Shorten(expected.GetRawText())}");
                    return;
                }
                for (var i = 0; i < expected.GetArrayLength(); i++) Compare(expected[i], actual[i], string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"));
                break;
            case JsonValueKind.String:
                Values++;
                if (expected.GetString() != actual.GetString()) Fail(path, expected, actual);
                break;
            default:
                Values++;
                break;
        }
    }

    public void CompareNumbers(JsonElement expected, JsonElement actual, string path, double allowed)
    {
        Values++;
        Numbers++;
        // Whole numbers beyond a double's reach (identifiers) are compared as text first.
        if (expected.GetRawText() == actual.GetRawText()) return;
        var (e, a) = (Number(expected), Number(actual));
        if (e.Equals(a)) return;
        var error = Math.Abs(e - a) / Math.Max(floor, Math.Abs(e));
        if (double.IsFinite(error)) LargestError = Math.Max(LargestError, error);
        // A negated comparison, so that NaN against a number fails.
        if (!(error <= allowed)) Fail(path, expected, actual);
    }

    public void Report(string mismatch) => Mismatch ??= mismatch;

    private void Fail(string path, JsonElement expected, JsonElement actual) => Report($"{path} is {Show(actual)}, {Show(expected)} expected");

    private static string Show(JsonElement e) => e.ValueKind == JsonValueKind.Undefined ? "absent" : Shorten(e.GetRawText());

    private static string Shorten(string text, int length = 160) => text.Length <= length ? text : text[..length] + "...";

    /// <summary>Both kinds of fixtures write an exception as an object with one member.</summary>
    private static bool IsFailure(JsonElement e) => e.ValueKind == JsonValueKind.Object && (e.TryGetProperty("error", out var error) || e.TryGetProperty("exception", out error)) && error.ValueKind == JsonValueKind.Object && error.TryGetProperty("type", out _);

    private static bool IsNumber(JsonElement e) => e.ValueKind == JsonValueKind.Number || (e.ValueKind == JsonValueKind.String && e.GetString() is "NaN" or "Infinity" or "-Infinity");

    private static double Number(JsonElement e) => e.ValueKind == JsonValueKind.Number ? e.GetDouble() : double.Parse(e.GetString()!, CultureInfo.InvariantCulture);
}
