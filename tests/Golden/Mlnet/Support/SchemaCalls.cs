using System.Reflection;
using System.Runtime.CompilerServices;

/// <summary>Calls of schema.json that the fixtures describe in words.</summary>
public static class SchemaCalls
{
    private static readonly string[] s_slots = { "s0", "s1" };

    public static object Enumerated<T>(IEnumerable<T> rows)
    {
        var members = typeof(T).GetMembers(BindingFlags.Instance | BindingFlags.Public).Where(m => m is FieldInfo or PropertyInfo).OrderBy(m => m.MetadataToken).ToArray();
        object Value(MemberInfo member, object row) => member is FieldInfo field ? field.GetValue(row) : ((PropertyInfo)member).GetValue(row);
        var written = new List<object>();
        var objects = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach (var row in rows)
        {
            objects.Add(row);
            // At once, as a row object may be filled anew. A single member stands for its row.
            written.Add(members.Length == 0 ? "row" : members.Length == 1 ? Catch(() => Value(members[0], row)) : Catch(() => O(members.SelectMany(m => new[] { m.Name, Value(m, row) }).ToArray())));
        }
        return O("rows", written, "distinctObjects", objects.Count);
    }

    public static object TypeFacts(string code, DataViewType type)
    {
        var vector = type as VectorDataViewType;
        var key = type as KeyDataViewType;
        return O("type", code, "text", type.ToString(), "rawType", type.RawType.ToString(), "size", vector?.Size, "dimensions", vector?.Dimensions.ToArray(), "count", key?.Count);
    }

    public static object ConstraintOfRows() => typeof(DataOperationsCatalog).GetMethods().Where(m => m.Name == "LoadFromEnumerable")
        .All(m => m.GetGenericArguments()[0].GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint)) ? "where TRow : class" : "no constraint";

    public static object TypeEquality() => O(
        "key5==key5", new KeyDataViewType(typeof(uint), 5).Equals(new KeyDataViewType(typeof(uint), 5)),
        "key5==key6", new KeyDataViewType(typeof(uint), 5).Equals(new KeyDataViewType(typeof(uint), 6)),
        "vector3==vector3", new VectorDataViewType(NumberDataViewType.Single, 3).Equals(new VectorDataViewType(NumberDataViewType.Single, 3)),
        "vector6==vector2x3", new VectorDataViewType(NumberDataViewType.Single, 6).Equals(new VectorDataViewType(NumberDataViewType.Single, 2, 3)),
        "unknown==unknown", new VectorDataViewType(NumberDataViewType.Single).Equals(new VectorDataViewType(NumberDataViewType.Single)),
        "unknownIsKnownSize", new VectorDataViewType(NumberDataViewType.Single).IsKnownSize);

    public static object Definition(SchemaDefinition definition) => definition.Select(c => O("memberName", c.MemberName, "columnName", c.ColumnName, "type", c.ColumnType.ToString())).ToArray();

    private static VBuffer<ReadOnlyMemory<char>> Texts(params string[] texts) => new(texts.Length, texts.Select(text => text.AsMemory()).ToArray());

    public static object TypesAndNames(MLContext ml)
    {
        var definition = SchemaDefinition.Create(typeof(Vectors));
        definition["Unknown"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 2);
        definition["Three"].ColumnName = "Renamed";
        definition["Words"].AddAnnotation("SlotNames", Texts(s_slots), new VectorDataViewType(TextDataViewType.Instance, 2));
        definition.RemoveAll(c => c.MemberName is "Bools" or "Buffer");
        var row = new Vectors { Three = new float[] { 1, 2, 3 }, Unknown = new float[] { 1, 2 }, NoAttribute = new float[] { 3 }, Matrix = new float[6], Words = new[] { "a", "b" }, Buffer4 = new VBuffer<float>(4, new float[4]) };
        return O("definition", Definition(definition), "view", Dump(ml.Data.LoadFromEnumerable(new[] { row }, definition)));
    }

    public static object IncompatibleType(MLContext ml, List<TextRow> rows)
    {
        var definition = SchemaDefinition.Create(typeof(TextRow));
        definition["Value"].ColumnType = TextDataViewType.Instance;
        return Dump(ml.Data.LoadFromEnumerable(rows, definition));
    }

    public static object LoadWithSchema(MLContext ml, List<TextRow> rows)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddPrimitiveValue("Note", NumberDataViewType.Int32, 5);
        var schema = new DataViewSchema.Builder();
        schema.AddColumn("Text", TextDataViewType.Instance, annotations.ToAnnotations());
        schema.AddColumn("Value", NumberDataViewType.Single);
        return Dump(ml.Data.LoadFromEnumerable(rows, schema.ToSchema()));
    }

    public static object HiddenColumns(MLContext ml, List<TextRow> rows)
    {
        var data = ml.Data.LoadFromEnumerable(rows);
        var view = ml.Transforms.CopyColumns("Text", "Value").Append(ml.Transforms.Conversion.ConvertType("Text", outputKind: DataKind.Double)).Fit(data).Transform(data);
        return O("dump", Dump(view), "count", view.Schema.Count, "indexOfText", view.Schema["Text"].Index, "orNull", view.Schema.GetColumnOrNull("Text")?.Index,
            "hiddenByIndexReadable", Values(view, new[] { view.Schema[0] })[0], "columnToString", view.Schema["Text"].ToString(),
            "unknown", Catch(() => view.Schema["Nope"].Index), "unknownOrNull", view.Schema.GetColumnOrNull("Nope")?.Index, "indexOutOfRange", Catch(() => view.Schema[99].Index));
    }

    public static object SchemaBuilder()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddPrimitiveValue("Text", TextDataViewType.Instance, "note".AsMemory());
        annotations.AddPrimitiveValue("IsNormalized", BooleanDataViewType.Instance, true);
        annotations.AddPrimitiveValue("Number", NumberDataViewType.Double, 2.5);
        annotations.Add("SlotNames", new VectorDataViewType(TextDataViewType.Instance, 2), (ref VBuffer<ReadOnlyMemory<char>> value) => value = Texts("p", "q"));
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("A", new VectorDataViewType(NumberDataViewType.Single, 2), annotations.ToAnnotations());
        builder.AddColumn("B", NumberDataViewType.Int32);
        builder.AddColumn("A", TextDataViewType.Instance);
        var schema = builder.ToSchema();
        var copy = new DataViewSchema.Builder();
        copy.AddColumns(schema);
        copy.AddColumn("C", BooleanDataViewType.Instance);
        VBuffer<ReadOnlyMemory<char>> slots = default;
        schema[0].GetSlotNames(ref slots);
        int number = 0;
        return O("schema", Schema(schema), "isNormalized", schema[0].IsNormalized(), "hasSlotNames", schema[0].HasSlotNames(), "slotNames", slots, "copied", Schema(copy.ToSchema()),
            "wrongGetterType", Catch(() => schema[0].Annotations.GetGetter<int>(schema[0].Annotations.Schema["Text"])),
            "missingAnnotation", Catch(() => { schema[0].Annotations.GetValue("Nope", ref number); return number; }),
            "nullName", Catch(() => { builder.AddColumn(null, TextDataViewType.Instance); return null; }),
            "emptyName", Catch(() => { builder.AddColumn("", TextDataViewType.Instance); return null; }),
            "nullType", Catch(() => { builder.AddColumn("X", null); return null; }));
    }

    public static object Columns(MLContext ml, List<TextRow> rows)
    {
        var data = ml.Data.LoadFromEnumerable(rows);
        var keys = new Table(Col.K("K", 3, null, 0, 1, 3));
        var one = new Table(Col.V("V", 2, new float[] { 1, 2 }), Col.VT("W", 2, new[] { "a", "b" }), Col.I("N", 1));
        return O("stringOfText", Catch(() => data.GetColumn<string>("Text")), "memoryOfText", Catch(() => data.GetColumn<ReadOnlyMemory<char>>("Text")), "float", Catch(() => data.GetColumn<float>("Value")),
            "doubleOfSingle", Catch(() => data.GetColumn<double>("Value")), "intOfSingle", Catch(() => data.GetColumn<int>("Value")), "missing", Catch(() => data.GetColumn<string>("Nope")),
            "uintOfKey", Catch(() => keys.GetColumn<uint>("K")), "stringOfKey", Catch(() => keys.GetColumn<string>("K")), "intOfKey", Catch(() => keys.GetColumn<int>("K")),
            "arrayOfVector", Catch(() => one.GetColumn<float[]>("V")), "bufferOfVector", Catch(() => one.GetColumn<VBuffer<float>>("V")), "stringArrayOfVector", Catch(() => one.GetColumn<string[]>("W")),
            "longOfInt", Catch(() => one.GetColumn<long>("N")), "floatOfInt", Catch(() => one.GetColumn<float>("N")));
    }

    public static object Preview(MLContext ml, List<TextRow> rows)
    {
        var data = ml.Data.LoadFromEnumerable(rows);
        var estimator = ml.Transforms.CopyColumns("Text", "Value");
        var transformer = estimator.Fit(data);
        var preview = transformer.Transform(data).Preview(2);
        return O("text", preview.ToString(), "columns", preview.ColumnView.Select(c => O("name", c.Column.Name, "index", c.Column.Index, "values", c.Values)).ToArray(),
            "rows", preview.RowView.Select(r => r.Values.Select(v => O("key", v.Key, "value", v.Value)).ToArray()).ToArray(), "zero", data.Preview(0).RowView.Length,
            "negative", Catch(() => data.Preview(-1).ToString()), "transformer", transformer.Preview(data, 1).ToString(), "estimator", estimator.Preview(data, 1, 1).ToString());
    }

    public static object RowCounts(MLContext ml, List<TextRow> rows)
    {
        object Of(IDataView view) => O("rowCount", view.GetRowCount(), "canShuffle", view.CanShuffle, "type", view.GetType().Name);
        var list = ml.Data.LoadFromEnumerable(rows);
        var iterator = ml.Data.LoadFromEnumerable(Iterator(rows));
        var mapping = ml.Transforms.CopyColumns("Copy", "Value");
        var (cache, iteratorCache) = (ml.Data.Cache(list), ml.Data.Cache(iterator));
        var (before, iteratorBefore) = (Of(cache), Of(iteratorCache));
        Column(cache, "Value");
        Column(iteratorCache, "Value");
        return O("array", Of(ml.Data.LoadFromEnumerable(rows.ToArray())), "list", Of(list), "iterator", Of(iterator), "mapped", Of(mapping.Fit(list).Transform(list)), "mappedIterator", Of(mapping.Fit(iterator).Transform(iterator)),
            "take2", Of(ml.Data.TakeRows(list, 2)), "skip1", Of(ml.Data.SkipRows(list, 1)), "filter", Of(ml.Data.FilterRowsByColumn(list, "Value", 0, 0.5)), "shuffle", Of(ml.Data.ShuffleRows(list)),
            "cacheBefore", before, "cacheAfter", Of(cache), "cacheOfIteratorBefore", iteratorBefore, "cacheOfIteratorAfter", Of(iteratorCache), "trainSplit", Of(ml.Data.TrainTestSplit(list).TrainSet));
    }
}
