using System.Text.Json;
using Golden.Library;

namespace Golden.Metrics;

/// <summary>Values of the metrics' fixtures, which may also be a refusal.</summary>
internal static class Expectation
{
    public const double Tolerance = 1e-9;

    public static bool IsRefusal(this JsonElement expected) => expected.ValueKind == JsonValueKind.Object && expected.TryGetProperty("error", out _);

    /// <summary>A number, or the library's refusal where the reference refuses.</summary>
    public static void Number(this Tally tally, string what, JsonElement expected, Func<double> actual, double tolerance = Tolerance)
    {
        if (!tally.Refused(what, expected, () => actual())) tally.Number(what, expected.ToDouble(), actual(), tolerance);
    }

    /// <summary>A list of numbers, or the library's refusal where the reference refuses.</summary>
    public static void Numbers(this Tally tally, string what, JsonElement expected, Func<IEnumerable<double>> actual, double tolerance = Tolerance)
    {
        if (!tally.Refused(what, expected, () => actual().Count())) tally.Numbers(what, expected.ToDoubles(), [.. actual()], tolerance);
    }

    /// <summary>Rows of numbers, or the library's refusal where the reference refuses.</summary>
    public static void Matrix(this Tally tally, string what, JsonElement expected, Func<double[,]> actual, double tolerance = Tolerance)
    {
        if (tally.Refused(what, expected, () => actual())) return;
        var matrix = actual();
        tally.Equal(what + " rows", expected.GetArrayLength(), matrix.GetLength(0));
        for (var i = 0; i < Math.Min(expected.GetArrayLength(), matrix.GetLength(0)); i++)
            tally.Numbers(what, expected[i].ToDoubles(), [.. Enumerable.Range(0, matrix.GetLength(1)).Select(j => matrix[i, j])], tolerance);
    }

    /// <summary>Where the reference refuses: whether the library does. False where a value is expected.</summary>
    public static bool Refused(this Tally tally, string what, JsonElement expected, Action actual)
    {
        if (!expected.IsRefusal()) return false;
        tally.Equal(what + " is refused", true, Refuses(actual));
        return true;
    }

    /// <summary>Weights of the rows, or none.</summary>
    public static double[] Weights(JsonElement inputs) => inputs.TryGetProperty("sample_weight", out var weights) && weights.IsGiven() ? weights.ToDoubles() : [];

    /// <summary>Rows of numbers.</summary>
    public static double[][] ToRows(this JsonElement rows) => [.. rows.EnumerateArray().Select(JsonReading.ToDoubles)];

    private static bool Refuses(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return true;
        }
    }
}
