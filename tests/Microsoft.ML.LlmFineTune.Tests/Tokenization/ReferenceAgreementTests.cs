using System.Text;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization;

/// <summary>Answers of Hugging Face's tokenizers (0.23.2) in corners that random files and texts found.</summary>
public sealed class ReferenceAgreementTests
{
    private const string Words = """{"type": "WordLevel", "vocab": {"<unk>": 0, "a": 1, "x": 2, "[CLS]": 3}, "unk_token": "<unk>"}""";

    [Fact]
    public void A_template_that_names_a_text_twice_gives_it_a_type_each_time()
    {
        var encoding = Load($$"""
            {
              "pre_tokenizer": {"type": "WhitespaceSplit"}, "model": {{Words}},
              "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 1} }, {"Sequence": {"id": "A", "type_id": 2} }], "pair": [], "special_tokens": {} }
            }
            """).Encode("a x");
        Assert.Equal([1, 2, 1, 2], encoding.Ids);
        Assert.Equal([1, 1, 2, 2], encoding.TypeIds);
    }

    [Fact]
    public void Post_processors_in_sequence_leave_only_the_last_one_s_tokens_special()
    {
        const string Bert = """{"type": "BertProcessing", "sep": ["x", 2], "cls": ["[CLS]", 3]}""";
        var encoding = Load($$"""{"model": {{Words}}, "post_processor": {"type": "Sequence", "processors": [{{Bert}}, {{Bert}}]} }""").Encode("a");
        Assert.Equal([3, 3, 1, 2, 2], encoding.Ids);
        Assert.Equal([1, 0, 0, 0, 1], encoding.SpecialTokensMask);
    }

    [Fact]
    public void Special_tokens_are_spelled_as_the_post_processor_spells_them()
    {
        var tokenizer = Load($$"""
            {
              "added_tokens": [{"id": 3, "content": "[CLS]", "special": true, "normalized": true}], "normalizer": {"type": "Lowercase"}, "model": {{Words}},
              "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 3]}
            }
            """);
        Assert.Equal(["[CLS]", "[cls]", "[SEP]"], tokenizer.Encode("[CLS]").Tokens);
    }

    [Fact]
    public void A_token_that_the_model_finds_is_spelled_as_the_vocabulary_spells_it()
    {
        var tokenizer = Load($$"""
            {
              "added_tokens": [{"id": 1, "content": "a", "normalized": true}], "normalizer": {"type": "Prepend", "prepend": "_"},
              "pre_tokenizer": {"type": "CharDelimiterSplit", "delimiter": " "}, "model": {{Words}}
            }
            """);
        Assert.Equal(["<unk>", "a"], tokenizer.Encode("x a").Tokens);
        Assert.Equal(["_a"], tokenizer.Encode("a").Tokens);
    }

    [Theory]
    [InlineData("a x", new[] { 4, 5 }, new[] { 0, 2, 1, 3 })]
    [InlineData("a  x", new[] { 4, 5 }, new[] { 0, 3, 2, 4 })]
    public void An_added_token_may_begin_in_white_space_that_the_one_before_swallowed(string text, int[] ids, int[] spans)
    {
        var tokenizer = Load($$"""
            {
              "added_tokens": [{"id": 4, "content": "<a>", "special": true, "rstrip": true}, {"id": 5, "content": " x", "special": true}],
              "model": {{Words}}
            }
            """);
        var encoding = tokenizer.Encode(text.Replace("a", "<a>"));
        Assert.Equal(ids, encoding.Ids);
        Assert.Equal(spans.Select(place => place + (place > 0 ? 2 : 0)), encoding.Spans.SelectMany(span => new[] { span.Start, span.End }));
    }

    [Fact]
    public void An_unknown_character_that_a_longer_piece_covers_needs_no_unknown_token()
    {
        var tokenizer = Load("""{"model": {"type": "Unigram", "unk_id": null, "vocab": [["a", -1.0], ["ax", -1.0]]} }""");
        Assert.Equal([1], tokenizer.EncodeToIds("ax"));
        Assert.Throws<InvalidOperationException>(() => tokenizer.EncodeToIds("x"));
    }

    [Fact]
    public void Unknown_bytes_are_spelled_as_bytes()
    {
        var encoding = Load("""
            {
              "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
              "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["\u00c3", -1.0]]}
            }
            """).Encode("\u00e9");
        Assert.Equal(["\u00c3", "\u00a9"], encoding.Tokens);
        Assert.Equal([new TokenSpan(0, 1), new TokenSpan(0, 1)], encoding.Spans);
    }

    [Fact]
    public void The_space_put_before_an_astral_character_stands_for_no_text()
    {
        var encoding = Load("""
            {
              "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true}, "post_processor": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true},
              "model": {"type": "BPE", "unk_token": "<unk>", "vocab": {"<unk>": 0, "\u0120": 1}, "merges": []}
            }
            """).Encode("\U0001F600");
        Assert.Equal([1, 0, 0, 0, 0], encoding.Ids);
        Assert.Equal([new TokenSpan(0, 0), new TokenSpan(0, 2), new TokenSpan(0, 2), new TokenSpan(0, 2), new TokenSpan(0, 2)], encoding.Spans);
    }

    private static TokenizerModel Load(string json) => TokenizerModel.Load(new MemoryStream(Encoding.UTF8.GetBytes(json)));
}
