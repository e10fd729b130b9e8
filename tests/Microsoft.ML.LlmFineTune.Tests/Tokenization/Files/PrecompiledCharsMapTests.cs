using System.Text;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

public sealed class PrecompiledCharsMapTests
{
    private static readonly PrecompiledCharsMap Map = new(CharsMapBuilder.Build(("A", "a"), ("AB", "xyz"), ("\u2122", "TM"), ("\u001E", ""), ("e\u0301", "\u00E9"), ("\u0301", "'"), ("\U0001F600", ":)")));

    [Theory]
    [InlineData("A", 1, "a")]
    [InlineData("ABC", 2, "xyz")]
    [InlineData("AC", 1, "a")]
    [InlineData("\u2122x", 3, "TM")]
    [InlineData("\u001Ex", 1, "")]
    [InlineData("\U0001F600", 4, ":)")]
    public void The_longest_prefix_is_replaced(string text, int length, string replacement)
    {
        Assert.True(Map.TryLongestPrefix(Encoding.UTF8.GetBytes(text), out var found, out var bytes));
        Assert.Equal(length, found);
        Assert.Equal(replacement, Encoding.UTF8.GetString(bytes));
    }

    [Theory]
    [InlineData("")]
    [InlineData("B")]
    [InlineData("\0A")]
    [InlineData("\u2121")]
    public void What_no_rule_fits_is_left(string text) => Assert.False(Map.TryLongestPrefix(Encoding.UTF8.GetBytes(text), out _, out _));

    // By hand, from the rules of Hugging Face's normalizer: insertions count 1, what a shorter replacement leaves is swallowed by the character before.
    [Theory]
    [InlineData("xAy", "x0 a0 y0")]
    [InlineData("\u2122\u001Eg", "T0 M0 g0")]
    [InlineData("x\u001Eg", "x-1 g0")]
    [InlineData("\u001Eg", "g0")]
    [InlineData("e\u0301x", "\u00E9-1 x0")]
    [InlineData("AB", "a0 B0")]
    [InlineData("\U0001F600", ":0 )1")]
    public void Changes_follow_the_reference(string text, string expected)
    {
        var changes = new List<CharacterChange>();
        Assert.True(Map.Normalize(text, changes));
        Assert.Equal(expected, string.Join(' ', changes.Select(change => $"{char.ConvertFromUtf32(change.CodePoint)}{change.Change}")));
    }

    [Fact]
    public void A_cluster_of_more_than_five_bytes_is_taken_apart()
    {
        // e with two accents has five bytes and is replaced by its shortest prefix's rule, whole; with three it has seven.
        var changes = new List<CharacterChange>();
        Map.Normalize("e\u0301\u0302", changes);
        Assert.Equal([new CharacterChange(0xE9, -2)], changes);
        changes.Clear();
        Map.Normalize("e\u0301\u0302\u0303", changes);
        Assert.Equal([new CharacterChange('e', 0), new CharacterChange('\'', 0), new CharacterChange(0x302, 0), new CharacterChange(0x303, 0)], changes);
    }

    [Fact]
    public void Text_without_a_rule_is_unchanged()
    {
        var changes = new List<CharacterChange>();
        Assert.False(Map.Normalize("plain \u4E00", changes));
        Assert.Equal("plain \u4E00", string.Concat(changes.Select(change => (char)change.CodePoint)));
    }

    public static TheoryData<byte[], string> Damaged()
    {
        var good = CharsMapBuilder.Build(("A", "a"));
        byte[] With(int at, byte value)
        {
            var bytes = (byte[])good.Clone();
            bytes[at] = value;
            return bytes;
        }
        return new()
        {
            { [1, 2], "four bytes" },
            { [0, 0, 0, 0, 0], "multiple of 4" },
            { [255, 255, 255, 127, 0], "multiple of 4" },
            { With(0, 3), "multiple of 4" },
            { With(good.Length - 2, 0xFF), "UTF-8" },
            { good[..^1], "no replacement begins" },
        };
    }

    [Theory]
    [MemberData(nameof(Damaged))]
    public void A_damaged_map_is_refused(byte[] bytes, string complaint)
    {
        var error = Assert.Throws<InvalidDataException>(() => new PrecompiledCharsMap(bytes, "the map"));
        Assert.Contains("the map", error.Message, StringComparison.Ordinal);
        Assert.Contains(complaint, error.Message, StringComparison.Ordinal);
    }
}
