using System.Text;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Writes reports as text in aligned columns.</summary>
internal sealed class TextReportWriter
{
    private readonly StringBuilder _text = new();

    internal void Heading(string title, char rule)
    {
        if (_text.Length > 0) _text.Append('\n');
        Line(title);
        Line(new string(rule, Width(title)));
    }

    /// <summary>A line. Control characters, which a terminal would obey, are shown as replaced.</summary>
    internal void Line(string line)
    {
        foreach (char c in line.TrimEnd()) _text.Append(char.IsControl(c) && c is not ('\n' or '\t') ? '\uFFFD' : c);
        _text.Append('\n');
    }

    /// <summary>A table; columns in which numbers stand are aligned to the right.</summary>
    internal void Table(IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<ReportCell>> rows)
    {
        string[][] cells = [.. rows.Select(row => row.Select(cell => OneLine(cell.ToString())).ToArray())];
        int[] widths = [.. columns.Select((column, i) => cells.Select(row => Width(row[i])).Append(Width(column)).Max())];
        bool[] right = [.. columns.Select((_, i) => rows.Count > 0 && rows.All(row => row[i].Text is null))];
        if (columns.Any(column => column.Length > 0)) Row([.. columns]);
        foreach (string[] row in cells) Row(row);

        void Row(string[] row) => Line(string.Join("  ", row.Select((cell, i) => right[i] ? new string(' ', widths[i] - Width(cell)) + cell : cell + new string(' ', widths[i] - Width(cell)))));
    }

    public override string ToString() => _text.ToString();

    internal static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static int Width(string text) => new System.Globalization.StringInfo(text).LengthInTextElements;
}
