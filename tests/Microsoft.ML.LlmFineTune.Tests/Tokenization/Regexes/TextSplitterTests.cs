using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Regexes;

public sealed class TextSplitterTests
{
    // One or more of each class that patterns tell apart, on both sides of U+FFFF, and what their edges stumble over.
    private static readonly string[] Alphabet =
    [
        "a", "b", "S", "T", "s", "t", "r", "e", "v", "l", "L", "R", "m", "d", "'", "\u2019", " ", " ", "  ", "\n", "\r", "\t", "\v", "\u0085", "\u00A0", "\u3000", "\u2028", "1", "2", "٣", "½", "Ⅷ", ".", "/", "!", "_",
        "\u0301", "\u0903", "\u20DD", "é", "É", "ǅ", "ʰ", "ª", "你", "𠀀", "𝐀", "𝐚", "𝟙", "😀", "👍🏽", "\u200D", "\uD800", "\uDC00", "\uDBFF", "\uFFFD", "ſ", "\0", "K", "\u0345", "ⓐ", "\U0001D165", "\U00010D40", "\U000E0100",
    ];

    public static IEnumerable<TheoryDataRow<string, int>> Published() => PublishedPatterns.All.Select(published => new TheoryDataRow<string, int>(published.Pattern, (int)published.Flavor));

    [Theory]
    [MemberData(nameof(Published))]
    public void Scanners_are_equal_to_the_patterns(string pattern, int flavor)
    {
        var scanned = CodePointRegex.Parse(pattern, (RegexFlavor)flavor);
        var matched = CodePointRegex.Parse(pattern, (RegexFlavor)flavor, useSplitter: false);
        Assert.NotNull(scanned.Splitter);
        Assert.Null(matched.Splitter);
        var random = new Random(11);
        for (var round = 0; round < 4000; round++)
        {
            // Few different pieces a text, so that runs come about.
            var few = Enumerable.Range(0, random.Next(2, 20)).Select(_ => Alphabet[random.Next(Alphabet.Length)]).ToArray();
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 24)).Select(_ => few[random.Next(few.Length)]));
            var pieces = Pieces(scanned, text);
            Assert.Equal(Pieces(matched, text), pieces);
            Assert.Equal(text, string.Concat(pieces));
        }
    }

    [Fact]
    public void Splits_are_those_of_tiktoken()
    {
        var fixture = SharedFixtures.Json("golden/tokenizers/tiktoken/splits.json");
        var texts = SharedFixtures.Json("golden/tokenizers/encode/texts.json").AsArray().ToDictionary(text => (string)text!["name"]!, text => (string)text!["text"]!);
        foreach (var (name, pattern) in fixture["patterns"]!.AsObject())
        {
            foreach (var useSplitter in new[] { true, false })
            {
                var regex = CodePointRegex.Parse((string)pattern!, RegexFlavor.Rust, useSplitter: useSplitter);
                Assert.Equal(useSplitter, regex.Splitter is not null);
                foreach (var item in fixture["cases"]!.AsArray())
                    Assert.Equal(item![name]!.AsArray().Select(piece => (string)piece!), Pieces(regex, texts[(string)item["text"]!]));
            }
        }
    }

    private static List<string> Pieces(CodePointRegex regex, string text)
    {
        var pieces = new List<string>();
        var matcher = regex.Over(text);
        for (var at = 0; at < text.Length && matcher.TryMatch(at, out var index, out var length) && length > 0; at = index + length)
            pieces.Add(text.Substring(index, length));
        return pieces;
    }
}
