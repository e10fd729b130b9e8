using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>
/// Tokens between two end-of-text tokens, as in pretraining. A decoder's head looks at the last one, so it always looks at the same token,
/// and a text that is too long loses tokens before it, never it.
/// </summary>
internal sealed class EndOfTextFrame(TokenizerAdapter tokenizer, int endOfText, int maximumTokens) : TextFrame(endOfText, maximumTokens)
{
    internal override int[][] Encode(IReadOnlyList<string> texts, out TruncationReport truncation)
    {
        var whole = new int[texts.Count][];
        Parallel.For(0, texts.Count, row => whole[row] = tokenizer.Encode(texts[row]));
        int room = Math.Max(0, MaximumTokens - 2);
        truncation = TruncationReport.Of(whole, room);
        return Array.ConvertAll(whole, tokens => (int[])[Padding, .. tokens.AsSpan(0, Math.Min(tokens.Length, room)), Padding]);
    }
}
