using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization;

/// <summary>Byte-level BPE tokenizers against Hugging Face's own answers: ids, offsets, decoded text, the text of a stream.</summary>
public sealed class EncodeFixtureTests
{
    [Theory]
    [InlineData("gpt2")]
    [InlineData("roberta")]
    [InlineData("phi2")]
    public void Encodes_and_decodes_every_text(string name)
    {
        var tokenizer = Load(name);
        var texts = SharedFixtures.Json("golden/tokenizers/encode/texts.json").AsArray().ToDictionary(text => (string)text!["name"]!, text => (string)text!["text"]!);
        var fixture = SharedFixtures.Json($"golden/tokenizers/encode/{name}/cases.json");
        Assert.Equal((int)fixture["vocab_size"]!, tokenizer.VocabularySize);
        foreach (var item in fixture["cases"]!.AsArray().Select(item => item!.AsObject()))
        {
            var (caseName, text) = ((string)item["text"]!, texts[(string)item["text"]!]);
            var plain = item["plain"]!.AsObject();
            var ids = Ints(plain["ids"]);
            AssertEncodes(caseName, tokenizer, text, plain, addSpecialTokens: false);
            Assert.Equal(ids, tokenizer.EncodeToIds(text));
            Assert.Equal(ids, tokenizer.EncodeToIds(text.AsSpan()));
            if (item["special"] is JsonObject special)
                AssertEncodes(caseName, tokenizer, text, special, addSpecialTokens: true);
            else
                Assert.Equal(ids, tokenizer.Encode(text, addSpecialTokens: true).Select(token => token.Id));

            Assert.Equal((string)item["decoded"]!, tokenizer.Decode(ids));
            Assert.Equal((string)(item["decoded_skip"] ?? item["decoded"])!, tokenizer.Decode(ids, skipSpecialTokens: true));
            var decoder = tokenizer.CreateStreamingDecoder(skipSpecialTokens: false);
            Assert.Equal(item["stream"]!.AsArray().Select(part => (string?)part), ids.Select(decoder.Append));
        }
    }

    [Fact]
    public void Replaces_lone_surrogates()
    {
        var tokenizer = Load("gpt2");
        var fixture = SharedFixtures.Json("golden/tokenizers/encode/lone-surrogates.json");
        var cases = fixture.AsArray().Select(item => item!.AsObject()).ToList();
        Assert.NotEmpty(cases);
        foreach (var item in cases)
        {
            var text = new string([.. Ints(item["utf16"]).Select(unit => (char)unit)]);
            var ids = item["ids_of_replaced_text"]!["gpt2"];
            Assert.Equal(Ints(ids), tokenizer.EncodeToIds(text));
            Assert.Equal((string)item["replaced_text"]!, tokenizer.Decode(tokenizer.EncodeToIds(text)));
        }
    }

    [Fact]
    public void Reads_the_two_files_of_gpt2()
    {
        var tokenizer = Load("gpt2");
        Assert.Equal(50257, tokenizer.VocabularySize);
        Assert.Equal(50256, tokenizer.EndOfText);
        var vector = SharedFixtures.Json("data/tokenizers/gpt2/encoded_tokens.vector.json");
        Assert.Equal(Ints(vector["token_ids"]), tokenizer.EncodeToIds((string)vector["text"]!));
        Assert.Equal([15496, 11, 995, 0, 50256], tokenizer.EncodeToIds("Hello, world!<|endoftext|>"));
    }

    [Theory]
    [InlineData("gpt-2", "gpt2")]
    [InlineData("roberta-bpe", "roberta")]
    public void Agrees_on_the_vectors_of_llama_cpp(string vectors, string name)
    {
        var tokenizer = Load(name);
        var texts = SharedFixtures.Text($"data/tokenizers/llamacpp-vectors/{vectors}.inp").Split("\n__ggml_vocab_test__\n");
        var ids = SharedFixtures.Text($"data/tokenizers/llamacpp-vectors/{vectors}.out").Split('\n');
        Assert.InRange(texts.Length, 40, ids.Length);
        for (var i = 0; i < texts.Length; i++)
            Assert.Equal(ids[i].Trim(), string.Join(' ', tokenizer.EncodeToIds(texts[i])));
    }

    internal static TokenizerModel Load(string name) => name == "gpt2"
        ? TokenizerModel.LoadVocabularyAndMerges(SharedFixtures.Path("data/tokenizers/gpt2/encoder.json"), SharedFixtures.Path("data/tokenizers/gpt2/vocab.bpe"))
        : TokenizerModel.Load(SharedFixtures.Path($"data/tokenizers/{name}/tokenizer.json"));

    internal static int[] Ints(JsonNode? node) => [.. node!.AsArray().Select(value => (int)value!)];

    private static void AssertEncodes(string caseName, TokenizerModel tokenizer, string text, JsonObject expected, bool addSpecialTokens)
    {
        var tokens = tokenizer.Encode(text, addSpecialTokens);
        Assert.Equal(Ints(expected["ids"]), tokens.Select(token => token.Id));
        var offsets = Ints(expected["offsets_utf16"] ?? expected["offsets"]);
        Assert.True(offsets.SequenceEqual(tokens.SelectMany(token => (int[])[token.Offset.Start.Value, token.Offset.End.Value])),
            $"{caseName}: offsets should be {string.Join(' ', offsets)}, are {string.Join(' ', tokens.Select(token => token.Offset))}");
    }
}
