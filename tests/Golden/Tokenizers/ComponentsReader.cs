using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>tokenizers/components: each normalizer, pre-tokenizer, post-processor and decoder alone.</summary>
internal sealed class ComponentsReader : CaseReader
{
    public override bool Reads(string file) => file.StartsWith("components/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        var component = Component(c);
        switch (Path.GetFileNameWithoutExtension(c.File))
        {
            case "normalizers": VerifyNormalizer(c, tally, TextNormalizer.Parse(component)); break;
            case "pre_tokenizers": VerifyPreTokenizer(c, tally, TextPreTokenizer.Parse(component)); break;
            case "decoders": VerifyDecoder(c, tally, TokenDecoder.Parse(component)); break;
            case "post_processors": VerifyPostProcessor(c, tally, component); break;
            default: throw new UnsupportedException("this kind of component is not known to this reader");
        }
    }

    private static void VerifyNormalizer(FixtureCase c, Tally tally, TextNormalizer normalizer)
    {
        tally.Equal("the component written again", true, SameJson(Component(c), normalizer.ToJson()));
        foreach (var item in c["cases"].EnumerateArray())
        {
            var text = item.GetProperty("in").GetString()!;
            tally.Equal($"normalized '{text}'", item.GetProperty("out").GetString(), normalizer.Normalize(text));
            if (!item.TryGetProperty("char_offsets", out var offsets)) continue;
            var aligned = new AlignedText();
            aligned.Reset(text, 0);
            normalizer.Apply(aligned, []);
            var spans = new List<int>();
            for (int at = 0; at < aligned.Length;)
            {
                aligned.CodePointAt(at, out var length);
                var (start, end) = aligned.SpanOf(at, at + length);
                spans.AddRange(ExpectedEncoding.CodePoints(text, start), ExpectedEncoding.CodePoints(text, end));
                at += length;
            }
            tally.Sequence($"char_offsets of '{text}'", offsets.ToInts(), spans);
        }
    }

    private static void VerifyPreTokenizer(FixtureCase c, Tally tally, TextPreTokenizer preTokenizer)
    {
        tally.Equal("the component written again", true, SameJson(Component(c), preTokenizer.ToJson()));
        foreach (var item in c["cases"].EnumerateArray())
        {
            var text = item.GetProperty("in").GetString()!;
            var words = preTokenizer.Words(text);
            tally.Sequence($"pieces of '{text}'", item.GetProperty("pieces").ToTexts(), words.Select(word => word.Word));
            tally.Sequence($"offsets of '{text}'", item.GetProperty("offsets").ToInts(), words.SelectMany(word => new[] { ExpectedEncoding.CodePoints(text, word.Span.Start), ExpectedEncoding.CodePoints(text, word.Span.End) }));
        }
    }

    private static void VerifyDecoder(FixtureCase c, Tally tally, TokenDecoder decoder)
    {
        tally.Equal("the component written again", true, SameJson(Component(c), decoder.ToJson()));
        foreach (var item in c["cases"].EnumerateArray())
        {
            var tokens = item.GetProperty("in").ToTexts();
            var decoded = decoder.Decode(tokens);
            // Where the reference crashes, a library goes on.
            if (item.TryGetProperty("out", out var expected) && expected.IsGiven()) tally.Equal($"decoded [{string.Join(", ", tokens)}]", expected.GetString(), decoded);
        }
    }

    // A tokenizer of whole words spelled in bytes, as the fixture describes it.
    private static void VerifyPostProcessor(FixtureCase c, Tally tally, string component)
    {
        var file = new JsonObject
        {
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = c["pre_tokenizer_add_prefix_space"].GetBoolean(), ["trim_offsets"] = true, ["use_regex"] = true },
            ["post_processor"] = JsonNode.Parse(component),
            ["model"] = new JsonObject { ["type"] = "WordLevel", ["vocab"] = JsonNode.Parse(c.Root.GetProperty("vocab").GetRawText()), ["unk_token"] = "[UNK]" },
        };
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(file.ToJsonString()));
        var tokenizer = TokenizerModel.Load(content);
        tally.Equal("the component written again", true, SameJson(component, tokenizer.PostProcessor!.ToJson()));
        if (c["num_special_tokens_to_add"].IsGiven())
            tally.Sequence("num_special_tokens_to_add", c["num_special_tokens_to_add"].ToInts(), [tokenizer.PostProcessor.AddedTokens(pair: false), tokenizer.PostProcessor.AddedTokens(pair: true)]);
        foreach (var item in c["cases"].EnumerateArray())
        {
            var pair = item.GetProperty("b");
            var encoded = tokenizer.Encode(EncodingInput.Of(item.GetProperty("a").GetString()!, pair.IsGiven() ? pair.GetString() : null), new EncodingOptions { AddSpecialTokens = item.GetProperty("add_special_tokens").GetBoolean() });
            ExpectedEncoding.Compare(tally, "", item, encoded);
        }
    }

    private static string Component(FixtureCase c)
    {
        var text = c["component"].GetRawText();
        const string Reference = "@base64 of normalizer_spec.precompiled_charsmap of ";
        var at = text.IndexOf(Reference, StringComparison.Ordinal);
        if (at < 0) return text;
        var file = text[(at + Reference.Length)..text.IndexOf('"', at)];
        return text.Replace(Reference + file, Convert.ToBase64String(SentencePieceModel.Load(c.Data(file)).Normalizer.CharsMap.Span), StringComparison.Ordinal);
    }

    private static bool SameJson(string expected, string actual) => JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual));
}
