using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Turns metrics records into sections: by their public properties, so that every record, a user's own too, can be reported.</summary>
public static class MetricSections
{
    // A record in a record in a record: more is no table any more.
    private const int DeepestRecord = 3;
    private const int LongestList = 12;

    private static readonly string[] s_rowNames = ["ClassNames", "LabelNames", "Labels", "Names"];

    /// <summary>The sections of a metrics record: first its own numbers, then tables of the records that it holds.</summary>
    /// <param name="title">Heading of the figures.</param>
    /// <param name="metrics">The record, or any object with public properties that are numbers, strings, records, or lists or dictionaries of those.</param>
    /// <exception cref="ArgumentException">The object has no figure.</exception>
    public static IReadOnlyList<ReportSection> Of(string title, object metrics)
    {
        Require.Text(title);
        Require.NotNull(metrics);
        List<ReportMetric> figures = [];
        List<ReportSection> tables = [];
        if (Cell(metrics) is ReportCell only) figures.Add(new ReportMetric(title, only));
        else Read(metrics, "", title, figures, tables, depth: 1);
        Require.Argument(figures.Count + tables.Count > 0, $"{metrics.GetType().Name} has no public property that is a number or holds numbers: there is nothing to report.", nameof(metrics));
        return figures.Count > 0 ? [new MetricsSection(title, figures), .. tables] : tables;
    }

    /// <summary>"MatthewsCorrelation" as words.</summary>
    internal static string Words(string name)
    {
        StringBuilder words = new();
        for (int i = 0; i < name.Length; i++)
        {
            bool starts = i > 0 && char.IsUpper(name[i]) && (char.IsLower(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1]) && char.IsUpper(name[i - 1])));
            if (starts) words.Append(' ');
            bool abbreviation = i + 1 < name.Length && char.IsUpper(name[i + 1]) || (i > 0 && char.IsUpper(name[i - 1]) && (i + 1 == name.Length || !char.IsLower(name[i + 1])));
            words.Append(starts && !abbreviation ? char.ToLowerInvariant(name[i]) : name[i]);
        }
        return words.ToString();
    }

    private static void Read(object metrics, string prefix, string title, List<ReportMetric> figures, List<ReportSection> tables, int depth)
    {
        foreach (PropertyInfo property in Properties(metrics.GetType()))
        {
            string name = prefix.Length == 0 ? Words(property.Name) : $"{prefix} {Lower(Words(property.Name))}";
            if (s_rowNames.Contains(property.Name) || property.GetValue(metrics) is not object value) continue;
            switch (value)
            {
                case var scalar when Cell(scalar) is ReportCell cell:
                    figures.Add(new ReportMetric(name, cell));
                    break;
                case IDictionary dictionary:
                    Add(Table($"{title}: {Lower(name)}", "", [.. dictionary.Keys.Cast<object>().Select(key => (Text(key), dictionary[key]!))]));
                    break;
                case IEnumerable list:
                    List<object> items = [.. list.Cast<object>().Take(100_001)];
                    if (items.Count is > 0 and <= LongestList && items.All(item => Cell(item) is { Text: null })) figures.Add(new ReportMetric(name, string.Join(" / ", items.Select(item => Cell(item)!.Value.Main))));
                    else if (items.Count is > 0 and <= 1000 && items.All(item => Cell(item) is null)) Add(Table($"{title}: {Lower(name)}", "", [.. items.Select((item, i) => (RowName(metrics, i, items.Count), item))]));
                    break;
                case var record when depth < DeepestRecord && IsRecord(record.GetType()):
                    Read(record, name, title, figures, tables, depth + 1);
                    break;
            }
        }

        void Add(TableSection? table)
        {
            if (table is not null) tables.Add(table);
        }
    }

    /// <summary>A table with a row a record and a column a figure; null when the records have none.</summary>
    internal static TableSection? Table(string title, string rowsName, IReadOnlyList<(string Name, object Record)> rows)
    {
        if (rows.Count == 0) return null;
        if (rows.All(row => Cell(row.Record) is not null)) return new TableSection(title, [rowsName, "Value"], rows.Select(row => (IReadOnlyList<ReportCell>)[row.Name, Cell(row.Record)!.Value]));
        PropertyInfo[] columns = [.. Properties(rows[0].Record.GetType()).Where(property => IsScalar(property.PropertyType))];
        return columns.Length == 0 || rows.Any(row => row.Record.GetType() != rows[0].Record.GetType()) ? null
            : new TableSection(title, [rowsName, .. columns.Select(column => Words(column.Name))], rows.Select(row => (IReadOnlyList<ReportCell>)[row.Name, .. columns.Select(column => Cell(column.GetValue(row.Record)) ?? (double?)null)]));
    }

    private static IEnumerable<PropertyInfo> Properties(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.CanRead && property.GetIndexParameters().Length == 0 && property.Name != "EqualityContract");

    private static bool IsRecord(Type type) => type is { IsClass: true } or { IsValueType: true, IsPrimitive: false } && type.Namespace?.StartsWith("System", StringComparison.Ordinal) != true && !typeof(Delegate).IsAssignableFrom(type);

    private static bool IsScalar(Type type) => (Nullable.GetUnderlyingType(type) ?? type) is var plain && (plain == typeof(string) || plain == typeof(bool) || plain.IsEnum || plain == typeof(decimal) || (plain.IsPrimitive && plain != typeof(char)));

    private static ReportCell? Cell(object? value) => value switch
    {
        string text => (ReportCell?)(ReportCell)text,
        bool flag => (ReportCell)(flag ? "yes" : "no"),
        Enum name => (ReportCell)Words(name.ToString()),
        double or float or decimal => (ReportCell)Convert.ToDouble(value, CultureInfo.InvariantCulture),
        sbyte or byte or short or ushort or int or uint or long => (ReportCell)Convert.ToInt64(value, CultureInfo.InvariantCulture),
        ulong number => number <= long.MaxValue ? (ReportCell)(long)number : (double)number,
        _ => null,
    };

    private static string RowName(object owner, int index, int count)
    {
        foreach (string name in s_rowNames)
        {
            if (owner.GetType().GetProperty(name)?.GetValue(owner) is IEnumerable names and not string)
            {
                List<object> all = [.. names.Cast<object>()];
                if (all.Count == count) return Text(all[index]);
            }
        }
        return index.ToString(CultureInfo.InvariantCulture);
    }

    private static string Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private static string Lower(string words) => words.Length > 1 && char.IsUpper(words[1]) ? words : char.ToLowerInvariant(words[0]) + words[1..];
}
