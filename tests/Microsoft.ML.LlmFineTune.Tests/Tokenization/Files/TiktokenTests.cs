using System.Text;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

public sealed class TiktokenTests
{
    /// <summary>The bytes in order, then these tokens.</summary>
    internal static string Ranks(params string[] tokens) => string.Concat(Enumerable.Range(0, 256).Select(value => new[] { (byte)value }).Concat(tokens.Select(Encoding.UTF8.GetBytes)).Select((token, rank) => $"{Convert.ToBase64String(token)} {rank}\n"));

    private static TiktokenEncoding Encoding1(string ranks, IReadOnlyDictionary<string, int>? special = null, string pattern = TiktokenPattern.Gpt2)
    {
        using var stream = new MemoryStream(Encoding.ASCII.GetBytes(ranks));
        return TiktokenEncoding.Load(stream, pattern, special);
    }

    // ab 256, abc 257, bc 258: the lowest rank is merged first.
    [Fact]
    public void The_lowest_rank_is_merged_first()
    {
        var encoding = Encoding1(Ranks("ab", "abc", "bc", " a"));
        Assert.Equal([257], encoding.EncodeOrdinary("abc"));
        Assert.Equal(['x', 256, 'x', 258], encoding.EncodeOrdinary("xabxbc"));
        Assert.Equal("xab\u00E4 bc", encoding.Decode(encoding.EncodeOrdinary("xab\u00E4 bc")));
    }

    [Fact]
    public void Special_tokens_are_found_where_allowed_and_refused_otherwise()
    {
        var encoding = Encoding1(Ranks("ab"), new Dictionary<string, int> { ["<|x|>"] = 257, ["<|y|>"] = 258 });
        Assert.Equal(259, encoding.Tokenizer.VocabularySize);
        Assert.Equal([257, 256, 258], encoding.Encode("<|x|>ab<|y|>", encoding.SpecialTokens));
        Assert.Equal(["<|x|>".Length, 1], [encoding.EncodeOrdinary("<|x|>").Count, encoding.EncodeOrdinary("ab").Count]);
        Assert.Contains("'<|x|>'", Assert.Throws<ArgumentException>(() => encoding.Encode("<|x|>")).Message, StringComparison.Ordinal);
        Assert.Equal([257], encoding.Encode("<|x|>", new HashSet<string> { "<|x|>" }));
        Assert.Contains("'<|y|>'", Assert.Throws<ArgumentException>(() => encoding.Encode("<|x|><|y|>", new HashSet<string> { "<|x|>" })).Message, StringComparison.Ordinal);
        Assert.Equal(1 + "<|y|>".Length, encoding.Encode("<|x|><|y|>", new HashSet<string> { "<|x|>" }, new HashSet<string>()).Count);
        Assert.Equal("<|x|>ab", encoding.Decode([257, 256]));
    }

    // GPT-4's <|endoftext|> stands one behind the first free id.
    [Fact]
    public void Gaps_before_special_tokens_are_kept()
    {
        var encoding = Encoding1(Ranks("ab"), new Dictionary<string, int> { ["<|end|>"] = 300, ["<|x|>"] = 299 });
        Assert.Equal([256, 300, 299], encoding.Encode("ab<|end|><|x|>", encoding.SpecialTokens));
        using var saved = new MemoryStream();
        encoding.Tokenizer.Save(saved);
        saved.Position = 0;
        Assert.Equal([256, 300, 299], TokenizerModel.Load(saved).EncodeToIds("ab<|end|><|x|>"));
    }

    [Theory]
    [InlineData("IQ== x", "line 1")]
    [InlineData("IQ==", "line 1")]
    [InlineData("I!== 0", "line 1")]
    [InlineData("IQ== -1", "line 1")]
    [InlineData("IQ== 2147483647", "line 1")]
    [InlineData("IQ== 0 1", "line 1")]
    [InlineData("IQ== 0\nIQ== 1", "line 2: the token is there twice")]
    [InlineData("IQ== 0\nIg== 0", "line 2: the rank 0 is there twice")]
    [InlineData("IQ== 0\n", "0x00 has none")]
    [InlineData("", "0x00 has none")]
    public void A_malformed_file_is_refused_with_its_line(string content, string complaint)
    {
        var error = Assert.Throws<InvalidDataException>(() => TiktokenFile.Read(Encoding.ASCII.GetBytes(content), "the.tiktoken"));
        Assert.Contains("the.tiktoken", error.Message, StringComparison.Ordinal);
        Assert.Contains(complaint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_special_token_needs_an_id_of_its_own()
    {
        Assert.Contains("'<x>'", Assert.Throws<InvalidDataException>(() => Encoding1(Ranks(), new Dictionary<string, int> { ["<x>"] = 65 })).Message, StringComparison.Ordinal);
        Assert.Contains("pattern", Assert.Throws<ArgumentException>(() => TiktokenPattern.Of("cl200k")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("cl100k_base")]
    [InlineData("o200k_base")]
    public void The_published_patterns_split_as_tiktoken_s(string name)
    {
        var texts = SharedFixtures.Json("golden/tokenizers/encode/texts.json").AsArray().ToDictionary(text => (string)text!["name"]!, text => (string)text!["text"]!);
        var splits = SharedFixtures.Json("golden/tokenizers/tiktoken/splits.json");
        Assert.Equal(TiktokenPattern.Of(name), TiktokenPattern.Portable((string)splits["patterns"]![name]!));
        Assert.NotEmpty(splits["cases"]!.AsArray());
        foreach (var @case in splits["cases"]!.AsArray())
        {
            var text = texts[(string)@case!["text"]!];
            // By the expression, and by the scanner that stands in for it.
            Assert.Equal(@case[name]!.AsArray().Select(piece => (string)piece!), Pieces(CodePointRegex.Parse(TiktokenPattern.Of(name), useSplitter: false), text));
            Assert.Equal(@case[name]!.AsArray().Select(piece => (string)piece!), Pieces(CodePointRegex.Parse(TiktokenPattern.Of(name)), text));
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

    // A token of many bytes has as many ways to be cut; they are found in one walk.
    [Fact]
    public void Long_tokens_take_no_longer_than_their_length()
    {
        var tokens = Enumerable.Range(2, 3000).Select(length => new string('a', length)).ToArray();
        var pairs = MergeRecovery.Find([.. tokens.Prepend("a").Select(Encoding.UTF8.GetBytes)], byRankOfHalves: false).Take(1000).ToList();
        Assert.Equal([(0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0)], pairs.Take(6));
    }
}
