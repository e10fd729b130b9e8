using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Unicode;

public sealed class UnicodeNormalizationTests
{
    private static readonly string[] Alphabet =
    [
        "a", "e", "\u0301", "\u0323", "\u0307", "\u0345", "\u0338", "é", "\u1E9B\u0323", "Å", "\u212B", "ﬃ", "½", "한", "\u1112", "\u1161", "\u11AB", "\u11A8", "\u0958", "\u0344", "\u2ADC", "\uFB2C",
        "\U0001D15E", "\U000110BA", "\uD800", "\uDC00", " ", "\u3099", "か", "\u0F73", "\u0F71", "\u1100", "ﷺ", "𝐀", "\u09C7", "\u09BE",
    ];

    // From the reference's char_offsets and its rules: 0 replaces, 1 is inserted, -n swallows n.
    [Theory]
    [InlineData("cafe\u0301", "Nfc", "c0 a0 f0 \u00E9-1")]
    [InlineData("ﬃ½", "Nfkc", "f0 f1 i1 10 ⁄1 21")]
    [InlineData("\u00E9", "Nfd", "e0 \u03011")]
    [InlineData("가", "Nfd", "\u11000 \u11611")]
    [InlineData("\u1112\u1161\u11AB", "Nfc", "한-2")]
    [InlineData("q\u0307\u0323", "Nfd", "q0 \u03230 \u03070")]
    [InlineData("a\u0307\u0323", "Nfc", "\u1EA1-1 \u03070")]
    [InlineData("\u0958", "Nfc", "\u09150 \u093C1")]
    [InlineData("\u00E9\u0323", "Nfc", "\u1EB9-1 \u03011")]
    [InlineData("\u0301a", "Nfc", "\u03010 a0")]
    [InlineData("x\uD800y", "Nfkd", "x0 \uD8000 y0")]
    public void Changes_follow_the_reference(string text, string form, string expected)
    {
        var changes = Changes(text, Enum.Parse<UnicodeForm>(form));
        Assert.Equal(expected, string.Join(' ', changes.Select(change => Text([change]) + change.Change.ToString(CultureInfo.InvariantCulture))));
    }

    // Of the reference's answers for every code point by itself: how many change, and the SHA-256 of lines "code point:result".
    [Theory]
    [InlineData("Nfc", 1120, "2cc73999241c34fd2683d9fb4ac94e571a7d7df7d9a8f1271d10035c7a5a2f85")]
    [InlineData("Nfd", 13232, "fd3bafb40ba9633d663a6903af0b47bd92b074039cbf8db0d092f3297a86cccc")]
    [InlineData("Nfkc", 4794, "364bb0ba505c2c134f4b5255ff17e1e5ef3f27d6706cc4175432e056d6307bab")]
    [InlineData("Nfkd", 16894, "b19cee0b50c03d92826624cf932b4d38248a1aea7e89f5fd5f62e6f452ec06ca")]
    public void Every_code_point_normalizes_as_in_the_reference(string form, int count, string digest)
    {
        var lines = new List<string>();
        for (var codePoint = 0; codePoint <= 0x10FFFF; codePoint++)
        {
            if (codePoint is >= 0xD800 and < 0xE000)
                continue;
            var text = char.ConvertFromUtf32(codePoint);
            var normalized = UnicodeNormalization.Normalize(text, Enum.Parse<UnicodeForm>(form));
            if (normalized != text)
                lines.Add(FormattableString.Invariant($"{codePoint:x}:{string.Join(' ', normalized.EnumerateRunes().Select(rune => rune.Value.ToString("x", CultureInfo.InvariantCulture)))}"));
        }
        Assert.Equal((count, digest), (lines.Count, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))))));
    }

    [Fact]
    public void Forms_agree_with_each_other_on_random_texts()
    {
        var random = new Random(7);
        for (var round = 0; round < 20_000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            var length = CountCodePoints(text);
            foreach (var form in Enum.GetValues<UnicodeForm>())
            {
                var changes = Changes(text, form);
                var normalized = Text(changes);
                Assert.Equal(normalized, UnicodeNormalization.Normalize(text, form));
                Assert.Equal(length, changes.Sum(change => change.Change > 0 ? 0 : 1 - change.Change));
                Assert.Equal(normalized, UnicodeNormalization.Normalize(normalized, form));
                if (UnicodeNormalization.IsNormalized(text, form))
                    Assert.Equal(text, normalized);
            }
            var decomposed = UnicodeNormalization.Normalize(text, UnicodeForm.Nfd);
            Assert.Equal(UnicodeNormalization.Normalize(text, UnicodeForm.Nfc), UnicodeNormalization.Normalize(decomposed, UnicodeForm.Nfc));
            Assert.Equal(decomposed, UnicodeNormalization.Normalize(UnicodeNormalization.Normalize(text, UnicodeForm.Nfc), UnicodeForm.Nfd));
        }
    }

    [Fact]
    public void Many_marks_are_sorted_in_bounded_time_and_keep_their_order()
    {
        var text = "a" + string.Concat(Enumerable.Repeat("\u0301\u0323\u0300", 100_000));
        var expected = "a" + new string('\u0323', 100_000) + string.Concat(Enumerable.Repeat("\u0301\u0300", 100_000));
        Assert.Equal(expected, UnicodeNormalization.Normalize(text, UnicodeForm.Nfd));
    }

    [Fact]
    public void Offsets_are_those_of_the_fixtures()
    {
        var compared = 0;
        foreach (var component in SharedFixtures.Json("golden/tokenizers/components/normalizers.json").AsArray())
        {
            if (!Enum.TryParse<UnicodeForm>((string)component!["component"]!["type"]!, ignoreCase: true, out var form))
                continue;
            foreach (var item in component["cases"]!.AsArray())
            {
                var changes = Changes((string)item!["in"]!, form);
                Assert.Equal((string)item["out"]!, Text(changes));
                Assert.Equal(item["char_offsets"]!.AsArray().Select(offset => (int)offset!), Offsets(changes));
                compared++;
            }
        }
        Assert.True(compared > 0, "the fixture has no normalization forms");
    }

    // The reference: an inserted character takes the span of the one before it.
    private static IEnumerable<int> Offsets(List<CharacterChange> changes)
    {
        var consumed = 0;
        foreach (var change in changes)
        {
            var at = change.Change > 0 ? consumed - 1 : consumed;
            yield return Math.Max(at, 0);
            yield return at + 1;
            consumed += change.Change > 0 ? 0 : 1 - change.Change;
        }
    }

    private static List<CharacterChange> Changes(string text, UnicodeForm form)
    {
        var changes = new List<CharacterChange>();
        UnicodeNormalization.Normalize(text, form, changes);
        return changes;
    }

    private static int CountCodePoints(string text)
    {
        var count = 0;
        for (var at = 0; at < text.Length; count++)
        {
            CodePoints.At(text, at, out var length);
            at += length;
        }
        return count;
    }

    private static string Text(IEnumerable<CharacterChange> changes)
    {
        var text = new StringBuilder();
        Span<char> units = stackalloc char[2];
        foreach (var change in changes)
            text.Append(units[..CodePoints.Write(change.CodePoint, units)]);
        return text.ToString();
    }
}
