using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using static Answers;

/// <summary>Schemas and data views in the form of the fixtures.</summary>
public static class Dumps
{
    /// <summary>Schema and values: of the named columns, or of all visible ones.</summary>
    public static object Dump(IDataView view, params string[] columns)
    {
        var wanted = columns.Length > 0 ? columns.Select(name => view.Schema[name]).ToList() : view.Schema.Where(column => !column.IsHidden).ToList();
        var values = Values(view, wanted);
        return O("schema", Schema(view.Schema), "values", O(wanted.SelectMany((column, i) => new object[] { column.Name, values[i] }).ToArray()));
    }

    /// <summary>All rows of the columns, read through one cursor.</summary>
    public static List<object>[] Values(IDataView view, IReadOnlyList<DataViewSchema.Column> columns)
    {
        var values = columns.Select(_ => new List<object>()).ToArray();
        using var cursor = view.GetRowCursor(columns);
        var readers = columns.Select(column => Reader(cursor, column)).ToArray();
        while (cursor.MoveNext())
            for (int i = 0; i < readers.Length; i++) values[i].Add(readers[i]());
        return values;
    }

    /// <summary>The values of one column by its name.</summary>
    public static List<object> Column(IDataView view, string name) => Values(view, new[] { view.Schema[name] })[0];

    // A delegate, not Invoke: errors have to arrive as they are.
    private static Func<object> Reader(DataViewRow row, DataViewSchema.Column column) => ((Func<DataViewRow, DataViewSchema.Column, Func<object>>)typeof(Dumps)
        .GetMethod(nameof(ReaderOf), BindingFlags.NonPublic | BindingFlags.Static).MakeGenericMethod(column.Type.RawType)
        .CreateDelegate(typeof(Func<DataViewRow, DataViewSchema.Column, Func<object>>)))(row, column);

    private static Func<object> ReaderOf<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var getter = row.GetGetter<T>(column);
        return () =>
        {
            T value = default;
            getter(ref value);
            return value;
        };
    }

    public static object Schema(DataViewSchema schema) => schema.Select(column =>
    {
        var members = new List<object> { "name", column.Name, "index", column.Index, "type", column.Type.ToString(), "hidden", column.IsHidden };
        if (column.Annotations.Schema.Count > 0) members.AddRange(new object[] { "annotations", Annotations(column.Annotations) });
        return O(members.ToArray());
    }).ToArray();

    private static object Annotations(DataViewSchema.Annotations annotations) =>
        O(annotations.Schema.SelectMany(a => new object[] { a.Name, O("type", a.Type.ToString(), "value", Annotation(annotations, a)) }).ToArray());

    private static object Annotation(DataViewSchema.Annotations annotations, DataViewSchema.Column column) =>
        ((Func<DataViewSchema.Annotations, DataViewSchema.Column, object>)typeof(Dumps).GetMethod(nameof(AnnotationOf), BindingFlags.NonPublic | BindingFlags.Static)
            .MakeGenericMethod(column.Type.RawType).CreateDelegate(typeof(Func<DataViewSchema.Annotations, DataViewSchema.Column, object>)))(annotations, column);

    private static object AnnotationOf<T>(DataViewSchema.Annotations annotations, DataViewSchema.Column column)
    {
        T value = default;
        annotations.GetValue(column.Name, ref value);
        return value;
    }

    /// <summary>Names and types of the columns, "Name: Type".</summary>
    public static string[] Names(DataViewSchema schema) => schema.Select(column => $"{column.Name}: {column.Type}").ToArray();

    /// <summary>Reads all visible values of a view; anything else is left alone.</summary>
    public static object ReadAll(object value)
    {
        if (value is IDataView view) Values(view, view.Schema.Where(column => !column.IsHidden).ToList());
        return "no error";
    }

    /// <summary>An estimator is fitted on the table, which is then transformed and dumped; anything else is the value itself.</summary>
    public static object FitAndDump(object value, IDataView table, params string[] columns) => value is IEstimator<ITransformer> estimator ? Dump(estimator.Fit(table).Transform(table), columns) : value;

    public static List<object> Ids(IDataView view) => Column(view, "Id");

    public static object Twice(IDataView view) => O("ids", Ids(view), "idsReadAgain", Ids(view));
}
