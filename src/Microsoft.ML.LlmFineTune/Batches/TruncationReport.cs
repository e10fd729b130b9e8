using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>What was cut away because texts were longer than the model takes.</summary>
/// <param name="Texts">Number of texts.</param>
/// <param name="TruncatedTexts">How many of them were cut.</param>
/// <param name="Tokens">Number of tokens before cutting.</param>
/// <param name="CutTokens">How many of them were cut away.</param>
public readonly record struct TruncationReport(int Texts, int TruncatedTexts, long Tokens, long CutTokens)
{
    /// <summary>What cutting every text to at most <paramref name="maximumLength"/> tokens takes away.</summary>
    public static TruncationReport Of(IReadOnlyList<int[]> texts, int maximumLength)
    {
        var (truncated, tokens, cut) = (0, 0L, 0L);
        foreach (var text in texts)
        {
            tokens += text.Length;
            if (text.Length <= maximumLength)
                continue;
            truncated++;
            cut += text.Length - maximumLength;
        }
        return new TruncationReport(texts.Count, truncated, tokens, cut);
    }

    /// <summary>What encodings that were cut have lost. Padding counts as tokens.</summary>
    public static TruncationReport Of(IReadOnlyList<TextEncoding> encodings)
    {
        var (truncated, tokens, cut) = (0, 0L, 0L);
        foreach (var encoding in encodings)
        {
            tokens += encoding.Count + encoding.TruncatedTokens;
            cut += encoding.TruncatedTokens;
            truncated += encoding.TruncatedTokens > 0 ? 1 : 0;
        }
        return new TruncationReport(encodings.Count, truncated, tokens, cut);
    }

    /// <summary>One line for a log.</summary>
    public override string ToString() => TruncatedTexts == 0
        ? $"no text of {Texts} was truncated"
        : $"{TruncatedTexts} of {Texts} texts were truncated, {CutTokens} of {Tokens} tokens cut";
}
