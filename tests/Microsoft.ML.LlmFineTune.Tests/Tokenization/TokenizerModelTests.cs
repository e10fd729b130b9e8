using System.Buffers;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Tokenizers;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization;

public sealed class TokenizerModelTests
{
    private static readonly TokenizerModel Tokenizer = Train(ByteLevelBpeTrainer.Defaults with { VocabularySize = 300, SpecialTokens = ["<|endoftext|>", "<pad>"] });

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("to be or  not\n\n to be's")]
    [InlineData("naïve — \U0001F600 日本 \U0001D4D0 e\u0301")]
    [InlineData("\0\u0001\u007F\uFFFD\uFFFF")]
    public void Decoding_gives_the_text_back(string text)
    {
        var ids = Tokenizer.EncodeToIds(text);
        Assert.Equal(text, Tokenizer.Decode(ids));
        Assert.Equal(ids.Count, Tokenizer.CountTokens(text));
        var tokens = Tokenizer.EncodeToTokens(text, out var normalized);
        Assert.Null(normalized);
        Assert.Equal(ids, tokens.Select(token => token.Id));
        Assert.Equal(ids, tokens.Select(token => Tokenizer.IdOf(token.Value)!.Value));
        Assert.All(tokens, token => Assert.True(token.Offset.Start.Value < token.Offset.End.Value && token.Offset.End.Value <= text.Length));
    }

    [Fact]
    public void Tokens_of_one_character_share_its_span()
    {
        var tokens = Tokenizer.EncodeToTokens("b\U0001F600b", out _);
        Assert.Equal([0..1, 1..3, 1..3, 1..3, 1..3, 3..4], tokens.Select(token => token.Offset));
    }

    [Fact]
    public void Special_tokens_are_found_in_the_text_and_left_out_of_it()
    {
        var ids = Tokenizer.EncodeToIds("to<|endoftext|>be<pad>");
        Assert.Equal([0, 1], ids.Where(id => id < 2));
        Assert.Equal((0, 1, null), (Tokenizer.EndOfText, Tokenizer.Padding, Tokenizer.Unknown));
        Assert.Equal("to<|endoftext|>be<pad>", Tokenizer.Decode(ids));
        Assert.Equal("tobe", Tokenizer.Decode(ids, skipSpecialTokens: true));
    }

    // What a limited encoding takes and what it leaves, encoded on its own, must be what was asked for.
    [Fact]
    public void A_limit_never_splits_a_character()
    {
        const string text = "to be \U0001F600 or é not";
        var all = Tokenizer.EncodeToTokens(text, out _);
        for (var limit = 1; limit <= all.Count + 1; limit++)
        {
            var ids = Tokenizer.EncodeToIds(text, limit, out _, out var consumed);
            Assert.True(ids.Count <= limit);
            Assert.Equal(text[..consumed], Tokenizer.Decode(ids));
            Assert.Equal(consumed, Tokenizer.GetIndexByTokenCount(text, limit, out _, out var count));
            Assert.Equal(ids.Count, count);
            Assert.True(consumed == text.Length || ids.Count > limit - 4);

            var start = Tokenizer.GetIndexByTokenCountFromEnd(text, limit, out _, out var fromEnd);
            Assert.True(fromEnd <= limit && (start == 0 || fromEnd > limit - 4));
            Assert.Equal(text[start..], Tokenizer.Decode(all.Skip(all.Count - fromEnd).Select(token => token.Id)));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.EncodeToIds(text, 0, out _, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.GetIndexByTokenCount(text, -1, out _, out _));
    }

    [Fact]
    public void A_stream_gives_out_whole_characters()
    {
        var decoder = Tokenizer.CreateStreamingDecoder(skipSpecialTokens: true);
        var parts = Tokenizer.EncodeToIds("b\U0001F600b<pad>").Select(decoder.Append).ToList();
        Assert.Equal(["b", null, null, null, "\U0001F600", "b", null], parts);
        Assert.Equal("", decoder.Finish());
        foreach (var id in Tokenizer.EncodeToIds("\U0001F600").SkipLast(1))
            Assert.Null(decoder.Append(id));
        Assert.Equal("\uFFFD", decoder.Finish());
        Assert.Throws<ArgumentOutOfRangeException>(() => decoder.Append(int.MaxValue));
    }

    [Fact]
    public void Decoding_into_a_buffer_writes_whole_characters()
    {
        var ids = Tokenizer.EncodeToIds("b\U0001F600");
        var buffer = new char[3];
        Assert.Equal(OperationStatus.DestinationTooSmall, Tokenizer.Decode(ids, buffer.AsSpan(0, 2), out var consumed, out var written));
        Assert.Equal((1, 1), (consumed, written));
        Assert.Equal(OperationStatus.Done, Tokenizer.Decode(ids, buffer, out consumed, out written));
        Assert.Equal((ids.Count, 3), (consumed, written));
        Assert.Equal("b\U0001F600", new string(buffer));
    }

    [Fact]
    public void Without_splitting_words_merges_would_cross_them()
    {
        var tokenizer = Train(ByteLevelBpeTrainer.Defaults with { VocabularySize = 300 }, TextPreTokenizer.ByteLevel(useRegex: false));
        Assert.True(tokenizer.EncodeToIds("to be or not to be").Count < Tokenizer.EncodeToIds("to be or not to be").Count);
        Assert.Equal(Tokenizer.EncodeToIds("to be"), Tokenizer.EncodeToIds("to be", considerPreTokenization: false));
        Assert.Equal([(0, 2), (2, 3), (5, 1)], Tokenizer.PreTokenizer!.PreTokenize("to be!"));
        Assert.Equal([(0, 2), (2, 3)], TextPreTokenizer.ByteLevel(addPrefixSpace: true).PreTokenize("to be"));
    }

    [Fact]
    public void Dropout_cuts_otherwise_and_keeps_the_text()
    {
        const string text = "to be or not to be that is the question";
        var certain = Tokenizer.EncodeToIds(text);
        Assert.Equal(certain, Tokenizer.WithDropout(0).EncodeToIds(text));
        var never = Tokenizer.WithDropout(1).EncodeToIds(text);
        Assert.Equal(text.Length, never.Count);
        var (first, second) = (Tokenizer.WithDropout(0.5, seed: 4), Tokenizer.WithDropout(0.5, seed: 4));
        var cuts = Enumerable.Range(0, 20).Select(_ => first.EncodeToIds(text)).ToList();
        Assert.All(cuts, cut => Assert.Equal(text, Tokenizer.Decode(cut)));
        Assert.True(cuts.Select(cut => string.Join(' ', cut)).Distinct().Count() > 10);
        Assert.InRange(cuts.Average(cut => cut.Count), certain.Count + 1, never.Count - 1);
        Assert.Equal(cuts, Enumerable.Range(0, 20).Select(_ => second.EncodeToIds(text)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.WithDropout(1.1));
    }

    [Fact]
    public void A_long_word_is_merged_in_good_time()
    {
        var word = string.Concat(Enumerable.Repeat("tobe", 100_000));
        Assert.Equal(word, Tokenizer.Decode(Tokenizer.EncodeToIds(word)));
    }

    [Fact]
    public void Threads_share_it()
    {
        string[] texts = [.. Enumerable.Range(0, 2000).Select(i => $"to be{i} or not{i / 3} to be")];
        var expected = texts.Select(text => Tokenizer.EncodeToIds(text)).ToList();
        var fresh = Train(ByteLevelBpeTrainer.Defaults with { VocabularySize = 300, SpecialTokens = ["<|endoftext|>", "<pad>"] });
        var found = new IReadOnlyList<int>[texts.Length];
        Parallel.For(0, texts.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => found[i] = fresh.EncodeToIds(texts[i]));
        Assert.Equal(expected, found);
    }

    private static TokenizerModel Train(BpeTrainerOptions options, TextPreTokenizer? preTokenizer = null) =>
        new ByteLevelBpeTrainer(options, preTokenizer).Train(["to be or not to be", "that is the question", "to be or not to be"]);
}
