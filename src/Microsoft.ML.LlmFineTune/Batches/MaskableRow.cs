using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>A text whose tokens may be hidden.</summary>
/// <param name="Tokens">All tokens, special ones included; at least one.</param>
/// <param name="IsSpecial">Which of them are special, and so never hidden; as many.</param>
public sealed record MaskableRow(int[] Tokens, bool[] IsSpecial)
{
    /// <summary>The number of each token's word, for hiding whole words; null: it is not known.</summary>
    public int[]? Words { get; init; }

    /// <summary>Which of two texts each token belongs to, 0 or 1; null: all belong to the first.</summary>
    public int[]? Segments { get; init; }

    /// <summary>The row of an encoded text or pair of texts.</summary>
    public static MaskableRow Of(TextEncoding encoding)
    {
        Require.NotNull(encoding);
        return new MaskableRow([.. encoding.Ids], [.. encoding.SpecialTokensMask.Select(special => special != 0)])
        {
            // The words of a pair are numbered in each text anew.
            Words = [.. Enumerable.Range(0, encoding.Count).Select(token => encoding.WordOf(token) is int word ? (2 * word) + (encoding.SequenceOf(token) ?? 0) : -1)],
            Segments = encoding.TypeIds.Any(type => type != 0) ? [.. encoding.TypeIds] : null,
        };
    }

    internal void Validate(int row, bool needsWords)
    {
        Require.NotNull(Tokens);
        Require.Argument(Tokens.Length > 0, $"A row needs at least one token; row {row} has none.");
        Require.Argument(IsSpecial?.Length == Tokens.Length, $"Row {row} has {Tokens.Length} tokens, so it needs as many marks of special tokens; received {IsSpecial?.Length}.");
        Require.Argument(Words is null || Words.Length == Tokens.Length, $"Row {row} has {Tokens.Length} tokens, so it needs as many word numbers; received {Words?.Length}.");
        Require.Argument(Segments is null || Segments.Length == Tokens.Length, $"Row {row} has {Tokens.Length} tokens, so it needs as many segments; received {Segments?.Length}.");
        Require.Argument(!needsWords || Words is not null, $"Hiding whole words needs the words of every row; row {row} has none.");
    }
}
