using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

public sealed class TokenizerConfigTests
{
    internal const string Full = """
        {
          "added_tokens_decoder": {"2": {"content": "</s>", "lstrip": false, "normalized": false, "rstrip": true, "single_word": false, "special": true}, "9": {"content": "tool", "special": false}},
          "additional_special_tokens": ["<x>", {"content": "<y>", "lstrip": true, "rstrip": false, "normalized": false, "single_word": true}],
          "add_bos_token": true, "add_eos_token": false, "add_prefix_space": false, "legacy": false, "do_lower_case": true, "strip_accents": false, "tokenize_chinese_chars": true, "keep_accents": true,
          "bos_token": "<s>", "eos_token": {"__type": "AddedToken", "content": "</s>", "lstrip": false, "normalized": true, "rstrip": false, "single_word": false}, "unk_token": "<unk>", "pad_token": null,
          "sep_token": "</s>", "cls_token": "<s>", "mask_token": {"content": "<mask>", "lstrip": true},
          "chat_template": [{"name": "default", "template": "{{ a }}"}, {"name": "tool_use", "template": "{{ b }}"}],
          "clean_up_tokenization_spaces": false, "model_max_length": 4096, "tokenizer_class": "LlamaTokenizer", "src_lang": "de", "extra_ids": 3, "sp_model_kwargs": {"a": [1, null, {"b": "\u00e4"}]}, "nothing": null
        }
        """;

    private static TokenizerConfig Load(string json)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        return TokenizerConfig.Load(stream);
    }

    [Fact]
    public void Every_entry_is_read()
    {
        var config = Load(Full);
        Assert.Equal(new ConfiguredToken("</s>") { StripRight = true }, config.AddedTokensDecoder[2]);
        Assert.Equal(new ConfiguredToken("tool", false) { Normalized = true }, config.AddedTokensDecoder[9]);
        Assert.Equal([new("<x>"), new("<y>") { StripLeft = true, SingleWord = true }], config.AdditionalSpecialTokens);
        Assert.Equal((true, false, false, false), (config.AddBosToken, config.AddEosToken, config.AddPrefixSpace, config.Legacy));
        Assert.Equal((true, false, true, true, false), (config.DoLowerCase, config.StripAccents, config.TokenizeChineseChars, config.KeepAccents, config.CleanUpTokenizationSpaces));
        Assert.Equal(("<s>", "<unk>", null, "</s>", "<s>"), (config.BosToken?.Content, config.UnkToken?.Content, config.PadToken, config.SepToken?.Content, config.ClsToken?.Content));
        Assert.Equal(new ConfiguredToken("</s>") { Normalized = true }, config.EosToken);
        Assert.Equal(new ConfiguredToken("<mask>") { StripLeft = true }, config.MaskToken);
        Assert.Equal(("{{ a }}", "{{ b }}"), (config.ChatTemplate, config.ChatTemplates["tool_use"]));
        Assert.Equal((4096, "LlamaTokenizer"), (config.ModelMaxLength, config.TokenizerClass));
        Assert.Equal(["src_lang", "extra_ids", "sp_model_kwargs", "nothing"], config.OtherEntries.Keys);
        Assert.Equal(("de", 3), (config.OtherText("src_lang"), config.OtherNumber("extra_ids")));
    }

    [Fact]
    public void What_is_written_is_read_again_with_the_entries_that_are_not_known()
    {
        var config = Load(Full);
        using var saved = new MemoryStream();
        config.Save(saved);
        var written = JsonNode.Parse(saved.ToArray())!.AsObject();
        var original = JsonNode.Parse(Full)!.AsObject();
        foreach (var name in (string[])["add_bos_token", "add_eos_token", "add_prefix_space", "legacy", "do_lower_case", "strip_accents", "keep_accents", "bos_token", "unk_token", "chat_template", "model_max_length", "tokenizer_class", "src_lang", "sp_model_kwargs"])
            Assert.True(JsonNode.DeepEquals(original[name], written[name]), name);
        Assert.True(written.ContainsKey("nothing"));
        saved.Position = 0;
        var again = TokenizerConfig.Load(saved);
        Assert.Equal(config.NamedTokens, again.NamedTokens);
        Assert.Equal(config.AdditionalSpecialTokens, again.AdditionalSpecialTokens);
        Assert.Equal(config.AddedTokensDecoder, again.AddedTokensDecoder);
        Assert.Equal(config.OtherEntries.Keys, again.OtherEntries.Keys);
    }

    // transformers writes 10^30 for no limit.
    [Fact]
    public void A_huge_length_is_no_limit_and_is_kept()
    {
        var config = Load("""{"model_max_length": 1000000000000000019884624838656, "chat_template": "{{ x }}", "extra_special_tokens": {"image_token": "<image>"}}""");
        Assert.Null(config.ModelMaxLength);
        Assert.Equal("1000000000000000019884624838656", config.OtherEntries["model_max_length"]);
        Assert.Equal("{{ x }}", config.ChatTemplate);
        Assert.Equal([new("<image>")], config.AdditionalSpecialTokens);
        Assert.Equal(512, Load("""{"model_max_length": 512.0}""").ModelMaxLength);
        Assert.Equal(new TokenizerConfig().NamedTokens, Load("{}").NamedTokens);
    }

    [Theory]
    [InlineData("[]", "must be an object")]
    [InlineData("{\"a\":", "not a valid tokenizer_config.json")]
    [InlineData("{\"add_bos_token\": \"yes\"}", "add_bos_token must be true or false; it is \"yes\"")]
    [InlineData("{\"bos_token\": 3}", "bos_token must be an object")]
    [InlineData("{\"bos_token\": {\"lstrip\": true}}", "bos_token.content is missing")]
    [InlineData("{\"additional_special_tokens\": [1]}", "additional_special_tokens[0]")]
    [InlineData("{\"added_tokens_decoder\": {\"x\": {\"content\": \"a\"}}}", "added_tokens_decoder: an id must be an integer")]
    [InlineData("{\"added_tokens_decoder\": {\"1\": {\"content\": \"a\"}, \"01\": {\"content\": \"b\"}}}", "the id 1 twice")]
    [InlineData("{\"chat_template\": 1}", "chat_template must be a text")]
    [InlineData("{\"chat_template\": [{\"name\": \"a\"}]}", "chat_template[0].template is missing")]
    [InlineData("{\"model_max_length\": \"512\"}", "model_max_length must be a number")]
    [InlineData("{\"tokenizer_class\": \"\\ud800\"}", "not a valid tokenizer_config.json")]
    public void Malformed_entries_are_refused_by_name(string json, string complaint) => Assert.Contains(complaint, Assert.Throws<InvalidDataException>(() => Load(json)).Message, StringComparison.Ordinal);
}
