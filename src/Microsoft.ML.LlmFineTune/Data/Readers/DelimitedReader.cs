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

    private static IEnumerable<string[]> Read(string path, DelimitedOptions? options, string[] columns)
    {
        Require.Text(path);
        options ??= new DelimitedOptions();
        var separator = options.Separator ?? (Path.GetExtension(path).ToUpperInvariant() is ".TSV" or ".TAB" ? '\t' : ',');
        Require.Argument(separator is not ('"' or '\r' or '\n'), "A separator must be neither a quote nor a line break.", nameof(options));
        return Rows(path, separator, options.LiteralQuotes, columns);
    }

    private static IEnumerable<string[]> Rows(string path, char separator, bool literalQuotes, string[] columns)
    {
        using var file = new StreamReader(path);
        var scanner = new DelimitedScanner(file, path, separator, literalQuotes);
        var header = scanner.NextRow() ?? throw new InvalidDataException($"{path} is empty: a row with the names of the columns is required.");
        var places = Array.ConvertAll(columns, column => header.IndexOf(column) is >= 0 and var place
            ? place
            : throw new InvalidDataException($"{path} has no column '{column}'; it has {string.Join(", ", header.Select(name => $"'{name}'"))}."));
        while (scanner.NextRow() is { } row)
        {
            if (row.Count != header.Count)
                throw new InvalidDataException($"{path}, line {scanner.FirstLineOfRow}: {header.Count} fields are required, as in the first row; there are {row.Count}.");
            yield return Array.ConvertAll(places, place => row[place]);
        }
    }
}
