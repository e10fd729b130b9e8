using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Golden.Mlnet;

/// <summary>The files whose cases bring their own code: errors, transforms, trainers, laziness, save-load, log.</summary>
internal sealed partial class CodeReader(string file) : MlnetReader
{
    public override string? Body(JsonElement fixtureCase, JsonElement fixture)
    {
        if (!fixtureCase.TryGetProperty("code", out var text)) return null;
        var code = text.GetString()!;
        var options = fixtureCase.GetProperty("options");
        var givesExpected = options.ValueKind == JsonValueKind.Object && options.TryGetProperty("codeGives", out _);
        return file switch
        {
            "errors" => Context + TableAndOther + Return($"ReadAll(((Func<object>)(() => {code}))())"),
            "transforms" => Context + TableAndOther + Return($"FitAndDump(((Func<object>)(() => {code}))(), t{Columns(fixtureCase.GetProperty("expected"))})"),
            "trainers" => Context + TableAndOther + Return(options.ValueKind == JsonValueKind.Object ? Trained(code, fixtureCase) : code),
            "laziness" => Laziness(code, fixture, givesExpected),
            "save-load" => Context + TableAndOther + Return(code),
            _ => Log(code, fixtureCase, givesExpected),
        };
    }

    /// <summary>The columns whose values the expected dump holds.</summary>
    private static string Columns(JsonElement expected) => expected.ValueKind == JsonValueKind.Object && expected.TryGetProperty("values", out var values) && values.ValueKind == JsonValueKind.Object
        ? string.Concat(values.EnumerateObject().Select(column => ", " + CSharp.Text(column.Name)))
        : "";

    private static string Trained(string code, JsonElement fixtureCase)
    {
        var model = fixtureCase.GetProperty("expected") is { ValueKind: JsonValueKind.Object } expected && expected.TryGetProperty("model", out var m) ? m : default;
        var modelHelper = model.ValueKind != JsonValueKind.Object ? "OtherModel" : model.TryGetProperty("classes", out _) ? "MaximumEntropyModel" : model.TryGetProperty("calibratorSlope", out _) ? "CalibratedModel" : "OtherModel";
        var evaluate = fixtureCase.GetProperty("options").GetProperty("evaluate").GetString()!;
        var metrics = evaluate.StartsWith("Multiclass", StringComparison.Ordinal)
            ? "\"microAccuracy\", metrics.MicroAccuracy, \"macroAccuracy\", metrics.MacroAccuracy, \"logLoss\", metrics.LogLoss"
            : $"\"accuracy\", metrics.Accuracy, \"areaUnderRocCurve\", metrics.AreaUnderRocCurve, \"logLoss\", {(evaluate.EndsWith("NonCalibrated", StringComparison.Ordinal) ? "null" : "metrics.LogLoss")}";
        return $$"""
            {
                var model = ((IEstimator<ITransformer>)({{code}})).Fit(t);
                var scored = model.Transform(t);
                var metrics = ml.{{evaluate}}(scored);
                return O("modelType", model.GetType().ToString(), "model", {{modelHelper}}(model), "output", Output(scored), {{metrics}});
            }
            """;
    }

    private static string Laziness(string code, JsonElement fixture, bool givesExpected) => givesExpected
        ? Context + "SourceRows = fixture;\nvar t = Source();\n" + Return(code)
        : Context + "SourceRows = fixture;\nvar t = Source();\nint mapped = 0;\nvar view = " + fixture.GetProperty("mapping").GetString() + ";\nreturn Answer(() => { var value = ((Func<object>)(() => " + code + "))(); return Counts(t, mapped, value); });";

    private static string Log(string code, JsonElement fixtureCase, bool givesExpected)
    {
        if (givesExpected) return Return(code);
        var kinds = string.Join(", ", fixtureCase.GetProperty("options").GetProperty("kinds").EnumerateArray().Select(kind => CSharp.Text(kind.GetString())));
        var input = fixtureCase.GetProperty("input");
        var file = input.ValueKind == JsonValueKind.Object && input.TryGetProperty("file", out var name)
            ? $"File.WriteAllText(Path.Combine(dir, {CSharp.Literal(name)}), {CSharp.Literal(input.GetProperty("content"))});\n"
            : "";
        return Context + TableAndOther + file + Return($"Events(ml, new string[] {{ {kinds} }}, () => {code})");
    }

    public override double? Tolerance(string name, string path) => file switch
    {
        "trainers" when IsStochastic(name) => path.EndsWith("icroAccuracy", StringComparison.Ordinal) || path.EndsWith(".accuracy", StringComparison.Ordinal) ? 0.1 : null,
        "trainers" when name.Contains("no-regularisation", StringComparison.Ordinal) && (path.StartsWith(".model.", StringComparison.Ordinal) || path.StartsWith(".output.scores", StringComparison.Ordinal) || path.StartsWith(".output.probabilities", StringComparison.Ordinal)) => null,
        "trainers" when path.StartsWith(".model.", StringComparison.Ordinal) || path.StartsWith(".output.scores", StringComparison.Ordinal) || path.StartsWith(".output.probabilities", StringComparison.Ordinal) => 1e-3,
        "trainers" when !path.StartsWith(".output", StringComparison.Ordinal) => 1e-4,
        "transforms" when name.StartsWith("min-max", StringComparison.Ordinal) || name.StartsWith("mean-variance", StringComparison.Ordinal) || name.StartsWith("lp-norm", StringComparison.Ordinal) || name.StartsWith("featurize-text", StringComparison.Ordinal)
            || name == "concatenate-normalized-flag" => 1e-6,
        _ => 0,
    };

    private static bool IsStochastic(string name) => name.StartsWith("sdca", StringComparison.Ordinal) || name.StartsWith("averaged-perceptron", StringComparison.Ordinal);

    public override bool Skips(JsonElement fixtureCase, string path) => file == "trainers" && IsStochastic(fixtureCase.GetProperty("name").GetString()!) && path.StartsWith(".output.predicted", StringComparison.Ordinal);

    /// <summary>Losses in the optimizer's messages agree as far as another implementation of it does.</summary>
    public override bool SameText(string expected, string actual)
    {
        if (expected == actual || file != "log") return expected == actual;
        var (e, a) = (Number().Matches(expected), Number().Matches(actual));
        return e.Count == a.Count && Number().Replace(expected, "#") == Number().Replace(actual, "#")
            && e.Zip(a).All(pair => Math.Abs(Parse(pair.First) - Parse(pair.Second)) <= 1e-3 * Math.Max(1, Math.Abs(Parse(pair.First))));
    }

    private static double Parse(Match number) => double.Parse(number.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\d+\.\d+(E[-+]\d+)?")]
    private static partial Regex Number();
}
