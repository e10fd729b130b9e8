using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches.Rows;

/// <summary>Rows of whole texts: with classes, with numbers, side by side, or with another text to write.</summary>
public static class TextRows
{
    /// <summary>A text with one class.</summary>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="label">The class, from 0; null: it has none.</param>
    public static TokenRow WithClass(int[] tokens, int? label) => new(tokens, [label ?? (int)TokenBatch.Ignored]);

    /// <summary>A text with numbers: what a regression shall give, or 1 and 0 for each label that it has and has not.</summary>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="values">The numbers, at least one.</param>
    public static TokenRow WithValues(int[] tokens, params float[] values) => new(tokens, []) { Values = values };

    /// <summary>The unit of texts that are compared: an anchor, its positive, and, where there are any, texts that are not like it; or two texts and how like they are. For <see cref="RowBatches"/> of as many rows a unit.</summary>
    /// <param name="texts">Tokens of each text, in this order.</param>
    /// <param name="likeness">How like two texts are (a cosine, a grade, or 1 and 0); null: nobody has said.</param>
    public static TokenRow[] Compared(IReadOnlyList<int[]> texts, float? likeness = null) =>
        [.. Require.NotNull(texts).Select(tokens => new TokenRow(tokens, []) { Values = likeness is float value ? [value] : null })];

    /// <summary>The unit of a question's choices, one row each; the target of the right one is 1, that of the others 0. For <see cref="RowBatches"/> of as many rows a unit.</summary>
    /// <param name="choices">Tokens of each choice, with the question before it.</param>
    /// <param name="right">Which is right, from 0.</param>
    public static TokenRow[] Choices(IReadOnlyList<int[]> choices, int right)
    {
        Require.NotNull(choices);
        Require.Below(right, 0, choices.Count);
        return [.. choices.Select((tokens, i) => new TokenRow(tokens, [i == right ? 1 : 0]))];
    }

    /// <summary>A text to read and one to write.</summary>
    /// <param name="source">Tokens to read.</param>
    /// <param name="target">Tokens to write, not shifted.</param>
    /// <param name="endOfText">The token that ends both, after they were cut; null: they have what they need.</param>
    /// <param name="maximumSource">Tokens that can be read, the end included; longer texts lose their end.</param>
    /// <param name="maximumTarget">Tokens that can be written, the end included.</param>
    public static TokenRow WithTarget(int[] source, int[] target, int? endOfText = null, int maximumSource = int.MaxValue, int maximumTarget = int.MaxValue)
    {
        Require.AtLeast(maximumSource, 1);
        Require.AtLeast(maximumTarget, 1);
        return new TokenRow(Ended(source, endOfText, maximumSource), Ended(target, endOfText, maximumTarget));
    }

    private static int[] Ended(int[] tokens, int? endOfText, int maximum)
    {
        Require.NotNull(tokens);
        return endOfText is int end ? [.. tokens.AsSpan(0, Math.Min(tokens.Length, maximum - 1)), end] : tokens[..Math.Min(tokens.Length, maximum)];
    }
}
