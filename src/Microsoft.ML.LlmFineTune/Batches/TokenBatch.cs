using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>Rows of tokens of one length, in managed arrays, row after row. Padding stands on the right.</summary>
public sealed class TokenBatch
{
    /// <summary>The target that no loss and no metric looks at.</summary>
    public const long Ignored = -100;

    /// <summary>Wraps arrays; nothing is copied.</summary>
    /// <param name="rows">Number of rows, at least 1.</param>
    /// <param name="length">Tokens a row, at least 1.</param>
    /// <param name="tokens">[rows, length], row after row.</param>
    /// <param name="targets">[rows, length] for one target a token, or [rows] for one target a row.</param>
    /// <param name="mask">[rows, length], true for a token of the text, false for padding; null where nothing is padded.</param>
    /// <exception cref="ArgumentException">An array has another size.</exception>
    public TokenBatch(int rows, int length, long[] tokens, long[] targets, bool[]? mask = null)
    {
        Require.AtLeast(rows, 1);
        Require.AtLeast(length, 1);
        Require.NotNull(tokens);
        Require.NotNull(targets);
        if (tokens.Length != rows * length)
            throw new ArgumentException($"A batch of {rows} x {length} needs {rows * length} tokens; {tokens.Length} were given.", nameof(tokens));
        if (targets.Length != tokens.Length && targets.Length != rows)
            throw new ArgumentException($"A batch of {rows} x {length} needs a target for each token ({rows * length}) or for each row ({rows}); {targets.Length} were given.", nameof(targets));
        if (mask is not null && mask.Length != tokens.Length)
            throw new ArgumentException($"A batch of {rows} x {length} needs a mask of {rows * length}; {mask.Length} were given.", nameof(mask));
        Rows = rows;
        Length = length;
        Tokens = tokens;
        Targets = targets;
        Mask = mask;
        TargetCount = targets.Length - targets.AsSpan().Count(Ignored);
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Tokens a row, padding included.</summary>
    public int Length { get; }

    /// <summary>[rows, length]: what the model reads.</summary>
    public long[] Tokens { get; }

    /// <summary>[rows, length], already shifted (the target of a token is the one after it), or [rows]: the class of each row. <see cref="Ignored"/> where there is none.</summary>
    public long[] Targets { get; }

    /// <summary>[rows, length]: true for a token of the text, false for padding; null where nothing is padded.</summary>
    public bool[]? Mask { get; }

    /// <summary>Number of targets that are not ignored: what the batch's loss is divided by.</summary>
    public int TargetCount { get; }

    /// <summary>A batch of some of the rows: a replica's share.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rows asked for are not all there.</exception>
    public TokenBatch Slice(int firstRow, int rows)
    {
        if (firstRow < 0 || rows < 1 || firstRow > Rows - rows)
            throw new ArgumentOutOfRangeException(nameof(rows), $"The batch has rows 0 to {Rows - 1}; {rows} from {firstRow} on were asked for.");
        if (rows == Rows)
            return this;
        var targetsPerRow = Targets.Length / Rows;
        return new TokenBatch(
            rows,
            Length,
            Tokens.AsSpan(firstRow * Length, rows * Length).ToArray(),
            Targets.AsSpan(firstRow * targetsPerRow, rows * targetsPerRow).ToArray(),
            Mask?.AsSpan(firstRow * Length, rows * Length).ToArray());
    }
}
