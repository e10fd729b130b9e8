using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>How many rows make a batch: a number of rows, or as many as a number of tokens (padding included) has room for.</summary>
public readonly record struct BatchSize
{
    private BatchSize(int rows, int tokens) => (MaximumRows, MaximumTokens) = (rows, tokens);

    /// <summary>Rows a batch has at most.</summary>
    public int MaximumRows { get; }

    /// <summary>Tokens a batch has at most, padding included; a single row may have more.</summary>
    public int MaximumTokens { get; }

    /// <summary>A number of rows, at least 1, whatever their length.</summary>
    public static BatchSize OfRows(int rows)
    {
        Require.AtLeast(rows, 1);
        return new BatchSize(rows, int.MaxValue);
    }

    /// <summary>A number of tokens, at least 1: many short rows or few long ones.</summary>
    public static BatchSize OfTokens(int tokens)
    {
        Require.AtLeast(tokens, 1);
        return new BatchSize(int.MaxValue, tokens);
    }

    /// <summary>The same size in units of several rows.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not even one unit fits.</exception>
    internal BatchSize InUnits(int rowsPerUnit)
    {
        Require.AtLeast(MaximumRows, rowsPerUnit);
        return new BatchSize(MaximumRows == int.MaxValue ? int.MaxValue : MaximumRows / rowsPerUnit, MaximumTokens == int.MaxValue ? int.MaxValue : Math.Max(1, MaximumTokens / rowsPerUnit));
    }

    internal bool Takes(int rows, int length) => rows <= MaximumRows && (long)rows * length <= MaximumTokens;
}
