using System.Text.Json;

namespace Golden.Mlnet;

/// <summary>evaluate-*.json: the Evaluate verbs and CrossValidate with an estimator that only copies a column.</summary>
internal sealed class EvaluateReader : MlnetReader
{
    public override string? Body(JsonElement fixtureCase, JsonElement fixture)
    {
        var (catalog, verb) = fixtureCase.GetProperty("call").GetString()!.Split('.') is [var first, var second] ? (first, second) : ("", "");
        var metrics = (catalog, verb) switch
        {
            ("MulticlassClassification", "Evaluate" or "CrossValidate") => "Multiclass",
            ("BinaryClassification", "Evaluate" or "CrossValidate") => "Calibrated",
            ("BinaryClassification", "EvaluateNonCalibrated" or "CrossValidateNonCalibrated") => "Binary",
            ("Regression", "Evaluate" or "CrossValidate") => "Regression",
            _ => null,
        };
        if (metrics is null) return null;
        if (verb.StartsWith("Evaluate", StringComparison.Ordinal))
        {
            var arguments = CSharp.Named(fixtureCase, fixtureCase.GetProperty("options").EnumerateObject().Select(option => option.Name).ToArray());
            return Context + TableAndOther + Return($"Measured.{metrics}(ml.{catalog}.{verb}(t, {arguments}))");
        }
        var row = fixtureCase.GetProperty("input").GetProperty("class").GetString();
        return $"""
            var ml = new MLContext({CSharp.Option(fixtureCase, "contextSeed")});
            var data = ml.Data.LoadFromEnumerable(ReadRows<{row}>(fixtureCase.GetProperty("input").GetProperty("rows")));
            """ + "\n" + Return($"Folds(ml.{catalog}.{verb}(data, ml.{fixtureCase.GetProperty("options").GetProperty("estimator").GetString()}, {CSharp.Named(fixtureCase, "numberOfFolds", "labelColumnName", "samplingKeyColumnName", "seed")}), Measured.{metrics}, {(ListsModels(fixtureCase) ? "true" : "false")})");
    }

    /// <summary>Only some files say which model each fold gave, and the columns of its scored rows.</summary>
    private static bool ListsModels(JsonElement fixtureCase) => fixtureCase.GetProperty("expected") is { ValueKind: JsonValueKind.Array } folds && folds.EnumerateArray().Any(fold => fold.TryGetProperty("model", out _));

    public override double? Tolerance(string name, string path) => path switch
    {
        ".lossFunction" => 1e-6,
        ".rSquared" when name is "large-offset" or "single-row" => null,
        _ when name == "tiny-numbers" => 1e-4,
        _ => 1e-9,
    };
}
