namespace Microsoft.ML.LlmFineTune.Data;

/// <summary>How a table in a text file is written. Its first row holds the names of the columns.</summary>
public sealed record DelimitedOptions
{
    /// <summary>What stands between fields; default null: a tab in files that end in <c>.tsv</c> or <c>.tab</c>, otherwise a comma. Not a quote and not a line break.</summary>
    public char? Separator { get; init; }

    /// <summary>Whether a quote is a character like any other; default false: as in RFC 4180 a field in double quotes may hold separators, line breaks and (doubled) quotes.</summary>
    public bool LiteralQuotes { get; init; }
}
