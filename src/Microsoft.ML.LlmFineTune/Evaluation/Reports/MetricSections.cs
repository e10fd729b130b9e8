using System.Collections;
using System.Globalization;
using System.Reflection;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Turns metrics records into sections: by their public properties, so that every record, a user's own too, can be reported; matrices, curves and calibration as pictures.</summary>
public static class MetricSections
{
    // Deeper records are no figures of a report any more.
    private const int DeepestRecord = 3;
    private const int LongestList = 12, MostRows = 1000;

    private static readonly string[] s_rowNames = ["ClassNames", "LabelNames"];

    /// <summary>The sections of a metrics record: first its own numbers and those of the records in it, then tables and pictures.</summary>
    /// <param name="title">Heading of the figures.</param>
    /// <param name="metrics">The record, or any object with public properties that are numbers, strings, records, or lists or dictionaries of those.</param>
    /// <exception cref="ArgumentException">The object has no figure.</exception>
    public static IReadOnlyList<ReportSection> Of(string title, object metrics)
    {
        Require.Text(title);
        Require.NotNull(metrics);
        List<ReportMetric> figures = [];
        List<ReportSection> others = [];
        if (ReportValues.Cell(metrics) is ReportCell only) figures.Add(new ReportMetric(title, only));
        else Read(title, metrics, figures, others);
        Require.Argument(figures.Count + others.Count > 0, $"{metrics.GetType().Name} has no public property that is a number or holds numbers: there is nothing to report.", nameof(metrics));
        return figures.Count > 0 ? [new MetricsSection(title, figures), .. others] : others;
    }

    /// <summary>Level by level, so that a record that is reached in two ways is named after the shorter one.</summary>
    private static void Read(string title, object metrics, List<ReportMetric> figures, List<ReportSection> others)
    {
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance) { metrics };
        Queue<(object Record, string Prefix, int Depth)> waiting = new([(metrics, "", 1)]);
        while (waiting.TryDequeue(out var next))
        {
            others.AddRange(MetricPictures.Of(title, next.Prefix, next.Record));
            foreach (PropertyInfo property in ReportValues.Properties(next.Record.GetType()))
            {
                if (s_rowNames.Contains(property.Name) || ReportValues.Read(property, next.Record) is not object value) continue;
                string name = next.Prefix.Length == 0 ? ReportValues.Words(property.Name) : $"{next.Prefix} {ReportValues.Lower(ReportValues.Words(property.Name))}";
                string heading = $"{title}: {ReportValues.Lower(name)}";
                if (ReportValues.Cell(value) is ReportCell cell) figures.Add(new ReportMetric(name, cell));
                else if (value is IEnumerable<InputWarning> warnings) AddNotes(heading, warnings);
                else if (value is IDictionary dictionary) AddTable(heading, [.. dictionary.Keys.Cast<object>().Select(key => (ReportValues.Text(key), dictionary[key]!))]);
                else if (value is IEnumerable list) AddList(name, heading, next.Record, [.. list.Cast<object?>().Take(MostRows + 1)]);
                else if (next.Depth < DeepestRecord && ReportValues.IsRecord(value.GetType()) && seen.Add(value)) waiting.Enqueue((value, name, next.Depth + 1));
            }
        }

        void AddNotes(string heading, IEnumerable<InputWarning> warnings)
        {
            string[] notes = [.. warnings.Select(warning => warning.ToString())];
            if (notes.Length > 0) others.Add(new NotesSection(heading, notes));
        }

        void AddList(string name, string heading, object owner, List<object?> items)
        {
            if (items.Count is 0 or > MostRows) return;
            if (items.All(item => item is null || ReportValues.Cell(item) is { Text: null }))
            {
                if (items.Count <= LongestList) figures.Add(new ReportMetric(name, string.Join(" / ", items.Select(item => (ReportValues.Cell(item) ?? (double?)null).Main))));
            }
            else if (items.All(item => item is not null))
            {
                AddTable(heading, [.. items.Select((item, row) => (RowName(owner, item!, row, items.Count), item!))]);
            }
        }

        void AddTable(string heading, IReadOnlyList<(string Name, object Record)> rows)
        {
            if (Table(heading, rows) is TableSection table) others.Add(table);
        }
    }

    /// <summary>A table with a row a record and a column a figure; null when the records have none, or are of different kinds.</summary>
    private static TableSection? Table(string heading, IReadOnlyList<(string Name, object Record)> rows)
    {
        if (rows.Count == 0) return null;
        if (rows.All(row => ReportValues.Cell(row.Record) is not null)) return new TableSection(heading, ["", "Value"], rows.Select(row => (IReadOnlyList<ReportCell>)[row.Name, ReportValues.Cell(row.Record)!.Value]));
        Type type = rows[0].Record.GetType();
        if (rows.Any(row => row.Record.GetType() != type)) return null;
        // The name of a row that it brings along itself stands in the first column already.
        List<(string Name, Func<object, object?> Value)> columns = [.. Columns(type).Where(column => column.Name is not ("Type" or "Name"))];
        return columns.Count == 0 ? null
            : new TableSection(heading, ["", .. columns.Select(column => column.Name)], rows.Select(row => (IReadOnlyList<ReportCell>)[row.Name, .. columns.Select(column => ReportValues.Cell(column.Value(row.Record)) ?? (double?)null)]));
    }

    /// <summary>The scalar properties of a record, and those of the records in it.</summary>
    private static IEnumerable<(string Name, Func<object, object?> Value)> Columns(Type type)
    {
        foreach (PropertyInfo property in ReportValues.Properties(type))
        {
            if (ReportValues.IsScalar(property.PropertyType)) yield return (ReportValues.Words(property.Name), record => ReportValues.Read(property, record));
            else if (ReportValues.IsRecord(property.PropertyType))
            {
                foreach (PropertyInfo inner in ReportValues.Properties(property.PropertyType).Where(inner => ReportValues.IsScalar(inner.PropertyType)))
                    yield return (ReportValues.Words(inner.Name), record => ReportValues.Read(property, record) is object nested ? ReportValues.Read(inner, nested) : null);
            }
        }
    }

    private static string RowName(object owner, object item, int row, int rows)
    {
        foreach (string name in s_rowNames)
        {
            if (owner.GetType().GetProperty(name) is PropertyInfo property && ReportValues.Read(property, owner) is IReadOnlyList<string> names && names.Count == rows) return names[row];
        }
        return item.GetType().GetProperties().FirstOrDefault(property => property.Name is "Type" or "Name" && property.PropertyType == typeof(string)) is PropertyInfo own && ReportValues.Read(own, item) is string text
            ? text : row.ToString(CultureInfo.InvariantCulture);
    }
}
