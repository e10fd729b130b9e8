using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization;

public sealed class TokenizerFileTests
{
    private const string Models = "golden/tokenizers/models";

    [Theory]
    [InlineData("roberta")]
    [InlineData("phi2")]
    public void A_saved_file_is_read_the_same(string name)
    {
        var tokenizer = PublishedTokenizerTests.Load(name);
        using var saved = new MemoryStream();
        tokenizer.Save(saved);
        saved.Position = 0;
        var again = TokenizerModel.Load(saved);
        const string text = "  It's <mask> a café — 12345 \U0001F600\n\n<|endoftext|>";
        Assert.Equal(tokenizer.Encode(text).Ids, again.Encode(text).Ids);
        Assert.Equal(tokenizer.Encode(text).Spans, again.Encode(text).Spans);
        Assert.Equal(tokenizer.AddedTokens, again.AddedTokens.OrderBy(token => token.Id));
        using var twice = new MemoryStream();
        again.Save(twice);
        Assert.Equal(saved.ToArray(), twice.ToArray());
    }

    [Fact]
    public void Saving_replaces_a_file_whole()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var path = Path.Combine(folder.FullName, "tokenizer.json");
            var tokenizer = new ByteLevelBpeTrainer(ByteLevelBpeTrainer.Defaults with { VocabularySize = 260 }).Train(["to be or not to be"], cancellationToken: TestContext.Current.CancellationToken);
            File.WriteAllText(path, new string('x', 1 << 20));
            tokenizer.Save(path);
            Assert.Equal([path], Directory.GetFiles(folder.FullName));
            Assert.Equal(tokenizer.EncodeToIds("to be"), TokenizerModel.Load(path).EncodeToIds("to be"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Refuses_what_the_reference_refuses()
    {
        var cases = SharedFixtures.Json($"{Models}/malformed.json").AsArray().Where(item => !(bool)item!["loads"]!).ToList();
        Assert.NotEmpty(cases);
        foreach (var item in cases)
        {
            var content = item!["json"]?.ToJsonString() ?? (string)item["text"]!;
            var error = Record.Exception(() => Load(content));
            Assert.True(error is InvalidDataException or NotSupportedException, $"{item["name"]}: {error?.ToString() ?? "no error"}");
        }
    }

    [Theory]
    [InlineData("model.vocab", "{\"a\":-1}", "model.vocab: the id of 'a'")]
    [InlineData("model.vocab", "{\"a\":2147483647}", "model.vocab: the id of 'a'")]
    [InlineData("model.vocab", "{\"a\":1e9}", "model.vocab: the id of 'a'")]
    [InlineData("model.vocab", "[]", "model.vocab must be an object")]
    [InlineData("model.merges", "[\"a b c\"]", "model.merges: merge 0")]
    [InlineData("model.merges", "[[\"a\"]]", "model.merges: merge 0")]
    [InlineData("model.merges", "[[\"a\",\"zz\"]]", "model.merges: merge 0 ('a' with 'zz') needs the token 'zz'")]
    [InlineData("model.merges", "[[\"b\",\"a\"]]", "needs the token 'ba'")]
    [InlineData("model.dropout", "1.5", "model.dropout must be from 0 to 1; it is 1.5")]
    [InlineData("model.fuse_unk", "3", "model.fuse_unk must be true or false")]
    [InlineData("added_tokens", "[{\"content\":\"a\"}]", "added_tokens[0].id is missing")]
    [InlineData("added_tokens", "[{\"id\":3,\"content\":\"\"}]", "added_tokens[0].content is empty")]
    [InlineData("added_tokens", "{}", "added_tokens must be an array")]
    [InlineData("post_processor", "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}]}", "post_processor.pair is missing")]
    [InlineData("post_processor", "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}}],\"pair\":[]}", "post_processor: The template names the special token '<s>'")]
    [InlineData("normalizer", "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(\"},\"content\":\"\"}]}", "normalizer.normalizers[0].pattern: ")]
    [InlineData("normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"@\"}", "normalizer.precompiled_charsmap must be a table")]
    [InlineData("truncation", "{\"max_length\":512}", "truncation.strategy is missing")]
    [InlineData("truncation", "{\"max_length\":512,\"strategy\":\"Some\",\"stride\":0}", "truncation.strategy must be one of LongestFirst, OnlyFirst, OnlySecond; it is 'Some'")]
    [InlineData("padding", "{\"pad_id\":0,\"strategy\":\"Longest\"}", "padding.strategy must be BatchLongest")]
    [InlineData("pre_tokenizer", "{\"type\":\"Metaspace\",\"replacement\":\"__\"}", "pre_tokenizer.replacement must be one character")]
    [InlineData("pre_tokenizer", "{\"type\":\"FixedLength\",\"length\":0}", "pre_tokenizer.length must be at least 1")]
    [InlineData("extra", "1", "the section 'extra'")]
    public void Names_the_malformed_part(string part, string value, string message)
    {
        var error = Assert.Throws<InvalidDataException>(() => Load(With(part, value)));
        Assert.StartsWith("tokenizer.json is not a valid tokenizer.json: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_the_file_when_a_text_in_it_is_not_utf8()
    {
        byte[] bytes = [.. "{\"version\":\"1."u8, 0xFF, .. "\"}"u8];
        var error = Assert.Throws<InvalidDataException>(() => TokenizerModel.Load(new MemoryStream(bytes)));
        Assert.StartsWith("tokenizer.json is not a valid tokenizer.json: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version", "\"2.0\"", "version must be 1.0; it is 2.0")]
    [InlineData("normalizer", "{\"type\":\"Rot13\"}", "normalizer.type must be one of Sequence, BertNormalizer")]
    [InlineData("pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Words\"}]}", "pre_tokenizer.pretokenizers[0].type must be one of")]
    [InlineData("decoder", "{\"type\":\"Encoder\"}", "decoder.type must be one of")]
    [InlineData("post_processor", "{\"type\":\"Extra\"}", "it is 'Extra'")]
    [InlineData("model.type", "\"Trigram\"", "model.type must be one of BPE, WordPiece, WordLevel, Unigram; it is 'Trigram'")]
    public void Names_the_part_it_has_no_use_for(string part, string value, string message)
    {
        var error = Assert.Throws<NotSupportedException>(() => Load(With(part, value)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0,\"a\":1},\"merges\":[]}}")]
    public void Refuses_what_is_no_such_file(string content) => Assert.Throws<InvalidDataException>(() => Load(content));

    [Fact]
    public void Every_cut_of_a_file_is_refused()
    {
        var whole = Encoding.UTF8.GetBytes(With("version", "\"1.0\""));
        for (var length = 0; length < whole.Length; length++)
            Assert.Throws<InvalidDataException>(() => TokenizerModel.Load(new MemoryStream(whole, 0, length)));
        Assert.Equal(3, TokenizerModel.Load(new MemoryStream(whole)).VocabularySize);
    }

    [Fact]
    public void An_id_far_away_costs_nothing()
    {
        var tokenizer = Load(With("model.vocab", "{\"a\":0,\"b\":2147483646,\"ab\":1}"));
        Assert.Equal(int.MaxValue, tokenizer.VocabularySize);
        Assert.Equal([1, 2147483646], tokenizer.EncodeToIds("abb"));
        Assert.Equal("b", tokenizer.Decode([2147483646]));
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([0, 5]));
        Assert.Contains("The id 5 is not that of a token", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Added_tokens_get_the_ids_that_the_reference_gives_them()
    {
        var tokenizer = Load(With("added_tokens", "[{\"id\":7,\"content\":\"<x>\"},{\"id\":1,\"content\":\"a\"},{\"id\":3,\"content\":\"<y>\"}]"));
        Assert.Equal([("<x>", 3), ("a", 0), ("<y>", 4)], tokenizer.AddedTokens.Select(token => (token.Content, token.Id)));
        Assert.Equal(5, tokenizer.VocabularySize);
        var more = tokenizer.WithAddedTokens(new AddedToken(0, "<z>"), new AddedToken(0, "<x>", Special: false));
        Assert.Equal((5, 3), (more.IdOf("<z>"), more.IdOf("<x>")));
        Assert.Equal([3, 5], more.EncodeToIds("<x><z>"));
    }

    [Fact]
    public void A_merge_file_that_is_cut_is_refused()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var (vocabulary, merges) = (Path.Combine(folder.FullName, "vocab.json"), Path.Combine(folder.FullName, "merges.txt"));
            File.WriteAllText(vocabulary, "{\"a\":0,\"b\":1,\"ab\":2}");
            File.WriteAllText(merges, "#version: 0.2\na b\n");
            Assert.Equal([2, 0], TokenizerModel.LoadVocabularyAndMerges(vocabulary, merges).EncodeToIds("aba"));
            File.WriteAllText(merges, "#version: 0.2\na b\nab");
            var error = Assert.Throws<InvalidDataException>(() => TokenizerModel.LoadVocabularyAndMerges(vocabulary, merges));
            Assert.Contains("line 3 of the merges must be two tokens; it is 'ab'", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static TokenizerModel Load(string content) => TokenizerModel.Load(new MemoryStream(Encoding.UTF8.GetBytes(content)));

    private static string With(string part, string value)
    {
        var root = JsonNode.Parse("""
            {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
             "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},"post_processor":null,"decoder":{"type":"ByteLevel"},
             "model":{"type":"BPE","dropout":null,"unk_token":null,"vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]}}
            """)!.AsObject();
        var path = part.Split('.');
        var parent = path.Length == 1 ? root : root[path[0]]!.AsObject();
        parent[path[^1]] = JsonNode.Parse(value);
        return root.ToJsonString();
    }
}
