using System.Globalization;
using System.Text.Json;
using static TorchSharp.torch;

namespace Golden.Library;

/// <summary>Collects what was compared in a case: the largest relative error, and the first mismatch.</summary>
internal sealed class Tally
{
    private readonly List<string> _compared = [];

    public string? Mismatch { get; private set; }

    public double? LargestError { get; private set; }

    public string Compared => _compared.Count == 0 ? "nothing" : string.Join(", ", _compared.Take(6)) + (_compared.Count > 6 ? $" and {_compared.Count - 6} more" : "");

    /// <summary>Numbers agree within tolerance * max(floor, |expected|); NaN agrees with NaN.</summary>
    public void Number(string what, double expected, double actual, double tolerance, double floor = 1) => Numbers(what, [expected], [actual], tolerance, floor);

    public void Numbers(string what, IReadOnlyList<double> expected, IReadOnlyList<double> actual, double tolerance, double floor = 1)
    {
        Note(what);
        if (expected.Count != actual.Count)
        {
            Fail($"{what}: {actual.Count} values, {expected.Count} expected");
            return;
        }
        for (int i = 0; i < expected.Count; i++)
        {
            if (expected[i].Equals(actual[i])) { LargestError ??= 0; continue; }
            var error = Math.Abs(expected[i] - actual[i]) / Math.Max(floor, Math.Abs(expected[i]));
            if (double.IsFinite(error)) LargestError = Math.Max(LargestError ?? 0, error);
            if (!(error <= tolerance)) Fail(string.Create(CultureInfo.InvariantCulture, $"{what}[{i}] is {actual[i]:r}, {expected[i]:r} expected"));
        }
    }

    /// <summary>Tensors agree within absolute + relative * largest |expected|, where the mask is true.</summary>
    public void Tensors(string what, Tensor expected, Tensor actual, double absolute, double relative = 0, Tensor? mask = null)
    {
        Note(what);
        if (!expected.shape.SequenceEqual(actual.shape))
        {
            Fail($"{what} is [{string.Join(", ", actual.shape)}], [{string.Join(", ", expected.shape)}] expected");
            return;
        }
        using var scope = NewDisposeScope();
        using var withoutGradients = no_grad();
        var (e, a) = (expected.to(ScalarType.Float64), actual.detach().to(ScalarType.Float64));
        var difference = (e - a).abs();
        if (mask is not null) difference = difference * mask.to(ScalarType.Float64);
        if (difference.numel() == 0) return;
        var (largest, size) = (difference.max().item<double>(), e.abs().max().item<double>());
        if (double.IsFinite(largest)) LargestError = Math.Max(LargestError ?? 0, largest / Math.Max(1, size));
        if (!(largest <= absolute + (relative * size))) Fail(string.Create(CultureInfo.InvariantCulture, $"{what}: largest difference {largest:g3}, {absolute + (relative * size):g3} allowed"));
    }

    public void Equal<T>(string what, T expected, T actual)
    {
        Note(what);
        if (!EqualityComparer<T>.Default.Equals(expected, actual)) Fail($"{what} is '{actual}', '{expected}' expected");
    }

    public void Sequence<T>(string what, IEnumerable<T> expected, IEnumerable<T> actual)
    {
        Note(what);
        var (e, a) = (expected.ToList(), actual.ToList());
        if (e.SequenceEqual(a)) return;
        var at = e.Zip(a).TakeWhile(pair => EqualityComparer<T>.Default.Equals(pair.First, pair.Second)).Count();
        Fail($"{what}: {a.Count} items, {e.Count} expected; the first difference is at {at}: '{(at < a.Count ? a[at] : default)}' instead of '{(at < e.Count ? e[at] : default)}'");
    }

    /// <summary>What became of the case. One that nothing was compared in has not passed.</summary>
    public CaseResult Result(string file, string name)
    {
        var mismatch = Mismatch ?? (_compared.Count == 0 ? "nothing was compared" : null);
        return new(file, name, mismatch is null ? Verdict.Passed : Verdict.Failed, Compared, LargestError, mismatch);
    }

    private void Note(string what)
    {
        if (!_compared.Contains(what)) _compared.Add(what);
    }

    private void Fail(string mismatch) => Mismatch ??= mismatch;
}

/// <summary>Numbers and lists out of JSON.</summary>
internal static class JsonReading
{
    public static double ToDouble(this JsonElement value) => value.ValueKind == JsonValueKind.String ? double.Parse(value.GetString()!, CultureInfo.InvariantCulture) : value.GetDouble();

    public static double[] ToDoubles(this JsonElement list) => [.. list.EnumerateArray().Select(ToDouble)];

    public static float[] ToFloats(this JsonElement list) => [.. list.EnumerateArray().Select(value => value.ValueKind == JsonValueKind.String ? float.Parse(value.GetString()!, CultureInfo.InvariantCulture) : value.GetSingle())];

    public static int[] ToInts(this JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetInt32())];

    public static string[] ToTexts(this JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetString()!)];

    public static bool IsGiven(this JsonElement value) => value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    /// <summary>Nested lists of numbers as a float32 or int64 tensor.</summary>
    public static Tensor ReadTensor(this JsonElement nested, ScalarType type = ScalarType.Float32)
    {
        List<long> shape = [];
        for (var level = nested; level.ValueKind == JsonValueKind.Array; level = level[0])
        {
            shape.Add(level.GetArrayLength());
            if (level.GetArrayLength() == 0) break;
        }
        return type == ScalarType.Int64 ? tensor([.. Flat(nested).Select(value => value.GetInt64())], shape.ToArray()) : tensor([.. Flat(nested).Select(value => value.GetSingle())], shape.ToArray());
    }

    private static IEnumerable<JsonElement> Flat(JsonElement value) => value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().SelectMany(Flat) : [value];
}
