using System.Text.Json;

namespace Golden.Mlnet;

/// <summary>split.json: which rows end up where.</summary>
internal sealed class SplitReader : MlnetReader
{
    public override string? Body(JsonElement fixtureCase, JsonElement fixture)
    {
        var expression = Expression(fixtureCase);
        return expression is null ? null : $"var ml = new MLContext({Seed(fixtureCase)});\n{Data(fixtureCase)}" + Return(expression);
    }

    private static string Seed(JsonElement fixtureCase) => fixtureCase.GetProperty("options") is { ValueKind: JsonValueKind.Object } options && options.TryGetProperty("contextSeed", out var seed) ? CSharp.Literal(seed) : "1";

    private static string Data(JsonElement fixtureCase)
    {
        var input = fixtureCase.GetProperty("input");
        if (input.ValueKind == JsonValueKind.Null) return "";
        if (!input.TryGetProperty("dataset", out var dataset)) return "var data = ReadTable(fixtureCase.GetProperty(\"input\"), \"columns\");\n";
        var iterates = input.TryGetProperty("iterator", out var iterator) && iterator.GetBoolean();
        return $"var rows = ReadDataset(fixture, {CSharp.Literal(dataset)});\nvar data = ml.Data.LoadFromEnumerable({(iterates ? "Iterator(rows)" : "rows")});\n";
    }

    private static string? Expression(JsonElement c) => c.GetProperty("call").GetString() switch
    {
        "Data.TrainTestSplit" => $$"""{ var split = ml.Data.TrainTestSplit(data, {{Fraction(c)}}, {{CSharp.Named(c, "samplingKeyColumnName", "seed")}}); return O("train", Ids(split.TrainSet), "test", Ids(split.TestSet), "trainSchema", Names(split.TrainSet.Schema), "testSchema", Names(split.TestSet.Schema)); }""",
        "Data.TrainTestSplit called twice on one MLContext without a call seed" =>
            $$"""{ var first = ml.Data.TrainTestSplit(data, {{Fraction(c)}}); var second = ml.Data.TrainTestSplit(data, {{Fraction(c)}}); return O("first", Ids(first.TestSet), "second", Ids(second.TestSet), "firstAgain", Ids(first.TestSet)); }""",
        "TrainTestSplit of a TrainSet" =>
            $$"""{ var split = ml.Data.TrainTestSplit(ml.Data.TrainTestSplit(data, {{Fraction(c)}}).TrainSet, {{Fraction(c)}}); return O("train", Ids(split.TrainSet), "test", Ids(split.TestSet), "schema", split.TrainSet.Schema.Select(column => column.Name)); }""",
        "the data has a column SamplingKeyColumn of its own" => $$"""
            {
                var rows = ReadDataset(fixture, "rows20");
                var data = ml.Transforms.CopyColumns("SamplingKeyColumn", "Value").Fit(ml.Data.LoadFromEnumerable(rows)).Transform(ml.Data.LoadFromEnumerable(rows));
                var split = ml.Data.TrainTestSplit(data, {{Fraction(c)}});
                return O("test", Ids(split.TestSet), "schema", Names(split.TestSet.Schema));
            }
            """,
        "Data.CrossValidationSplit" => $$"""{ var folds = ml.Data.CrossValidationSplit(data, {{CSharp.Named(c, "numberOfFolds", "samplingKeyColumnName", "seed")}}); return O("tests", folds.Select(fold => Ids(fold.TestSet)), "trains", folds.Select(fold => Ids(fold.TrainSet)), "trainSchema", Names(folds[0].TrainSet.Schema)); }""",
        "Data.ShuffleRows" => $"Twice(ml.Data.ShuffleRows(data, {CSharp.Named(c, "seed", "shufflePoolSize", "shuffleSource")}))",
        "Data.TakeRows" => $"Twice(ml.Data.TakeRows(data, {CSharp.Option(c, "count")}))",
        "Data.SkipRows" => $"Twice(ml.Data.SkipRows(data, {CSharp.Option(c, "count")}))",
        "TakeRows(SkipRows(data, 3), 4)" => "Twice(ml.Data.TakeRows(ml.Data.SkipRows(data, 3), 4))",
        "Data.FilterRowsByColumn" or "Data.FilterRowsByColumn on Id" => $"O(\"ids\", Ids(ml.Data.FilterRowsByColumn(data, {CSharp.Option(c, "columnName")}, {Bound(c, "lowerBound", "double.NegativeInfinity")}, {Bound(c, "upperBound", "double.PositiveInfinity")})))",
        "Data.FilterRowsByMissingValues(data, \"Value\")" => "O(\"ids\", Ids(ml.Data.FilterRowsByMissingValues(data, \"Value\")))",
        "Data.FilterRowsByMissingValues(data, \"Key\")" => "O(\"ids\", Ids(ml.Data.FilterRowsByMissingValues(data, \"Key\")))",
        "Data.FilterRowsByMissingValues(data, \"Value\", \"Key\")" => "O(\"ids\", Ids(ml.Data.FilterRowsByMissingValues(data, \"Value\", \"Key\")))",
        "Data.FilterRowsByMissingValues(table, \"V\")" => "O(\"ids\", Ids(ml.Data.FilterRowsByMissingValues(data, \"V\")))",
        "Data.FilterRowsByKeyColumnFraction(data, \"Key\", lo, hi)" => $"O(\"ids\", Ids(ml.Data.FilterRowsByKeyColumnFraction(data, \"Key\", {Bound(c, "lowerBound", "0")}, {Bound(c, "upperBound", "1")})))",
        "Data.Cache, Data.Cache(data, \"Id\"), ShuffleRows of a cache" =>
            $$"""O("all", Twice(ml.Data.Cache(data)), "prefetch", Twice(ml.Data.Cache(data, "Id")), "iterator", Twice(ml.Data.Cache(ml.Data.LoadFromEnumerable(Iterator(rows)))), "shuffled", Twice(ml.Data.ShuffleRows(ml.Data.Cache(data), {{CSharp.Named(c, "seed")}})))""",
        "Data.BootstrapSample" => $"Twice(ml.Data.BootstrapSample(data, {CSharp.Named(c, "seed", "complement")}))",
        "Data.FilterByCustomPredicate<IdRow>(data, r => r.Id % 3 == 0): true removes the row" => "Twice(ml.Data.FilterByCustomPredicate<IdRow>(data, r => r.Id % 3 == 0))",
        _ => null,
    };

    /// <summary>Lists of ids that are too long to be given are null.</summary>
    public override bool Skips(JsonElement fixtureCase, string path) => path is ".train" or ".trains" && fixtureCase.GetProperty("expected").TryGetProperty(path[1..], out var ids) && ids.ValueKind == JsonValueKind.Null;

    private static string Fraction(JsonElement c) => CSharp.Double(c.GetProperty("options").GetProperty("testFraction"));

    private static string Bound(JsonElement c, string name, string none) => c.GetProperty("options").GetProperty(name) is { ValueKind: not JsonValueKind.Null } value ? CSharp.Double(value) : none;
}
