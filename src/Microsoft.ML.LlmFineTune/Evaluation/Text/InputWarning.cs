using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Something in the input that was counted as the reference counts it, and that its owner should know.</summary>
/// <param name="Message">What it is.</param>
/// <param name="Count">How many rows have it.</param>
/// <param name="FirstRow">The first of them, counted from 0 in the order of the calls of Add.</param>
public sealed record InputWarning(string Message, long Count, long FirstRow)
{
    /// <summary>One line for a log.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Message}: {Count} row(s), the first is row {FirstRow}");
}

/// <summary>Collects warnings: one of a kind, with a count.</summary>
internal sealed class InputWarnings
{
    private readonly List<InputWarning> _warnings = [];
    private readonly Dictionary<string, long> _lastRows = new(StringComparer.Ordinal);

    public IReadOnlyList<InputWarning> List => [.. _warnings];

    /// <summary>Notes it of a row; once, however often the row has it.</summary>
    public void Note(string message, long row)
    {
        if (_lastRows.TryGetValue(message, out long last) && last == row) return;
        _lastRows[message] = row;
        Note(message, row, 1);
    }

    /// <summary>Notes it of rows.</summary>
    public void Note(string message, long row, long count)
    {
        int at = _warnings.FindIndex(warning => warning.Message == message);
        if (at < 0) _warnings.Add(new InputWarning(message, count, row));
        else _warnings[at] = _warnings[at] with { Count = _warnings[at].Count + count, FirstRow = Math.Min(_warnings[at].FirstRow, row) };
    }

    /// <summary>Adds the warnings of rows that follow those counted here.</summary>
    public void Merge(InputWarnings other, long rowsBefore)
    {
        foreach (InputWarning warning in other._warnings.ToList()) Note(warning.Message, warning.FirstRow + rowsBefore, warning.Count);
    }
}
