using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Batches.Rows;

/// <summary>The special tokens around a question and its context.</summary>
/// <param name="Before">Before the question; the first of them is what a window without the answer points at. At least one.</param>
/// <param name="Between">Between question and context.</param>
/// <param name="After">After the context.</param>
/// <param name="HasSegments">Whether the model tells question and context apart by segments.</param>
public sealed record QuestionFrame(int[] Before, int[] Between, int[] After, bool HasSegments = true);

/// <summary>A part of a context with the question before it.</summary>
/// <param name="Row">The row; its targets are the first and the last token of the answer, both 0 where the window does not hold all of it.</param>
/// <param name="ContextStart">Where the context begins in the row.</param>
/// <param name="Spans">What each token of the window's context stands for in the context, in UTF-16 units.</param>
public sealed record QuestionWindow(TokenRow Row, int ContextStart, IReadOnlyList<TokenSpan> Spans)
{
    /// <summary>Whether the window holds the answer.</summary>
    public bool HasAnswer => Row.Targets[0] >= ContextStart;
}

/// <summary>Rows for questions whose answer is a part of a context, which may be longer than the model takes (Devlin et al.: "BERT", 2019): it is read in windows that overlap.</summary>
public static class QuestionWindows
{
    /// <summary>The windows of a question.</summary>
    /// <param name="question">Tokens of the question.</param>
    /// <param name="context">Tokens of the context; at least one.</param>
    /// <param name="spans">What each token of the context stands for, in UTF-16 units, as many.</param>
    /// <param name="answer">Where the answer stands in the context, in UTF-16 units, the end excluded; null: it has none.</param>
    /// <param name="frame">The special tokens.</param>
    /// <param name="maximumLength">Tokens that the model takes.</param>
    /// <param name="overlap">Tokens of the context that neighbouring windows share; fewer than a window has.</param>
    /// <exception cref="ArgumentException">The question leaves no room for the context, or the windows would not move on.</exception>
    public static IReadOnlyList<QuestionWindow> Of(int[] question, int[] context, IReadOnlyList<TokenSpan> spans, (int Start, int End)? answer, QuestionFrame frame, int maximumLength, int overlap)
    {
        Require.NotNull(question);
        Require.NotNull(context);
        Require.NotNull(spans);
        Require.NotNull(frame);
        Require.Argument(frame.Before.Length > 0, "The frame of a question needs a first token, which windows without an answer point at; received none.", nameof(frame));
        Require.Argument(context.Length > 0 && spans.Count == context.Length, $"A context needs at least one token and a span for each; received {context.Length} tokens and {spans.Count} spans.", nameof(context));
        int[] before = [.. frame.Before, .. question, .. frame.Between];
        var room = maximumLength - before.Length - frame.After.Length;
        Require.Argument(room > 0, $"The question and its special tokens take {before.Length + frame.After.Length} of {maximumLength} tokens, so there is no room for the context. Cut the question.", nameof(question));
        Require.Argument(overlap >= 0 && (overlap < room || context.Length <= room), $"A window holds {room} tokens of this context, so windows must share fewer; received an overlap of {overlap}.", nameof(overlap));

        List<QuestionWindow> windows = [];
        for (var start = 0; ; start += room - overlap)
        {
            var length = Math.Min(room, context.Length - start);
            int[] tokens = [.. before, .. context.AsSpan(start, length), .. frame.After];
            TokenSpan[] seen = [.. spans.Skip(start).Take(length)];
            var segments = new int[tokens.Length];
            segments.AsSpan(before.Length).Fill(1);
            windows.Add(new QuestionWindow(new TokenRow(tokens, Targets(seen, answer, before.Length)) { Segments = frame.HasSegments ? segments : null }, before.Length, seen));
            if (start + length == context.Length)
                return windows;
        }
    }

    /// <summary>First and last token of the answer; 0 and 0 where the window does not hold all of it.</summary>
    private static int[] Targets(TokenSpan[] spans, (int Start, int End)? answer, int contextStart)
    {
        if (answer is not (int from, int to) || spans[0].Start > from || spans[^1].End < to)
            return [0, 0];
        var first = Array.FindLastIndex(spans, span => span.Start <= from);
        var last = Array.FindIndex(spans, span => span.End >= to);
        return [contextStart + first, contextStart + last];
    }
}
