using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Regexes;

public sealed class CodePointRegexTests
{
    [Theory]
    [InlineData(@"\p{L}+", "𝐀𝐁c😀", "𝐀𝐁c|😀")]
    [InlineData(@"[^a]", "a😀b", "a|😀|b")]
    [InlineData(@".{2}", "😀x你y", "😀x|你y")]
    [InlineData(@"\p{Han}+", "你好abc𠀀", "你好|abc|𠀀")]
    [InlineData(@"[\p{L}&&[^\p{Latin}]]+", "abcабв你x", "abc|абв你|x")]
    [InlineData(@"[[:punct:]]", "a+b。", "a|+|b|。")]
    [InlineData(@"(?i:'S)", "it'ſ 's", "it|'ſ| |'s")]
    [InlineData(@"\p{N}{1,3}+", "12345678", "12345678")]
    [InlineData(@"(?<=😀)x", "x😀x", "x😀|x")]
    [InlineData(@"(?<!😀)x", "x😀x", "x|😀x")]
    [InlineData(@"$", "a\nb", "a|\nb")]
    [InlineData(@"^b", "a\nb", "a\n|b")]
    [InlineData(@"\x{1F600}|\u4F60", "a你😀", "a|你|😀")]
    [InlineData(@"(a)\1", "aab", "aa|b")]
    [InlineData(@"\R", "a\r\nb", "a|\r\n|b")]
    [InlineData(@"(?x: a # comment
        b )", "xab", "x|ab")]
    [InlineData(@"\h+", "xfF0g", "x|fF0|g")]
    [InlineData(@"\bé", "é é", "é| |é")]
    public void Patterns_work_on_code_points(string pattern, string text, string expected) => Assert.Equal(expected.Split('|'), Matches.Isolated(CodePointRegex.Parse(pattern), text));

    [Theory]
    [InlineData(".", "\uD800x\uDC00", 3)]
    [InlineData(@"\P{L}", "\uD800x\uDC00", 2)]
    [InlineData(@"[\x{D800}]", "\uD800\uDC00\uD800", 1)]
    [InlineData(@"[\x{DC00}]", "\uD800\uDC00\uDC00", 1)]
    [InlineData(@"(?!y)", "\uD83D\uDE00", 2)]
    [InlineData(@"\p{Cs}", "\uD83D\uDE00\uDE00", 1)]
    public void A_lone_surrogate_is_a_code_point_and_a_pair_is_never_halved(string pattern, string text, int expected)
    {
        var matcher = CodePointRegex.Parse(pattern).Over(text);
        var count = 0;
        for (var at = 0; at <= text.Length && matcher.TryMatch(at, out var index, out var length); at = index + Math.Max(length, 1))
        {
            Assert.False(index > 0 && index < text.Length && char.IsSurrogatePair(text[index - 1], text[index]));
            count++;
        }
        Assert.Equal(expected, count);
    }

    [Theory]
    [InlineData(@"(?m:.)", RegexFlavor.Oniguruma, "\n", true)]
    [InlineData(@"(?m:.)", RegexFlavor.Rust, "\n", false)]
    [InlineData(@"(?s:.)", RegexFlavor.Rust, "\n", true)]
    [InlineData(@"a$", RegexFlavor.Oniguruma, "a\n", true)]
    [InlineData(@"a$", RegexFlavor.Rust, "a\n", false)]
    [InlineData(@"^b", RegexFlavor.Rust, "a\nb", false)]
    [InlineData(@"(?m)^b", RegexFlavor.Rust, "a\nb", true)]
    [InlineData(@"\p{Script=Greek}", RegexFlavor.Rust, "α", true)]
    [InlineData(@"\N{1,2}+a", RegexFlavor.Oniguruma, "aa", true)]
    [InlineData(@"(?P<x>a)\k<x>", RegexFlavor.Rust, "aa", true)]
    public void Flavours_differ(string pattern, object flavor, string text, bool matches) =>
        Assert.Equal(matches, CodePointRegex.Parse(pattern, (RegexFlavor)flavor).TryMatch(text, 0, out _, out _));

    /// <summary>Random patterns and texts, with what the reference gives for them.</summary>
    [Fact]
    public void Random_patterns_give_what_the_reference_gives()
    {
        var compared = 0;
        foreach (var entry in JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "tokenizers", "regexes.json")))!["patterns"]!.AsArray())
        {
            var pattern = (string)entry!["pattern"]!;
            if (entry["refused"] is not null)
            {
                Assert.Throws<InvalidDataException>(() => CodePointRegex.Parse(pattern));
                continue;
            }
            var regex = CodePointRegex.Parse(pattern);
            foreach (var item in entry["cases"]!.AsArray())
            {
                var text = (string)item!["in"]!;
                Assert.Equal((pattern, text, string.Join('¦', item["pieces"]!.AsArray().Select(piece => (string)piece!))), (pattern, text, string.Join('¦', Matches.Isolated(regex, text))));
                compared++;
            }
        }
        Assert.True(compared > 500, $"only {compared} cases were compared");
    }

    [Theory]
    [InlineData("(a", "not closed", 0)]
    [InlineData("a)", "without a '('", 1)]
    [InlineData("[a", "not closed", 0)]
    [InlineData("[]", "nothing in it", 0)]
    [InlineData("*a", "nothing to repeat", 0)]
    [InlineData("a{100001}", "up to 100000", 1)]
    [InlineData(@"\p{Nothing}", "'Nothing' is not known", 0)]
    [InlineData(@"a\", "backslash", 1)]
    [InlineData(@"\1", "no group 1", 0)]
    [InlineData(@"[z-a]", "wrong way round", 1)]
    [InlineData(@"\X", "not supported", 0)]
    [InlineData(@"(?(1)a)", "not supported", 0)]
    [InlineData(@"\x{110000}", "10FFFF", 0)]
    public void A_bad_pattern_is_refused_with_the_place(string pattern, string what, int place)
    {
        var refusal = Assert.Throws<InvalidDataException>(() => CodePointRegex.Parse(pattern));
        Assert.Contains(what, refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith($"at character {place}.", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Length_nesting_and_size_are_bounded()
    {
        Assert.Contains("at most", Refusal(new string('a', RegexParser.LongestPattern + 1)), StringComparison.Ordinal);
        Assert.Contains("deep", Refusal(new string('(', 5000)), StringComparison.Ordinal);
        Assert.Contains("deep", Refusal(new string('[', 5000)), StringComparison.Ordinal);
        Assert.Contains("too many repetitions", Refusal("a" + new string('*', 5000)), StringComparison.Ordinal);
        Assert.Contains("written out", Refusal(string.Concat(Enumerable.Repeat(@"\p{L}", 3000))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_catastrophic_pattern_ends_with_a_clear_error()
    {
        var regex = CodePointRegex.Parse("(a+)+b", timeout: TimeSpan.FromMilliseconds(100));
        var error = Assert.Throws<TimeoutException>(() => regex.TryMatch(new string('a', 40), 0, out _, out _));
        Assert.Contains("'(a+)+b' twice took more than 0.1 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mutated_patterns_are_read_or_refused()
    {
        var seeds = PublishedPatterns.All.Select(published => published.Pattern).Concat([@"(?<n>a)\k<n>(?i-m:b)[[:alpha:]&&[^a-c]]{2,3}?(?<!x)\x{41}\u0041\07\cA(?#c)"]).Distinct().ToArray();
        const string Pieces = @"()[]{}*+?|\^$.-,&:<>=!'#iPp1xukLmsdw 😀";
        var random = new Random(3);
        for (var round = 0; round < 4000; round++)
        {
            var pattern = seeds[random.Next(seeds.Length)].ToList();
            for (var edits = random.Next(1, 6); edits > 0; edits--)
            {
                var at = random.Next(pattern.Count);
                if (random.Next(2) == 0)
                    pattern.Insert(at, Pieces[random.Next(Pieces.Length)]);
                else if (random.Next(2) == 0)
                    pattern[at] = Pieces[random.Next(Pieces.Length)];
                else
                    pattern.RemoveRange(at, Math.Min(pattern.Count - at - 1, random.Next(8)));
            }
            var mutated = new string([.. pattern]);
            try
            {
                var regex = CodePointRegex.Parse(mutated, round % 2 == 0 ? RegexFlavor.Oniguruma : RegexFlavor.Rust);
                // What is read must be a pattern for .NET, too; compiling all would take long.
                if (round % 40 == 0)
                    Matches.Isolated(regex, "It's 12 😀\n");
            }
            catch (InvalidDataException e)
            {
                Assert.Contains("regular expression", e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Escaped_text_matches_itself()
    {
        const string Text = @"a.b*c[d]e{f}(g)|h\i^j$k+l?m-n&o#p q😀";
        Assert.True(CodePointRegex.Parse(CodePointRegex.Escape(Text)).TryMatch("xx" + Text, 0, out var index, out var length));
        Assert.Equal((2, Text.Length), (index, length));
    }

    private static string Refusal(string pattern) => Assert.Throws<InvalidDataException>(() => CodePointRegex.Parse(pattern)).Message;
}
