using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A part of a long text that a model reads at once.</summary>
/// <param name="Begin">Its first token.</param>
/// <param name="End">One past its last token.</param>
/// <param name="NewTokens">How many of its last tokens no earlier window has.</param>
public readonly record struct SlidingWindow(int Begin, int End, int NewTokens)
{
    /// <summary>How many tokens the model predicts in it: the new ones, but never the window's first, which nothing stands before.</summary>
    public int Predicted => Math.Min(NewTokens, End - Begin - 1);

    /// <summary>Windows that begin at 0, stride, 2 * stride, ... until one reaches the end. The smaller the stride, the more context a prediction has, and the longer it takes.</summary>
    /// <param name="tokens">Length of the text; at least 0.</param>
    /// <param name="length">Length of a window; at least 1.</param>
    /// <param name="stride">From 1 to <paramref name="length"/>; at <paramref name="length"/> windows do not overlap, and each loses its first token.</param>
    public static IReadOnlyList<SlidingWindow> Over(int tokens, int length, int stride)
    {
        Require.AtLeast(tokens, 0);
        Require.AtLeast(length, 1);
        Require.Within(stride, 1, length);
        List<SlidingWindow> windows = [];
        int end = 0;
        for (int begin = 0; end < tokens; begin += stride)
        {
            int next = Math.Min(begin + length, tokens);
            windows.Add(new SlidingWindow(begin, next, next - end));
            end = next;
        }
        return windows;
    }
}
