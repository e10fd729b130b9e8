using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

public sealed class SentencePieceFamiliesTests
{
    private static readonly EncodingOptions Whole = new();
    private static readonly EncodingOptions Plain = new() { AddSpecialTokens = false };

    /// <summary>&lt;unk&gt;, &lt;s&gt;, &lt;/s&gt;, then ▁ab 3, ▁a 4, b 5, ▁ 6, a 7, ab 8, c 9.</summary>
    private static TokenizerModel Tokenizer(string? family, TokenizerConfig? config = null, SentencePieceModel? model = null) =>
        TokenizerJsonReader.Read(SentencePieceFamilies.ToTokenizerJson(model ?? TinyModels.Words, (config ?? new()) with { TokenizerClass = family }), "tiny");

    private static string Tokens(TokenizerModel tokenizer, string text, string? pair = null) => string.Join(' ', tokenizer.Encode(EncodingInput.Of(text, pair), Whole).Tokens);

    private static SentencePieceModel Bpe(params SentencePieceEntry[] more) => TinyModels.Of(SentencePieceAlgorithm.Bpe,
        [.. TinyModels.Bytes, TinyModels.Normal("ab", -1), TinyModels.Normal("\u2581ab", -2), TinyModels.Normal("\u2581", -3), TinyModels.Normal("a", -4), TinyModels.Normal("b", -5), .. more]) is var model
        ? model with { Trainer = model.Trainer with { ByteFallback = true } }
        : throw new InvalidOperationException();

    [Fact]
    public void Without_a_family_ids_are_those_of_the_model()
    {
        var tokenizer = Tokenizer(null);
        Assert.Equal([3, 4], tokenizer.Encode("ab   a ", Whole).Ids);
        Assert.Equal([1, 3, 2], Tokenizer(null, new() { AddBosToken = true, AddEosToken = true }).Encode("ab", Whole).Ids);
        Assert.Equal("ab a", tokenizer.Decode([3, 4]));
        Assert.Equal([0, 1, 2], tokenizer.AddedTokens.Select(token => token.Id));
        Assert.All(tokenizer.AddedTokens, token => Assert.True(token.Special));
    }

    [Theory]
    [InlineData("T5Tokenizer", 100)]
    [InlineData("T5TokenizerFast", 3)]
    public void T5_appends_its_sentinels_from_the_last_to_the_first(string family, int count)
    {
        var config = new TokenizerConfig { OtherEntries = count == 100 ? new Dictionary<string, string>() : new Dictionary<string, string> { ["extra_ids"] = "3" } };
        var tokenizer = Tokenizer(family, config);
        Assert.Equal(10 + count + 1, tokenizer.VocabularySize);
        Assert.Equal(10 + count - 1, tokenizer.IdOf("<extra_id_0>"));
        Assert.Equal(10, tokenizer.IdOf($"<extra_id_{count - 1}>"));
        Assert.Equal([3, 10 + count - 1, 4, 2], tokenizer.Encode("ab<extra_id_0> a", Whole).Ids);
        Assert.Equal("\u2581ab </s> \u2581a </s>", Tokens(tokenizer, "ab", "a"));
    }

    // fairseq's four come first, the model's first three are left out: one more than in the model.
    [Fact]
    public void XlmRoberta_shifts_ids_by_one()
    {
        var tokenizer = Tokenizer("XLMRobertaTokenizer");
        Assert.Equal(["<s>", "<pad>", "</s>", "<unk>", "\u2581ab"], Enumerable.Range(0, 5).Select(tokenizer.TokenOf));
        Assert.Equal([0, 4, 5, 2], tokenizer.Encode("ab a", Whole).Ids);
        Assert.Equal("<s> \u2581ab </s> </s> \u2581a </s>", Tokens(tokenizer, "ab", "a"));
        Assert.Equal(11, tokenizer.IdOf("<mask>"));
        Assert.Equal([0, 5, 11, 2], tokenizer.Encode("a <mask>", Whole).Ids);
        Assert.Equal(3, tokenizer.Encode("\u4E00", Plain).Ids[^1]);
    }

    [Fact]
    public void Camembert_has_four_of_its_own_and_none_of_the_model_s_first()
    {
        var tokenizer = Tokenizer("CamembertTokenizer");
        Assert.Equal(["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>", "\u2581ab"], Enumerable.Range(0, 8).Select(tokenizer.TokenOf));
        Assert.Equal([5, 7, 6], tokenizer.Encode("ab", Whole).Ids);
    }

    [Fact]
    public void MBart_appends_languages_and_names_the_source_s()
    {
        var tokenizer = Tokenizer("MBartTokenizer", new() { OtherEntries = new Dictionary<string, string> { ["src_lang"] = "\"de_DE\"" } });
        Assert.Equal(11, tokenizer.IdOf("ar_AR"));
        Assert.Equal(35, tokenizer.IdOf("zh_CN"));
        Assert.Equal(36, tokenizer.IdOf("<mask>"));
        Assert.Equal("\u2581ab </s> de_DE", Tokens(tokenizer, "ab"));
        Assert.Equal("en_XX \u2581ab \u2581a </s>", Tokens(Tokenizer("MBart50Tokenizer"), "ab", "a"));
        Assert.Equal(63, Tokenizer("MBart50Tokenizer").IdOf("<mask>"));
    }

    [Fact]
    public void Nllb_takes_its_languages_from_the_configuration()
    {
        var tokenizer = Tokenizer("NllbTokenizer", new() { AdditionalSpecialTokens = [new("deu_Latn"), new("eng_Latn")] });
        Assert.Equal([11, 12, 13], new[] { "deu_Latn", "eng_Latn", "<mask>" }.Select(token => tokenizer.IdOf(token)!.Value));
        Assert.Equal("eng_Latn \u2581ab </s>", Tokens(tokenizer, "ab"));
        Assert.Contains("'eng_Latn'", Assert.Throws<InvalidDataException>(() => Tokenizer("NllbTokenizer")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pegasus_puts_masks_and_unused_names_before_the_model()
    {
        var model = TinyModels.Unigram() with { Pieces = [TinyModels.Control("<pad>"), TinyModels.Control("</s>"), new("<unk>", 0, SentencePieceKind.Unknown), TinyModels.Normal("\u2581ab", -1), TinyModels.Normal("\u2581", -2)] };
        var tokenizer = Tokenizer("PegasusTokenizer", null, model);
        Assert.Equal(["<pad>", "</s>", "<mask_1>", "<mask_2>", "<unk_2>"], Enumerable.Range(0, 5).Select(tokenizer.TokenOf));
        Assert.Equal(105, tokenizer.IdOf("<unk>"));
        Assert.Equal([106, 1], tokenizer.Encode("ab", Whole).Ids);
    }

    [Fact]
    public void Llama_s_legacy_flag_decides_what_follows_a_special_token()
    {
        int[] Ids(bool? legacy, string text) => [.. Tokenizer("LlamaTokenizer", new() { Legacy = legacy, AddBosToken = true }, Bpe()).Encode(text, Whole).Ids];
        var (begin, space, ab, spaced) = (1, 3 + 256 + 2, 3 + 256, 3 + 256 + 1);
        Assert.Equal([begin, spaced, 2, ab], Ids(null, "ab</s>ab"));
        Assert.Equal([begin, spaced, 2, ab], Ids(false, "ab</s>ab"));
        Assert.Equal([begin, spaced, 2, spaced], Ids(true, "ab</s>ab"));
        Assert.Equal([begin, spaced], Ids(false, " ab"));
        Assert.Equal([begin, space, spaced], Ids(true, " ab"));
        Assert.Equal([begin, ab], [.. Tokenizer("LlamaTokenizer", new() { AddBosToken = true, AddPrefixSpace = false }, Bpe()).Encode("ab", Whole).Ids]);
    }

    [Fact]
    public void Llama_falls_back_to_bytes_and_back()
    {
        var tokenizer = Tokenizer("LlamaTokenizer", null, Bpe());
        var ids = tokenizer.EncodeToIds("ab\u4E00");
        Assert.Equal([3 + 256 + 1, 3 + 0xE4, 3 + 0xB8, 3 + 0x80], ids);
        Assert.Equal("ab\u4E00", tokenizer.Decode(ids));
    }

    [Fact]
    public void Gemma_has_no_space_before_the_first_word()
    {
        var tokenizer = Tokenizer("GemmaTokenizer", new() { BosToken = new("<s>"), EosToken = new("</s>"), AddBosToken = true }, Bpe());
        Assert.Equal("<s> ab \u2581ab", Tokens(tokenizer, "ab ab"));
        Assert.Equal(" ab", tokenizer.Decode(tokenizer.EncodeToIds(" ab")));
    }

    [Fact]
    public void Albert_and_XlNet_put_their_own_tokens_around_a_text()
    {
        var albert = Tokenizer("AlbertTokenizer");
        Assert.Equal("[CLS] \u2581ab [SEP] \u2581a [SEP]", Tokens(albert, "\u00C4B", "A"));
        Assert.Equal("\u2581ab <sep> \u2581a <sep> <cls>", Tokens(Tokenizer("XLNetTokenizer"), "ab", "a"));
        Assert.Equal([0, 0, 1, 1, 2], Tokenizer("XLNetTokenizer").Encode(EncodingInput.Of("ab", "a"), Whole).TypeIds);
        Assert.Equal("[CLS] \u2581ab [SEP]", Tokens(Tokenizer("DebertaV2Tokenizer"), " ab "));
        Assert.Equal("[CLS] \u2581ab [SEP]", Tokens(Tokenizer("BigBirdTokenizer"), "ab"));
        Assert.Equal("[CLS] \u2581ab [SEP]", Tokens(Tokenizer("RemBertTokenizer"), "ab"));
        Assert.Equal("<s> \u2581ab </s>", Tokens(Tokenizer("BarthezTokenizer"), "ab"));
        Assert.Equal("</s> \u2581ab", Tokens(Tokenizer("XGLMTokenizer"), "ab"));
    }

    [Fact]
    public void Characters_and_words()
    {
        var characters = Tokenizer(null, null, TinyModels.Of(SentencePieceAlgorithm.Char, TinyModels.Normal("\u2581", -1), TinyModels.Normal("a", -1)));
        Assert.Equal([3, 4, 4, 3, 0], characters.EncodeToIds("aa \u4E00x"));
        var error = Assert.Throws<NotSupportedException>(() => Tokenizer(null, null, TinyModels.Of(SentencePieceAlgorithm.Word, TinyModels.Normal("\u2581a", -1))));
        Assert.Contains(nameof(SentencePieceProcessor), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_family_of_unknown_ids_is_refused_by_name() =>
        Assert.Contains("M2M100Tokenizer", Assert.Throws<NotSupportedException>(() => Tokenizer("M2M100Tokenizer")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_configuration_names_pieces_that_were_kept_free_and_adds_behind_the_model()
    {
        var config = new TokenizerConfig { AddedTokensDecoder = new Dictionary<int, ConfiguredToken> { [9] = new("<|im_start|>"), [10] = new("<|im_end|>", false) } };
        var tokenizer = Tokenizer(null, config);
        Assert.Equal([9, 3, 10], tokenizer.EncodeToIds("<|im_start|>ab<|im_end|>"));
        var wrong = new TokenizerConfig { AddedTokensDecoder = new Dictionary<int, ConfiguredToken> { [5] = new("</s>") } };
        Assert.Contains("'</s>' the id 5; the vocabulary has it as 2", Assert.Throws<InvalidDataException>(() => Tokenizer(null, wrong)).Message, StringComparison.Ordinal);
    }

    // What transformers itself saved for the same models.
    [Theory]
    [InlineData("albert", "albert/spiece.model", "AlbertTokenizer", false)]
    [InlineData("sp-unigram", "sentencepiece-fixtures/test_sentencepiece.model", null, true)]
    [InlineData("sp-no-bos", "sentencepiece-fixtures/test_sentencepiece_no_bos.model", null, true)]
    [InlineData("sp-bytefallback", "sentencepiece-fixtures/test_sentencepiece_with_bytefallback.model", null, true)]
    public void The_translation_is_that_of_transformers(string name, string file, string? family, bool addsEnd)
    {
        var recipe = SharedFixtures.Json($"golden/tokenizers/encode/{name}/recipe.json")["tokenizer_json_without_vocabulary"]!.AsObject();
        var model = SentencePieceModel.Load(SharedFixtures.Path($"data/tokenizers/{file}"));
        var made = SentencePieceFamilies.ToTokenizerJson(model, new() { TokenizerClass = family, AddEosToken = addsEnd ? true : null });
        recipe["model"]!["vocab"] = new JsonArray([.. model.Pieces.Select(piece => new JsonArray(piece.Piece, (double)piece.Score))]);
        foreach (var part in recipe["normalizer"]!["normalizers"]!.AsArray().Where(part => (string)part!["type"]! == "Precompiled"))
            part!["precompiled_charsmap"] = Convert.ToBase64String(model.Normalizer.CharsMap.Span);
        Assert.True(JsonNode.DeepEquals(recipe, made), made.ToJsonString()[..1000]);
    }

    [Fact]
    public void The_merges_of_Llama_s_kind_are_those_of_transformers()
    {
        var expected = SharedFixtures.Json("golden/tokenizers/encode/sp-bpe/tokenizer.json").AsObject();
        var made = SentencePieceFamilies.ToTokenizerJson(SentencePieceModel.Load(SharedFixtures.Path("data/tokenizers/sentencepiece-fixtures/test_sentencepiece_bpe.model")), new() { TokenizerClass = "LlamaTokenizer" });
        // This model has no bytes to fall back to: with an unknown token nothing of a text is lost.
        expected["model"]!["unk_token"] = "<unk>";
        Assert.True(JsonNode.DeepEquals(expected, made));
    }

    [Fact]
    public void T5_s_own_files_agree()
    {
        var config = TokenizerConfig.Load(SharedFixtures.Path("data/tokenizers/t5/tokenizer_config.json"));
        var made = SentencePieceFamilies.ToTokenizerJson(SentencePieceModel.Load(SharedFixtures.Path("data/tokenizers/t5/spiece.model")), config);
        var published = SharedFixtures.Json("data/tokenizers/t5/tokenizer.json").AsObject();
        foreach (var section in (string[])["added_tokens", "normalizer", "post_processor"])
            Assert.True(JsonNode.DeepEquals(published[section], made[section]), section);
        Assert.True(JsonNode.DeepEquals(published["model"]!["vocab"], made["model"]!["vocab"]));
    }
}
