using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Batches.Rows;

/// <summary>Which tokens of a word have its label.</summary>
public enum LabelSpread
{
    /// <summary>The first; the others count nothing.</summary>
    FirstToken = 0,

    /// <summary>All of them.</summary>
    AllTokens = 1,

    /// <summary>All of them; where the word begins an entity (B-), the others are inside it (I-).</summary>
    AllTokensInside = 2,
}

/// <summary>Rows for labels of words.</summary>
public static class TokenLabelRows
{
    /// <summary>A row whose tokens have the labels of their words. Special tokens have none.</summary>
    /// <param name="tokens">All tokens, special ones included.</param>
    /// <param name="words">The number of each token's word, as many, below 0 for special tokens.</param>
    /// <param name="labels">The label of each word; words that were cut off may be more.</param>
    /// <param name="spread">Which tokens of a word have its label.</param>
    /// <param name="labelNames">Names of the labels ("B-PER"), for <see cref="LabelSpread.AllTokensInside"/>: a B- whose I- is not among them stays.</param>
    /// <exception cref="ArgumentException">A word has no label, or names are missing.</exception>
    public static TokenRow Of(int[] tokens, IReadOnlyList<int> words, IReadOnlyList<int> labels, LabelSpread spread = LabelSpread.FirstToken, IReadOnlyList<string>? labelNames = null)
    {
        Require.NotNull(tokens);
        Require.NotNull(words);
        Require.NotNull(labels);
        Require.Argument(words.Count == tokens.Length, $"{tokens.Length} tokens need as many word numbers; received {words.Count}.", nameof(words));
        Require.Argument(spread != LabelSpread.AllTokensInside || labelNames is not null, $"{nameof(LabelSpread.AllTokensInside)} needs the names of the labels; received none.", nameof(labelNames));
        var targets = new int[tokens.Length];
        for (var i = 0; i < targets.Length; i++)
        {
            var word = words[i];
            Require.Argument(word < labels.Count, $"Every word needs a label: token {i} is of word {word}, and there are {labels.Count} labels.", nameof(labels));
            var isFirst = i == 0 || words[i - 1] != word;
            targets[i] = word < 0 || (!isFirst && spread == LabelSpread.FirstToken) ? (int)TokenBatch.Ignored
                : isFirst || spread == LabelSpread.AllTokens ? labels[word]
                : Inside(labels[word], labelNames!);
        }
        return new TokenRow(tokens, targets);
    }

    /// <summary>The row of an encoded text whose words are those of the tokenizer (or were given to it).</summary>
    /// <param name="encoding">The text.</param>
    /// <param name="labels">The label of each word.</param>
    /// <param name="spread">Which tokens of a word have its label.</param>
    /// <param name="labelNames">Names of the labels, for <see cref="LabelSpread.AllTokensInside"/>.</param>
    public static TokenRow Of(TextEncoding encoding, IReadOnlyList<int> labels, LabelSpread spread = LabelSpread.FirstToken, IReadOnlyList<string>? labelNames = null)
    {
        Require.NotNull(encoding);
        return Of([.. encoding.Ids], [.. Enumerable.Range(0, encoding.Count).Select(token => encoding.WordOf(token) ?? -1)], labels, spread, labelNames);
    }

    private static int Inside(int label, IReadOnlyList<string> names)
    {
        var name = names[label];
        if (!name.StartsWith("B-", StringComparison.Ordinal))
            return label;
        for (var other = 0; other < names.Count; other++)
        {
            if (names[other].Length == name.Length && names[other].StartsWith("I-", StringComparison.Ordinal) && names[other].AsSpan(2).SequenceEqual(name.AsSpan(2)))
                return other;
        }
        return label;
    }
}
