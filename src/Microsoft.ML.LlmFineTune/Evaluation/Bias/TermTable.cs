using Microsoft.ML.LlmFineTune.Data;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A word list for counterfactual texts: one column a group of people, one row a term as each group has it ("he", "she").</summary>
public sealed record TermTable
{
    /// <summary>Creates a table.</summary>
    /// <param name="groups">Names of the groups; at least two, all different.</param>
    /// <param name="rows">The terms, one a group in each row: a word or several, written as in the middle of a sentence.</param>
    /// <exception cref="ArgumentException">There are too few groups or no rows, a row has another length, or a term has no letter or digit at its ends.</exception>
    public TermTable(IReadOnlyList<string> groups, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        Require.NotNull(groups);
        Require.NotNull(rows);
        Require.Argument(groups.Count >= 2, $"A word list needs at least two groups; there are {groups.Count}.", nameof(groups));
        Require.Argument(groups.Distinct(StringComparer.Ordinal).Count() == groups.Count && !groups.Any(string.IsNullOrWhiteSpace), $"Groups must have different names; received {string.Join(", ", groups)}.", nameof(groups));
        Require.Argument(rows.Count > 0, "A word list needs at least one row; there are none.", nameof(rows));
        for (int row = 0; row < rows.Count; row++)
        {
            Require.Argument(rows[row]?.Count == groups.Count, $"Row {row} of the word list must have {groups.Count} terms, one a group; it has {rows[row]?.Count ?? 0}.", nameof(rows));
            foreach (string term in rows[row])
                Require.Argument(WordCharacters.BoundedByWords(term), $"Row {row} of the word list has the term '{term}': a term must begin and end with a letter or digit, so that it can be found between words.", nameof(rows));
        }
        Groups = [.. groups];
        Rows = [.. rows.Select(row => (IReadOnlyList<string>)[.. row])];
    }

    /// <summary>Names of the groups.</summary>
    public IReadOnlyList<string> Groups { get; }

    /// <summary>The terms, in the order of the groups.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows { get; }

    /// <summary>A table of two groups.</summary>
    /// <param name="first">Name of the first group.</param>
    /// <param name="second">Name of the second group.</param>
    /// <param name="pairs">The terms.</param>
    public static TermTable OfPairs(string first, string second, params IEnumerable<(string First, string Second)> pairs) =>
        new([first, second], [.. Require.NotNull(pairs).Select(pair => (IReadOnlyList<string>)[pair.First, pair.Second])]);

    /// <summary>Reads a table from a CSV or TSV file: the groups' names in the first row, the terms below.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How it is written; null takes the defaults.</param>
    /// <exception cref="InvalidDataException">A row has another number of fields, or the table is not a word list; the message names the place.</exception>
    public static TermTable Read(string path, DelimitedOptions? options = null)
    {
        (IReadOnlyList<string> header, List<string[]> rows) = DelimitedReader.ReadTable(path, options);
        try
        {
            return new TermTable([.. header.Select(name => name.Trim())], [.. rows.Select(row => (IReadOnlyList<string>)[.. row.Select(term => term.Trim())])]);
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{path}: {error.Message}", error);
        }
    }
}
