namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>Rows of equal length, ready for a model: targets are already shifted and padding is marked. Managed memory only.</summary>
public sealed class TokenBatch
{
    /// <summary>The target that means: no loss here.</summary>
    public const long Ignored = -100;

    /// <summary>Creates a batch.</summary>
    /// <param name="rows">How many rows.</param>
    /// <param name="length">Tokens a row, padding included.</param>
    /// <param name="tokens">[rows * length].</param>
    /// <param name="targets">[rows * length] with one target a token, or [rows] with one a row; -100 is ignored.</param>
    /// <param name="mask">[rows * length], true where there is a token and false where there is padding; null when nothing is padded.</param>
    /// <exception cref="ArgumentException">Sizes do not agree.</exception>
    public TokenBatch(int rows, int length, long[] tokens, long[] targets, bool[]? mask = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(targets);
        if (rows < 0 || length < 0 || tokens.Length != rows * length || (targets.Length != tokens.Length && targets.Length != rows) || (mask is not null && mask.Length != tokens.Length))
            throw new ArgumentException($"A batch of {rows} rows of {length} tokens needs {(long)rows * length} tokens, as many mask entries and that many targets or one a row; received {tokens.Length}, {mask?.Length.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"} and {targets.Length}.");
        Rows = rows;
        Length = length;
        Tokens = tokens;
        Targets = targets;
        Mask = mask;
        foreach (long target in targets)
        {
            if (target != Ignored) TargetCount++;
        }
    }

    /// <summary>How many rows.</summary>
    public int Rows { get; }

    /// <summary>Tokens a row, padding included.</summary>
    public int Length { get; }

    /// <summary>[<see cref="Rows"/> * <see cref="Length"/>], row by row.</summary>
    public long[] Tokens { get; }

    /// <summary>One target a token, or one a row; -100 is ignored.</summary>
    public long[] Targets { get; }

    /// <summary>True where there is a token, false where there is padding; null: nothing is padded.</summary>
    public bool[]? Mask { get; }

    /// <summary>How many targets are not ignored.</summary>
    public int TargetCount { get; }

    /// <summary>A copy of some neighbouring rows, for example the share of a replica.</summary>
    public TokenBatch Slice(int firstRow, int rows)
    {
        int targetsPerRow = Targets.Length == Tokens.Length ? Length : 1;
        return new(rows, Length,
            Tokens.AsSpan(firstRow * Length, rows * Length).ToArray(),
            Targets.AsSpan(firstRow * targetsPerRow, rows * targetsPerRow).ToArray(),
            Mask?.AsSpan(firstRow * Length, rows * Length).ToArray());
    }
}
