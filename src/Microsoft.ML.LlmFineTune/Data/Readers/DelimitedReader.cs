using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Data;

/// <summary>Reads tables in text files: comma or tab separated, RFC 4180 quotes.</summary>
public static class DelimitedReader
{
    /// <summary>A document a row.</summary>
    /// <param name="path">The file; its first row holds the names of the columns.</param>
    /// <param name="textColumn">Name of the column with the text.</param>
    /// <param name="options">How the file is written; null takes the defaults.</param>
    /// <exception cref="InvalidDataException">The column is missing, a row has another number of fields, or a quote is never closed; the message names the place.</exception>
    public static IEnumerable<TextDocument> ReadDocuments(string path, string textColumn, DelimitedOptions? options = null) =>
        Read(path, options, [Require.Text(textColumn)]).Select(fields => new TextDocument(fields[0]));

    /// <summary>A labelled text a row.</summary>
    /// <param name="path">The file; its first row holds the names of the columns.</param>
    /// <param name="textColumn">Name of the column with the text.</param>
    /// <param name="labelColumn">Name of the column with the label.</param>
    /// <param name="options">How the file is written; null takes the defaults.</param>
    /// <exception cref="InvalidDataException">A column is missing, a row has another number of fields, or a quote is never closed; the message names the place.</exception>
    public static IEnumerable<LabeledText> ReadLabeled(string path, string textColumn, string labelColumn, DelimitedOptions? options = null) =>
        Read(path, options, [Require.Text(textColumn), Require.Text(labelColumn)]).Select(fields => new LabeledText(fields[0], fields[1]));

    /// <summary>The whole table: the names of the columns, and the rows.</summary>
    internal static (IReadOnlyList<string> Header, List<string[]> Rows) ReadTable(string path, DelimitedOptions? options)
    {
        using var file = new StreamReader(Require.Text(path));
        var scanner = Scanner(file, path, options);
        var header = Header(scanner, path);
        var rows = new List<string[]>();
        while (NextRow(scanner, header, path) is { } row)
            rows.Add([.. row]);
        return (header, rows);
    }

    /// <summary>Fields of the named columns, row by row.</summary>
    internal static IEnumerable<string[]> Read(string path, DelimitedOptions? options, string[] columns)
    {
        Require.Text(path);
        // The separator is checked now, not when the first row is asked for.
        Separator(path, options);
        return Rows(path, options, columns);
    }

    private static IEnumerable<string[]> Rows(string path, DelimitedOptions? options, string[] columns)
    {
        using var file = new StreamReader(path);
        var scanner = Scanner(file, path, options);
        var header = Header(scanner, path);
        var places = Array.ConvertAll(columns, column => header.IndexOf(column) is >= 0 and var place
            ? place
            : throw new InvalidDataException($"{path} has no column '{column}'; it has {string.Join(", ", header.Select(name => $"'{name}'"))}."));
        while (NextRow(scanner, header, path) is { } row)
            yield return Array.ConvertAll(places, place => row[place]);
    }

    private static DelimitedScanner Scanner(StreamReader file, string path, DelimitedOptions? options) => new(file, path, Separator(path, options), options?.LiteralQuotes ?? false);

    private static char Separator(string path, DelimitedOptions? options)
    {
        var separator = options?.Separator ?? (Path.GetExtension(path).ToUpperInvariant() is ".TSV" or ".TAB" ? '\t' : ',');
        Require.Argument(separator is not ('"' or '\r' or '\n'), "A separator must be neither a quote nor a line break.", nameof(options));
        return separator;
    }

    private static List<string> Header(DelimitedScanner scanner, string path) => scanner.NextRow() ?? throw new InvalidDataException($"{path} is empty: a row with the names of the columns is required.");

    private static List<string>? NextRow(DelimitedScanner scanner, List<string> header, string path)
    {
        var row = scanner.NextRow();
        return row is null || row.Count == header.Count
            ? row
            : throw new InvalidDataException($"{path}, line {scanner.FirstLineOfRow}: {header.Count} fields are required, as in the first row; there are {row.Count}.");
    }
}
