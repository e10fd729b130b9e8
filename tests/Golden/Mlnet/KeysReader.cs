using System.Text.Json;

namespace Golden.Mlnet;

/// <summary>keys.json: MapValueToKey, MapKeyToValue, ConvertType.</summary>
internal sealed class KeysReader : MlnetReader
{
    private const string Tables = """
        var ml = new MLContext(1);
        var t = ReadTable(fixtureCase.GetProperty("input"), "fit");
        var keyData = ReadTable(fixtureCase.GetProperty("input"), "keyData");
        var unseen = ReadTable(fixtureCase.GetProperty("input"), "unseen");

        """;

    public override string? Body(JsonElement fixtureCase, JsonElement fixture) => fixtureCase.GetProperty("call").GetString() switch
    {
        "Transforms.Conversion.MapValueToKey" => Tables + MapValueToKey(fixtureCase),
        "MapValueToKey(\"Key\", \"In\").Append(MapKeyToValue(\"Out\", \"Key\"))" => Dumped(fixtureCase, "ml.Transforms.Conversion.MapValueToKey(\"Key\", \"In\").Append(ml.Transforms.Conversion.MapKeyToValue(\"Out\", \"Key\"))"),
        "Transforms.Conversion.MapKeyToValue(\"Out\", input)" => Dumped(fixtureCase, $"ml.Transforms.Conversion.MapKeyToValue(\"Out\", {CSharp.Option(fixtureCase, "inputColumnName")})"),
        "MapValueToKey(\"Label\").Append(CopyColumns(\"PredictedLabel\", \"Label\")).Append(MapKeyToValue(\"PredictedLabel\"))" =>
            Dumped(fixtureCase, "ml.Transforms.Conversion.MapValueToKey(\"Label\").Append(ml.Transforms.CopyColumns(\"PredictedLabel\", \"Label\")).Append(ml.Transforms.Conversion.MapKeyToValue(\"PredictedLabel\"))"),
        "Transforms.Conversion.MapValueToKey(new[] { new InputOutputColumnPair(\"A2\", \"A\"), new InputOutputColumnPair(\"B\") })" =>
            Dumped(fixtureCase, "ml.Transforms.Conversion.MapValueToKey(new[] { new InputOutputColumnPair(\"A2\", \"A\"), new InputOutputColumnPair(\"B\") })"),
        "Transforms.Conversion.MapValueToKey(two pairs, keyData)" => Dumped(fixtureCase, "ml.Transforms.Conversion.MapValueToKey(new[] { new InputOutputColumnPair(\"A\"), new InputOutputColumnPair(\"B\") }, keyData: keyData)"),
        "Transforms.Conversion.ConvertType(\"Out\", \"In\", outputKind)" => Dumped(fixtureCase, $"ml.Transforms.Conversion.ConvertType(\"Out\", \"In\", DataKind.{fixtureCase.GetProperty("options").GetProperty("outputKind").GetString()})"),
        "Schema[\"Out\"].GetKeyValues, HasKeyValues, Annotations" => Tables + KeyValues,
        _ => null,
    };

    private static string MapValueToKey(JsonElement fixtureCase)
    {
        var ordinality = fixtureCase.GetProperty("options").GetProperty("keyOrdinality").GetString();
        var estimator = $"ml.Transforms.Conversion.MapValueToKey({CSharp.Named(fixtureCase, "outputColumnName", "inputColumnName", "maximumNumberOfKeys")}, keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.{ordinality}, "
            + $"{CSharp.Named(fixtureCase, "addKeyValueAnnotationsAsText")}, keyData: keyData)";
        var members = new List<string> { "var model = estimator.Fit(t);", "var members = new List<object> { \"transformed\", Dump(model.Transform(t), \"" + OutputColumn(fixtureCase) + "\") };" };
        if (fixtureCase.GetProperty("input").GetProperty("unseen").ValueKind != JsonValueKind.Null) members.Add("members.AddRange(new object[] { \"transformedUnseen\", Dump(model.Transform(unseen), \"" + OutputColumn(fixtureCase) + "\") });");
        members.Add("members.AddRange(new object[] { \"rowToRow\", ((ITransformer)model).IsRowToRowMapper });");
        return Return($"{{ var estimator = {estimator}; {string.Join(' ', members)} return O(members.ToArray()); }}");
    }

    private static string OutputColumn(JsonElement fixtureCase) => fixtureCase.GetProperty("options").GetProperty("outputColumnName").GetString()!;

    /// <summary>Fitted on the table, which is transformed; the columns are those of the expected dump.</summary>
    private static string Dumped(JsonElement fixtureCase, string estimator)
    {
        var columns = fixtureCase.GetProperty("expected").TryGetProperty("values", out var values) ? string.Concat(values.EnumerateObject().Select(column => $", {CSharp.Text(column.Name)}")) : ", \"Out\"";
        return Tables + Return($"Dump({estimator}.Fit(t).Transform(t){columns})");
    }

    private const string KeyValues = """
        return Answer(() =>
        {
            var column = ml.Transforms.Conversion.MapValueToKey("Out", "In").Fit(t).Transform(t).Schema["Out"];
            VBuffer<ReadOnlyMemory<char>> texts = default;
            VBuffer<int> numbers = default;
            VBuffer<ReadOnlyMemory<char>> slots = default;
            return O("type", column.Type.ToString(), "itemType", (column.Type as VectorDataViewType)?.ItemType.ToString(),
                "hasKeyValues", column.HasKeyValues(), "hasSlotNames", column.HasSlotNames(), "isNormalized", column.IsNormalized(),
                "keyValues", Catch(() => { column.GetKeyValues(ref texts); return texts; }),
                "keyValuesAsInt", Catch(() => { column.GetKeyValues(ref numbers); return numbers; }),
                "slotNames", Catch(() => { column.GetSlotNames(ref slots); return slots; }));
        });
        """;
}
