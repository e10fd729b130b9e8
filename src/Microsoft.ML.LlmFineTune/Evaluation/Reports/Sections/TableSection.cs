using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A table: scores of classes, slices, systems.</summary>
public sealed record TableSection : ReportSection
{
    /// <summary>Creates a section.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="columns">Names of the columns; at least one.</param>
    /// <param name="rows">The rows: one cell a column.</param>
    public TableSection(string title, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<ReportCell>> rows) : base(title)
    {
        Columns = [.. Require.NotNull(columns)];
        Rows = [.. Require.NotNull(rows)];
        Require.Argument(Columns.Count > 0, $"Table '{title}' must have at least one column; it has none.", nameof(columns));
        for (int row = 0; row < Rows.Count; row++)
            Require.Argument(Rows[row].Count == Columns.Count, $"Row {row} of table '{title}' must have {Columns.Count} cells; it has {Rows[row].Count}.", nameof(rows));
    }

    /// <summary>Names of the columns.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The rows.</summary>
    public IReadOnlyList<IReadOnlyList<ReportCell>> Rows { get; }

    internal override string Kind => "table";

    internal override void WriteText(TextReportWriter writer) => writer.Table(Columns, Rows);

    internal override void WriteJson(JsonObject section)
    {
        section["columns"] = new JsonArray([.. Columns.Select(column => (JsonNode)column)]);
        section["rows"] = new JsonArray([.. Rows.Select(row => (JsonNode)new JsonArray([.. row.Select(cell => cell.ToJson())]))]);
    }

    internal override void WriteHtml(HtmlReportWriter writer)
    {
        writer.Table(Title, Columns, Rows, captioned: false);
        foreach (int column in Enumerable.Range(0, Columns.Count).Where(column => Rows.Count(row => row[column].Lower is not null) > 1))
            IntervalChart.Write(writer, Columns[column], [.. Rows.Select(row => (row[0].Main, row[column]))]);
    }
}
