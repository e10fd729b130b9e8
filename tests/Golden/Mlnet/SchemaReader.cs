using System.Text.Json;
using Golden.Compilation;

namespace Golden.Mlnet;

/// <summary>schema.json: schemas of classes, types, hidden columns, enumerations, previews, shapes.</summary>
internal sealed class SchemaReader : MlnetReader
{
    private const string Rows = "var rows = ReadRows<TextRow>(fixtureCase.GetProperty(\"input\").GetProperty(\"rows\"));\n";

    public override IEnumerable<Source> Classes(JsonElement fixture) =>
        fixture.GetProperty("classes").EnumerateObject().Select(c => new Source("class " + c.Name, c.Value.GetString()!)).Append(Source.Support("SchemaCalls.cs"));

    public override string? Body(JsonElement fixtureCase, JsonElement fixture)
    {
        var call = fixtureCase.GetProperty("call").GetString()!;
        var name = fixtureCase.GetProperty("name").GetString()!;
        if (name.StartsWith("output-schema: ", StringComparison.Ordinal)) return Context + TableAndOther + Return($"OutputShape({Estimator(call)}, t)");
        if (TypeArgument(call, "Data.LoadFromEnumerable<") is { } row)
            return Context + Return($"Dump(ml.Data.LoadFromEnumerable(ReadRows<{row}>(fixtureCase.GetProperty(\"input\").GetProperty(\"rows\"))))");
        if (TypeArgument(call, "Data.CreateEnumerable<") is { } target)
        {
            var given = fixtureCase.GetProperty("input").ValueKind == JsonValueKind.Null ? null : "ml.Data.LoadFromEnumerable(rows)";
            var data = given ?? TargetData(name);
            return data is null ? null : Context + (given is null ? "" : Rows) + Return($"SchemaCalls.Enumerated(ml.Data.CreateEnumerable<{target}>({data}, {CSharp.Named(fixtureCase, "reuseRowObject", "ignoreMissingColumns")}))");
        }
        if (name == "types-to-string")
            return Return($"new object[] {{ {string.Join(", ", fixtureCase.GetProperty("expected").EnumerateArray().Select(t => t.GetProperty("type").GetString()!).Select(type => $"SchemaCalls.TypeFacts({CSharp.Text(type)}, {type})"))} }}");
        if (name.StartsWith("type-error: ", StringComparison.Ordinal)) return Return(call);
        return name switch
        {
            "struct-rows" => Return("SchemaCalls.ConstraintOfRows()"),
            "type-equality" => Return("SchemaCalls.TypeEquality()"),
            "schema-definition-types-and-names" => Context + Return("SchemaCalls.TypesAndNames(ml)"),
            "schema-definition-of-class" => Return("SchemaCalls.Definition(SchemaDefinition.Create(typeof(KeysRow)))"),
            "schema-definition-incompatible-type" => Context + Rows + Return("SchemaCalls.IncompatibleType(ml, rows)"),
            "load-with-schema" => Context + Rows + Return("SchemaCalls.LoadWithSchema(ml, rows)"),
            "hidden-columns" => Context + Rows + Return("SchemaCalls.HiddenColumns(ml, rows)"),
            "schema-builder" => Return("SchemaCalls.SchemaBuilder()"),
            "get-column" => Context + Rows + Return("SchemaCalls.Columns(ml, rows)"),
            "preview" => Context + Rows + Return("SchemaCalls.Preview(ml, rows)"),
            "row-counts" => Context + Rows + Return("SchemaCalls.RowCounts(ml, rows)"),
            "shape-of-schema" => TableAndOther + Return("Shape(t).Select(column => ShapeColumn(column)).ToArray()"),
            _ => null,
        };
    }

    // Names of types that hold the rows are informational.
    public override bool Skips(JsonElement fixtureCase, string path) => fixtureCase.GetProperty("name").GetString() == "row-counts" && path.EndsWith(".type", StringComparison.Ordinal);

    private static string? TypeArgument(string call, string verb) => call.StartsWith(verb, StringComparison.Ordinal) && call.EndsWith('>') ? call[verb.Length..^1] : null;

    /// <summary>The data of the enumerations whose input is only in their name.</summary>
    private static string? TargetData(string name) => name switch
    {
        "enumerate-key-into-uint" or "enumerate-key-into-string" => "new Table(Col.K(\"Label\", 3, null, 0, 1, 3))",
        "enumerate-vector-into-array" => "new Table(Col.V(\"V\", 2, new float[] { 1, 2 }, new float[] { 3, 4 }))",
        "enumerate-vector-into-vbuffer" => "new Table(Col.V(\"V\", 0, new float[] { 1, 2 }, new float[] { 3, 4, 5 }))",
        "enumerate-vector-of-unknown-size-into-array" => "new Table(Col.V(\"V\", 0, new float[] { 1, 2 }, new float[] { 3, 4, 5 }, new float[] { }))",
        _ => null,
    };

    private static string Estimator(string call) => call switch
    {
        "Transforms.CustomMapping<TextIn, LenOut>" => "ml.Transforms.CustomMapping<TextIn, LenOut>((a, b) => b.Length = 1, null)",
        "MulticlassClassification.Trainers.OneVersusAll(LbfgsLogisticRegression(\"Flag\", \"V\"), \"Key\")" =>
            "ml.MulticlassClassification.Trainers.OneVersusAll(ml.BinaryClassification.Trainers.LbfgsLogisticRegression(\"Flag\", \"V\"), \"Key\")",
        "MapValueToKey(\"K\", \"Text\").Append(Concatenate(\"F\", \"X\", \"V\")).Append(LbfgsMaximumEntropy(\"K\", \"F\")).Append(MapKeyToValue(\"PredictedLabel\"))" =>
            "ml.Transforms.Conversion.MapValueToKey(\"K\", \"Text\").Append(ml.Transforms.Concatenate(\"F\", \"X\", \"V\")).Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(\"K\", \"F\")).Append(ml.Transforms.Conversion.MapKeyToValue(\"PredictedLabel\"))",
        _ => "ml." + call,
    };
}
