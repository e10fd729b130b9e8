using Microsoft.ML.LlmFineTune.Data;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Data;

public sealed class TextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData(" \t\r\n", "")]
    [InlineData("  a \n\t b\u00A0\u2003c ", "a b c")]
    [InlineData("a b", "a b")]
    public void White_space_is_folded(string text, string expected) => Assert.Equal(expected, TextCleaning.FoldWhiteSpace(text));

    [Fact]
    public void Chunks_end_where_a_reader_would_stop()
    {
        Assert.Equal(["One two. ", "Three four. ", "Five."], TextChunks.Split("One two. Three four. Five.", 12));
        Assert.Equal(["first part\n\n", "second line\n", "third"], TextChunks.Split("first part\n\nsecond line\nthird", 16));
        Assert.Equal(["aaaa", "aaaa", "a"], TextChunks.Split("aaaaaaaaa", 4));
        Assert.Equal(["one ", "two ", "three"], TextChunks.Split("one two three", 5));
        Assert.Equal(["short"], TextChunks.Split("short", 100));
        Assert.Empty(TextChunks.Split("", 10));
    }

    [Fact]
    public void Chunks_are_the_text_and_keep_characters_whole()
    {
        var text = string.Concat(Enumerable.Range(0, 200).Select(i => i % 7 == 0 ? "\U0001F600\U0001F601 " : i % 11 == 0 ? "end. \n" : $"word{i} "));
        for (var length = 2; length < 40; length++)
        {
            var chunks = TextChunks.Split(text, length).ToList();
            Assert.Equal(text, string.Concat(chunks));
            Assert.All(chunks, chunk => Assert.True(chunk.Length <= length && chunk.Length > 0 && !char.IsLowSurrogate(chunk[0])));
        }
    }

    [Fact]
    public void A_split_is_the_texts_own()
    {
        var split = new TextHashSplit();
        var counts = Enumerable.Range(0, 20000).CountBy(i => split.PartOf($"text number {i}")).ToDictionary();
        Assert.InRange(counts[DataPart.Train], 15800, 16200);
        Assert.InRange(counts[DataPart.Validation], 1850, 2150);
        Assert.InRange(counts[DataPart.Test], 1850, 2150);
        Assert.Equal(split.PartOf("a"), new TextHashSplit().PartOf("a"));
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal(DataPart.Train, new TextHashSplit(1, 0).PartOf($"{i}")));
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal(DataPart.Test, new TextHashSplit(0, 0).PartOf($"{i}")));
        Assert.Throws<ArgumentException>(() => new TextHashSplit(0.8, 0.3));
    }

    // SHA-256 of "abc" begins with BA 78 16 BF 8F 01 CF EA (FIPS 180-4): read little-endian, 0.917 of 2^64.
    [Fact]
    public void The_hash_is_the_standards() =>
        Assert.Equal([DataPart.Test, DataPart.Validation, DataPart.Train], [new TextHashSplit(0.8, 0.1).PartOf("abc"), new TextHashSplit(0.9, 0.05).PartOf("abc"), new TextHashSplit(0.95, 0).PartOf("abc")]);
}
