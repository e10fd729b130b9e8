using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators.TextClassification;

/// <summary>
/// What a classifier reads of a text: its tokens between two end-of-text tokens, as in pretraining. The head looks at the last one, so it always looks at the same token,
/// and a text that is too long loses tokens before it, never it.
/// </summary>
internal sealed class TextEncoder(TokenizerAdapter tokenizer, int endOfText, int maximumTokens)
{
    internal int EndOfText => endOfText;

    internal int MaximumTokens => maximumTokens;

    /// <summary>Tokens of each text, at most <see cref="MaximumTokens"/>.</summary>
    internal int[][] Encode(IReadOnlyList<string> texts) => Encode(texts, out _);

    /// <inheritdoc cref="Encode(IReadOnlyList{string})"/>
    internal int[][] Encode(IReadOnlyList<string> texts, out TruncationReport truncation)
    {
        var whole = new int[texts.Count][];
        Parallel.For(0, texts.Count, row => whole[row] = tokenizer.Encode(texts[row]));
        int room = Math.Max(0, maximumTokens - 2);
        truncation = TruncationReport.Of(whole, room);
        return Array.ConvertAll(whole, tokens => (int[])[endOfText, .. tokens.AsSpan(0, Math.Min(tokens.Length, room)), endOfText]);
    }
}
