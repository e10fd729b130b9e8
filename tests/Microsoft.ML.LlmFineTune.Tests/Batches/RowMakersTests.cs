using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

public sealed class RowMakersTests
{
    [Fact]
    public void What_is_too_long_is_taken_from_the_prompts_beginning_and_then_from_the_completions_end()
    {
        int[] prompt = [1, 2, 3], completion = [4, 5, 6];
        Assert.Equal([1, 2, 3, 4, 5, 6], CompletionRows.OfPrompt(prompt, completion).Tokens);
        Assert.Equal([-100, -100, 4, 5, 6, -100], CompletionRows.OfPrompt(prompt, completion).Targets);
        Assert.Equal([2, 3, 4, 5, 6], CompletionRows.OfPrompt(prompt, completion, 5).Tokens);
        Assert.Equal([3, 4, 5], CompletionRows.OfPrompt(prompt, completion, 3).Tokens);
        Assert.Equal([4, 5, -100], CompletionRows.OfPrompt(prompt, completion, 3).Targets);
        Assert.Equal([4, 5], CompletionRows.OfPrompt([], completion, 2).Tokens);
        Assert.Contains("at least one token", Assert.Throws<ArgumentException>(() => CompletionRows.OfPrompt(prompt, [])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => CompletionRows.OfPrompt(prompt, completion, 1));
        Assert.Contains("2 tokens need as many marks", Assert.Throws<ArgumentException>(() => CompletionRows.Of([1, 2], [true])).Message, StringComparison.Ordinal);
        Assert.Equal([-100], CompletionRows.Of([5]).Targets);
    }

    [Fact]
    public void Preferences_stand_side_by_side()
    {
        TokenRow[] pair = PreferenceRows.OfPair([1], [2, 3], [4]);
        Assert.Equal([1, 2, 3], pair[0].Tokens);
        Assert.Equal([1, 4], pair[1].Tokens);
        TokenRow[] singles = PreferenceRows.OfSingles([([1], [2], true), ([3], [4], false), ([5], [6], true)]);
        Assert.Equal(["1 2", "1 6", "3 4", "3 2", "5 6", "5 4"], singles.Select(row => string.Join(' ', row.Tokens)));
        Assert.Equal([1, 1, 0, 0, 1, 1], singles.Select(row => row.Values![0]));
        Assert.Contains("at least two examples; received 1", Assert.Throws<ArgumentException>(() => PreferenceRows.OfSingles([([1], [2], true)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_to_write_keep_their_end()
    {
        TokenRow row = TextRows.WithTarget([5, 6, 7], [8, 9], endOfText: 1, maximumSource: 3, maximumTarget: 9);
        Assert.Equal([5, 6, 1], row.Tokens);
        Assert.Equal([8, 9, 1], row.Targets);
        Assert.Equal([5, 6], TextRows.WithTarget([5, 6, 7], [8], maximumSource: 2).Tokens);
        Assert.Equal(new[] { 0, 1, 0 }, TextRows.Choices([[1], [2], [3]], 1).Select(choice => choice.Targets[0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => TextRows.Choices([[1], [2]], 2));
    }

    [Fact]
    public void Labels_follow_words()
    {
        string[] names = ["O", "B-PER", "I-PER", "B-LOC"];
        int[] words = [-1, 0, 0, 1, 1, -1], labels = [1, 3];
        Assert.Equal([-100, 1, -100, 3, -100, -100], TokenLabelRows.Of(new int[6], words, labels).Targets);
        Assert.Equal([-100, 1, 1, 3, 3, -100], TokenLabelRows.Of(new int[6], words, labels, LabelSpread.AllTokens).Targets);
        // There is no I-LOC, so B-LOC stays.
        Assert.Equal([-100, 1, 2, 3, 3, -100], TokenLabelRows.Of(new int[6], words, labels, LabelSpread.AllTokensInside, names).Targets);
        Assert.Contains("of word 1, and there are 1 labels", Assert.Throws<ArgumentException>(() => TokenLabelRows.Of(new int[6], words, [1])).Message, StringComparison.Ordinal);
        Assert.Contains("needs the names", Assert.Throws<ArgumentException>(() => TokenLabelRows.Of(new int[6], words, labels, LabelSpread.AllTokensInside)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Windows_cover_the_context_and_only_whole_answers_count()
    {
        int[] context = [.. Enumerable.Range(100, 10)];
        TokenSpan[] spans = [.. Enumerable.Range(0, 10).Select(i => new TokenSpan(3 * i, (3 * i) + 2))];
        QuestionFrame frame = new([1], [2, 2], [3], HasSegments: false);
        IReadOnlyList<QuestionWindow> windows = QuestionWindows.Of([7, 8], context, spans, (9, 14), frame, 10, 1);
        Assert.Equal(["1 7 8 2 2 100 101 102 103 3", "1 7 8 2 2 103 104 105 106 3", "1 7 8 2 2 106 107 108 109 3"], windows.Select(window => string.Join(' ', window.Row.Tokens)));
        Assert.Equal(["0 0", "5 6", "0 0"], windows.Select(window => string.Join(' ', window.Row.Targets)));
        Assert.Equal([false, true, false], windows.Select(window => window.HasAnswer));
        Assert.All(windows, window => Assert.Null(window.Row.Segments));
        Assert.Contains("no room for the context", Assert.Throws<ArgumentException>(() => QuestionWindows.Of(new int[9], context, spans, null, frame, 10, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("received an overlap of 4", Assert.Throws<ArgumentException>(() => QuestionWindows.Of([7, 8], context, spans, null, frame, 10, 4)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Packing_loses_nothing_but_ends_and_fills_blocks()
    {
        RandomStream random = new(1);
        TokenRow[] rows = [.. Enumerable.Range(0, 200).Select(i => CompletionRows.Of([.. Enumerable.Range(1000 * i, 1 + random.NextInt32(30))]))];
        foreach (PackingStrategy strategy in (PackingStrategy[])[PackingStrategy.BestFitSplit, PackingStrategy.Wrapped])
        {
            IReadOnlyList<TokenRow> blocks = PackedRows.Of(rows, 16, strategy);
            Assert.All(blocks, block => Assert.InRange(block.Tokens.Length, 1, 16));
            Assert.Equal(rows.SelectMany(row => row.Tokens).Order(), blocks.SelectMany(block => block.Tokens).Order());
            Assert.Equal(rows.SelectMany(row => row.Targets).Order(), blocks.SelectMany(block => block.Targets).Order());
        }
        IReadOnlyList<TokenRow> whole = PackedRows.Of(rows, 32);
        Assert.InRange(whole.Count, rows.Sum(row => row.Tokens.Length) / 32, (rows.Sum(row => row.Tokens.Length) / 32) + 4);
        Assert.Equal(rows.SelectMany(row => row.Tokens).Order(), whole.SelectMany(block => block.Tokens).Order());
        Assert.Contains("row 0 has 2 tokens and 1 targets", Assert.Throws<ArgumentException>(() => PackedRows.Of([new TokenRow([1, 2], [3])], 4)).Message, StringComparison.Ordinal);
        Assert.Contains("Wrapped has a tail", Assert.Throws<ArgumentException>(() => PackedRows.Of(rows, 4, PackingStrategy.BestFit, dropTail: true)).Message, StringComparison.Ordinal);
    }
}
