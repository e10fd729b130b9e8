using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

public sealed class GgufTests
{
    private static readonly EncodingOptions Whole = new();

    internal static GgufBuilder Bpe => new GgufBuilder()
        .Add("general.architecture", "gpt2").Add("general.alignment", 32u).Add("gpt2.list", new float[] { 1, 2 }).Add("gpt2.names", new[] { "x", "y" }).Add("gpt2.lists", new[] { new[] { 1, 2 }, new[] { 3 } })
        .Add("tokenizer.ggml.model", "gpt2").Add("tokenizer.ggml.pre", "gpt-2")
        .Add("tokenizer.ggml.tokens", (string[])["a", "b", "\u0120", "ab", "\u0120a", "<|end|>", "<use>"]).Add("tokenizer.ggml.token_type", (int[])[1, 1, 1, 1, 1, 3, 4])
        .Add("tokenizer.ggml.merges", (string[])["a b", "\u0120 a"]).Add("tokenizer.ggml.eos_token_id", 5u).Add("tokenizer.chat_template", "{{ x }}");

    private static GgufVocabulary Load(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return GgufVocabulary.Load(stream, "the.gguf");
    }

    private static TokenizerModel Tokenizer(byte[] bytes) => TokenizerJsonReader.Read(Load(bytes).ToTokenizerJson(), "the.gguf");

    [Fact]
    public void Byte_level_BPE()
    {
        var tokenizer = Tokenizer(Bpe.Build());
        Assert.Equal([3, 4, 5, 6, 0], tokenizer.Encode("ab a<|end|><use>a", Whole).Ids);
        Assert.Equal("ab a", tokenizer.Decode([3, 4, 5], skipSpecialTokens: true));
        Assert.Equal([3, 5], Tokenizer(Bpe.Add("tokenizer.ggml.add_eos_token", true).Build()).Encode("ab", Whole).Ids);
        var config = Load(Bpe.Build()).Config();
        Assert.Equal(("<|end|>", null, "{{ x }}"), (config.EosToken?.Content, config.BosToken, config.ChatTemplate));
    }

    [Fact]
    public void SentencePiece_s_BPE()
    {
        string[] tokens = ["<unk>", "<s>", "</s>", .. TinyModels.Bytes.Select(piece => piece.Piece), "ab", "\u2581ab", "\u2581", "a", "b", "[PAD1]", "[PAD2]"];
        int[] types = [2, 3, 3, .. Enumerable.Repeat(6, 256), 1, 1, 1, 1, 1, 2, 2];
        float[] scores = [0, 0, 0, .. new float[256], -1, -2, -3, -4, -5, -10000, -10000];
        var file = new GgufBuilder(2).Add("tokenizer.ggml.model", "llama").Add("tokenizer.ggml.tokens", tokens).Add("tokenizer.ggml.scores", scores).Add("tokenizer.ggml.token_type", types);
        var tokenizer = Tokenizer(file.Build());
        Assert.Equal([1, 260, 2, 260, 3 + 0xC3, 3 + 0xA4], tokenizer.Encode("ab</s>ab\u00E4", Whole).Ids);
        Assert.Equal([260], Tokenizer(file.Add("tokenizer.ggml.add_bos_token", false).Build()).Encode("ab", Whole).Ids);
    }

    [Fact]
    public void SentencePiece_s_Unigram()
    {
        string[] tokens = ["<pad>", "</s>", "<unk>", "\u2581ab", "\u2581", "a", "b", "<extra_id_0>"];
        var file = new GgufBuilder().Add("tokenizer.ggml.model", "t5").Add("tokenizer.ggml.tokens", tokens).Add("tokenizer.ggml.scores", (float[])[0, 0, 0, -1, -2, -3, -3, 0]).Add("tokenizer.ggml.token_type", (int[])[3, 3, 2, 1, 1, 1, 1, 4])
            .Add("tokenizer.ggml.precompiled_charsmap", CharsMapBuilder.Build(("A", "a")));
        Assert.Equal([3, 7, 4, 6, 1], Tokenizer(file.Build()).Encode("Ab<extra_id_0> b", Whole).Ids);
    }

    // Words begin with U+2581 in the file; in a WordPiece vocabulary what continues one is marked.
    [Fact]
    public void WordPiece()
    {
        string[] tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2581un", "aff", "able", "\u2581,"];
        var file = new GgufBuilder().Add("tokenizer.ggml.model", "bert").Add("tokenizer.ggml.tokens", tokens).Add("tokenizer.ggml.token_type", (int[])[3, 2, 3, 3, 3, 1, 1, 1, 1])
            .Add("tokenizer.ggml.unknown_token_id", 1u).Add("tokenizer.ggml.bos_token_id", 2u).Add("tokenizer.ggml.seperator_token_id", 3u);
        Assert.Equal([2, 5, 6, 7, 8, 1, 3], Tokenizer(file.Build()).Encode("Unaffable, x", Whole).Ids);
    }

    public static TheoryData<byte[], string> Damaged()
    {
        var good = Bpe.Build();
        byte[] Of(params (string Key, object Value)[] entries) => entries.Aggregate(new GgufBuilder(), (builder, entry) => builder.Add(entry.Key, entry.Value)).Build();
        byte[] With(int at, params byte[] bytes)
        {
            var copy = (byte[])good.Clone();
            bytes.CopyTo(copy, at);
            return copy;
        }
        return new()
        {
            { "GGUX"u8.ToArray(), "no GGUF file" },
            { With(0, (byte)'X'), "no GGUF file" },
            { With(16, 255, 255, 255, 255, 255, 255, 255, 127), "metadata entries: 9223372036854775807" },
            { With(24, 255, 255, 255, 255), "the key of entry 0" },
            { good[..^3], "cannot be in the" },
            { good[..100], "cannot be in the" },
            { Of(("tokenizer.ggml.model", "gpt2")), "no tokenizer.ggml.tokens" },
            { Of(("tokenizer.ggml.tokens", new[] { "a" })), "no tokenizer.ggml.model" },
            { Of(("tokenizer.ggml.model", "gpt2"), ("tokenizer.ggml.tokens", new[] { "a" })), "no tokenizer.ggml.merges" },
            { Of(("tokenizer.ggml.model", 1), ("tokenizer.ggml.tokens", new[] { "a" })), "tokenizer.ggml.model must be a text" },
            { Of(("tokenizer.ggml.model", "gpt2"), ("tokenizer.ggml.tokens", new[] { 1 })), "must be an array of texts" },
            { Of(("tokenizer.ggml.model", "gpt2"), ("tokenizer.ggml.tokens", new[] { "a", "a" }), ("tokenizer.ggml.merges", Array.Empty<string>())), "has the ids 0 and 1" },
            { Of(("tokenizer.ggml.model", "gpt2"), ("tokenizer.ggml.tokens", new[] { "a", "b" }), ("tokenizer.ggml.merges", new[] { "ab" })), "merge 0 must be two tokens" },
            { Of(("tokenizer.ggml.model", "gpt2"), ("tokenizer.ggml.tokens", new[] { "a", "b" }), ("tokenizer.ggml.token_type", new[] { 1 })), "for each of the 2 tokens" },
            { Of(("tokenizer.ggml.model", "gpt2"), ("tokenizer.ggml.tokens", new[] { "a" }), ("tokenizer.ggml.merges", new[] { "a b" }), ("tokenizer.ggml.bos_token_id", 7u), ("tokenizer.ggml.add_bos_token", true)), "must be from 0 to 0; it is 7" },
            { Of(("tokenizer.ggml.x", 1), ("tokenizer.ggml.x", 2)), "is there twice" },
        };
    }

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Damage_is_refused_with_its_place(byte[] bytes, string complaint)
    {
        var error = Assert.Throws<InvalidDataException>(() => Tokenizer(bytes));
        Assert.Contains("the.gguf", error.Message, StringComparison.Ordinal);
        Assert.Contains(complaint, error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<byte[], string> Unknown() => new()
    {
        { new GgufBuilder(1).Build(), "version is 1" },
        { new GgufBuilder(0x03000000).Build(), "big-endian" },
        { new GgufBuilder().Add("tokenizer.ggml.model", "rwkv").Add("tokenizer.ggml.tokens", new[] { "a" }).Build(), "it is 'rwkv'" },
        { new GgufBuilder().Add("tokenizer.ggml.model", "gpt2").Add("tokenizer.ggml.pre", "kimi-k2").Add("tokenizer.ggml.tokens", new[] { "a" }).Build(), "it is 'kimi-k2'" },
        { new GgufBuilder().Add("x", new[] { new[] { new[] { new[] { new[] { 1 } } } } }).Build(), "deeper than 4" },
    };

    [Theory]
    [MemberData(nameof(Unknown))]
    public void What_is_not_known_is_refused_by_name(byte[] bytes, string complaint) =>
        Assert.Contains(complaint, Assert.Throws<NotSupportedException>(() => Tokenizer(bytes)).Message, StringComparison.Ordinal);

    // llama.cpp's own vectors.
    [Theory]
    [InlineData("gpt-2")]
    [InlineData("phi-3")]
    [InlineData("starcoder")]
    public void The_ids_are_those_of_llama_cpp(string name)
    {
        const string folder = "data/tokenizers/llamacpp-vectors";
        var tokenizer = TokenizerFiles.LoadGguf(SharedFixtures.Path($"{folder}/ggml-vocab-{name}.gguf"));
        Check(tokenizer, name, SharedFixtures.Text($"{folder}/{name}.inp"), SharedFixtures.Text($"{folder}/{name}.out"));
    }

    [Fact]
    public void The_ids_of_BERT_and_RoBERTa_are_those_of_llama_cpp()
    {
        const string folder = "data/tokenizers/llamacpp-vectors";
        Check(TokenizerFiles.LoadVocabulary(SharedFixtures.Path("data/tokenizers/bert-base-uncased/vocab.txt")), "bert-bge", SharedFixtures.Text($"{folder}/bert-bge.inp"), SharedFixtures.Text($"{folder}/bert-bge.out"));
        Check(TokenizerModel.Load(SharedFixtures.Path("data/tokenizers/roberta/tokenizer.json")), "roberta-bpe", SharedFixtures.Text($"{folder}/roberta-bpe.inp"), SharedFixtures.Text($"{folder}/roberta-bpe.out"));
    }

    private static void Check(TokenizerModel tokenizer, string name, string inputs, string outputs)
    {
        var texts = inputs.Split("\n__ggml_vocab_test__\n");
        var lines = outputs.Split('\n');
        Assert.True(texts.Length >= 46 && lines.Length >= 46, $"{name} has {texts.Length} texts and {lines.Length} lines");
        for (var i = 0; i < Math.Min(texts.Length, lines.Length); i++)
            Assert.True(lines[i].Trim() == string.Join(' ', tokenizer.EncodeToIds(texts[i])), $"{name}, text {i} ({JsonValue.Create(texts[i]).ToJsonString()}): {string.Join(' ', tokenizer.EncodeToIds(texts[i]))}; expected {lines[i]}");
    }
}
