using System.Text.Json;
using Golden.Comparison;
using Golden.Replay;

namespace Golden.TorchSharp;

/// <summary>The rules of comparison that the fixtures' README gives.</summary>
internal static class TorchSharpJudge
{
    public static CaseResult Judge(string label, JsonElement fixtureCase, ReplayAnswer answer)
    {
        var name = fixtureCase.GetProperty("name").GetString()!;
        var expected = fixtureCase.GetProperty("expected");
        if (expected.ValueKind == JsonValueKind.Object && expected.TryGetProperty("process_ends", out _)) return JudgeEnd(label, name, expected, answer);
        if (answer.Json is null) return new CaseResult(label, name, Verdict.Failed, "nothing", null, answer.Broken);

        using var actual = JsonDocument.Parse(answer.Json);
        if (LacksOperator(expected, actual.RootElement) is { } lacking) return CaseResult.Unsupported(label, name, $"this libtorch says: {lacking}");
        var init = label.EndsWith("/init.json", StringComparison.Ordinal);
        var single = !init ? 1e-5 : IsLoose(name) ? 1e-5 : 1e-6;
        var numbers = label.EndsWith("/optim.json", StringComparison.Ordinal) && name.StartsWith("schedule/", StringComparison.Ordinal) ? 1e-12 : single;
        var @double = init && IsLoose(name) || ConvertsAfterMultiplying(fixtureCase) ? 1e-5 : 1e-12;
        var comparison = new JsonComparison(_ => numbers) { Special = (c, e, a, path) => Tensors(c, e, a, path, single, @double) || Exceptions(c, e, a, path) };
        comparison.Compare(expected, actual.RootElement);
        if (comparison.Mismatch is null && comparison.Remark is { } remark) return CaseResult.Unsupported(label, name, remark);
        return new CaseResult(label, name, comparison.Mismatch is null ? Verdict.Passed : Verdict.Failed, $"{comparison.Values} values", comparison.Numbers > 0 ? comparison.LargestError : null, comparison.Mismatch);
    }

    /// <summary>What an older libtorch says of an operator that it does not have for a type; null where it says no such thing, or where the fixture says it too.</summary>
    private static string? LacksOperator(JsonElement expected, JsonElement actual)
    {
        if (actual.ValueKind != JsonValueKind.Object || !actual.TryGetProperty("exception", out var exception) || (expected.ValueKind == JsonValueKind.Object && expected.TryGetProperty("exception", out _))) return null;
        var message = exception.GetProperty("message").GetString()!;
        return exception.TryGetProperty("native", out _) && message.Contains("not implemented for '", StringComparison.Ordinal) ? message : null;
    }

    private static bool IsLoose(string name) => name.Contains("orthogonal", StringComparison.Ordinal) || name.Contains("attention", StringComparison.Ordinal) || name.Contains("lstm", StringComparison.OrdinalIgnoreCase);

    /// <summary>A matrix product in float32 that becomes float64 afterwards carries float32's rounding, which each BLAS does in its own order.</summary>
    private static bool ConvertsAfterMultiplying(JsonElement fixtureCase)
    {
        var call = fixtureCase.GetProperty("call").GetString()!;
        var product = call.IndexOf("matmul(", StringComparison.Ordinal);
        return product >= 0 && call.IndexOf(".to(float64)", StringComparison.Ordinal) > product && !fixtureCase.GetProperty("input").GetRawText().Contains("\"float64\"", StringComparison.Ordinal);
    }

    private static bool Tensors(JsonComparison comparison, JsonElement expected, JsonElement actual, string path, double single, double @double)
    {
        if (!IsTensor(expected) || !IsTensor(actual)) return false;
        comparison.Compare(expected.GetProperty("dtype"), actual.GetProperty("dtype"), path + ".dtype");
        comparison.Compare(expected.GetProperty("shape"), actual.GetProperty("shape"), path + ".shape");
        if (comparison.Mismatch is not null) return true;
        var allowed = expected.GetProperty("dtype").GetString() switch { "float32" => single, "float64" => @double, "bfloat16" => 1.0 / 128, "float16" => 1.0 / 1024, _ => 0 };
        var (e, a) = (expected.GetProperty("data"), actual.GetProperty("data"));
        if (e.GetArrayLength() != a.GetArrayLength()) comparison.Report($"{path}.data has {a.GetArrayLength()} items, {e.GetArrayLength()} expected");
        else
            for (var i = 0; i < e.GetArrayLength(); i++)
            {
                // Releases of libtorch differ in what infinities become: 2.6 has kernels that give NaN where 1.13 keeps the infinity.
                if (IsText(e[i], "NaN") && (IsText(a[i], "Infinity") || IsText(a[i], "-Infinity"))) comparison.Remark ??= $"{path}.data[{i}]: this libtorch keeps an infinity where that of the fixtures gives NaN";
                else if (e[i].ValueKind is JsonValueKind.Number or JsonValueKind.String) comparison.CompareNumbers(e[i], a[i], $"{path}.data[{i}]", allowed);
                else comparison.Compare(e[i], a[i], $"{path}.data[{i}]");
            }
        return true;
    }

    private static bool IsText(JsonElement e, string text) => e.ValueKind == JsonValueKind.String && e.GetString() == text;

    private static bool IsTensor(JsonElement e) => e.ValueKind == JsonValueKind.Object && e.TryGetProperty("dtype", out _) && e.TryGetProperty("shape", out _) && e.TryGetProperty("data", out _);

    /// <summary>Type equal; message equal, or for errors of libtorch alike in the first 16 characters. The rest is for information.</summary>
    private static bool Exceptions(JsonComparison comparison, JsonElement expected, JsonElement actual, string path)
    {
        if (expected.ValueKind != JsonValueKind.Object || !expected.TryGetProperty("exception", out var e)) return false;
        if (actual.ValueKind != JsonValueKind.Object || !actual.TryGetProperty("exception", out var a))
        {
            comparison.Report($"{path} gave {Shorten(actual.GetRawText())}, {Shorten(expected.GetRawText())} expected");
            return true;
        }
        comparison.Compare(e.GetProperty("type"), a.GetProperty("type"), path + ".exception.type");
        var (wanted, got) = (e.GetProperty("message").GetString()!, a.GetProperty("message").GetString()!);
        var alike = e.TryGetProperty("native", out _) ? Beginning(wanted, 16) == Beginning(got, 16) : wanted == got;
        if (!alike) comparison.Report($"{path}.exception.message is '{got}', '{wanted}' expected");
        return true;
    }

    /// <summary>The genuine library ends the process here; a subset that throws is right too.</summary>
    private static CaseResult JudgeEnd(string label, string name, JsonElement expected, ReplayAnswer answer)
    {
        const string Compared = "the end of the process, or an exception in its place";
        if (answer.Signal is { } signal)
        {
            var same = signal == expected.GetProperty("signal").GetInt32();
            return new CaseResult(label, name, same ? Verdict.Passed : Verdict.Failed, Compared, null, same ? null : answer.Broken);
        }
        if (answer.Json is null) return new CaseResult(label, name, Verdict.Failed, Compared, null, answer.Broken);
        using var actual = JsonDocument.Parse(answer.Json);
        if (actual.RootElement.ValueKind != JsonValueKind.Object || !actual.RootElement.TryGetProperty("exception", out var exception))
            return new CaseResult(label, name, Verdict.Failed, Compared, null, $"gave {Shorten(answer.Json)}, an exception expected");
        var (type, message) = (exception.GetProperty("type").GetString(), exception.GetProperty("message").GetString()!);
        var lines = expected.TryGetProperty("standard_error", out var text) ? text.EnumerateArray().Select(line => line.GetString()!).ToList() : [];
        var what = lines.Find(line => line.StartsWith("what():", StringComparison.Ordinal))?["what():".Length..].Trim();
        // Managed exceptions that cross a native border leave no what(): any exception with its text counts.
        var right = what is not null && !lines.Exists(line => line.StartsWith("Unhandled exception", StringComparison.Ordinal))
            ? type == "System.Runtime.InteropServices.ExternalException" && Beginning(message, 16) == Beginning(what, 16)
            : message.Length > 0;
        return new CaseResult(label, name, right ? Verdict.Passed : Verdict.Failed, Compared, null, right ? null : $"{type}: {Shorten(message)}; expected: {what}");
    }

    private static string Beginning(string text, int length) => text.Length <= length ? text : text[..length];

    private static string Shorten(string text) => text.Length <= 160 ? text : text[..160] + "...";
}
