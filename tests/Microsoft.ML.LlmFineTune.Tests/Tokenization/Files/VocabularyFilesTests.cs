using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

public sealed class VocabularyFilesTests : IDisposable
{
    private static readonly EncodingOptions Whole = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("vocabulary").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    [Fact]
    public void Bert_s_vocabulary()
    {
        var path = Write("vocab.txt", "[PAD]\n[UNK]\r\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\n\u4E00\nCaf\u00E9\n");
        var tokenizer = TokenizerFiles.LoadVocabulary(path);
        Assert.Equal([2, 5, 6, 7, 8, 1, 3], tokenizer.Encode("UNaffable\u4E00 Caf\u00E9", Whole).Ids);
        Assert.Equal([2, 4, 3, 5, 3], tokenizer.Encode(EncodingInput.Of("[MASK]", "un"), Whole).Ids);
        Assert.Equal([0, 0, 0, 1, 1], tokenizer.Encode(EncodingInput.Of("[MASK]", "un"), Whole).TypeIds);
        Assert.Equal([9], TokenizerFiles.LoadVocabulary(path, new() { DoLowerCase = false }).EncodeToIds("Caf\u00E9"));
        Assert.Equal("unaffable", tokenizer.Decode([5, 6, 7]));
        var mpnet = TokenizerFiles.LoadVocabulary(path, new() { TokenizerClass = "MPNetTokenizer" });
        Assert.Equal([2, 5, 3, 3, 5, 3], mpnet.Encode(EncodingInput.Of("un", "un"), Whole).Ids);
    }

    [Theory]
    [InlineData("", "no tokens")]
    [InlineData("a\nb\n", "lacks the unknown token '[UNK]'")]
    [InlineData("a\nb\na\n", "line 3: the token 'a' is in line 1 too")]
    public void A_malformed_vocabulary_is_refused_with_its_line(string content, string complaint)
    {
        var path = Write("vocab.txt", content);
        var error = Assert.Throws<InvalidDataException>(() => TokenizerFiles.LoadVocabulary(path));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(complaint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vocabulary_that_is_no_UTF8_is_refused_with_its_line()
    {
        var path = Path.Combine(_folder, "vocab.txt");
        File.WriteAllBytes(path, [(byte)'a', (byte)'\n', 0xFF, (byte)'\n']);
        Assert.Contains("line 2 is not valid UTF-8", Assert.Throws<InvalidDataException>(() => TokenizerFiles.LoadVocabulary(path)).Message, StringComparison.Ordinal);
    }

    private const string Vocabulary = """{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"a":4,"b":5,"Ġ":6,"ab":7,"Ġab":8,"<mask>":9}""";
    private const string Merges = "#version: 0.2\na b\nĠ ab\n";

    private TokenizerModel Pair(TokenizerConfig? config, string vocabulary = Vocabulary, string merges = Merges) => TokenizerFiles.LoadVocabularyAndMerges(Write("vocab.json", vocabulary), Write("merges.txt", merges), config);

    [Fact]
    public void Gpt2_s_and_its_relatives_pairs_of_files()
    {
        Assert.Equal([7, 8], Pair(null).Encode("ab ab", Whole).Ids);
        Assert.Equal([8], Pair(new() { AddPrefixSpace = true }).Encode("ab", Whole).Ids);
        Assert.Equal([0, 7, 2], Pair(new() { AddBosToken = true, AddEosToken = true, BosToken = new("<s>"), EosToken = new("</s>") }).Encode("ab", Whole).Ids);
        Assert.Equal([0, 7, 2, 2, 7, 2], Pair(new() { TokenizerClass = "RobertaTokenizer" }).Encode(EncodingInput.Of("ab", "ab"), Whole).Ids);
        Assert.Equal([0, 7, 9, 2], Pair(new() { TokenizerClass = "BartTokenizerFast" }).Encode("ab <mask>", Whole).Ids);
        Assert.Equal([8, 2], Pair(new() { TokenizerClass = "BlenderbotTokenizer" }).Encode("ab", Whole).Ids);
        var deberta = new TokenizerConfig { TokenizerClass = "DebertaTokenizer", ClsToken = new("<s>"), SepToken = new("</s>"), BosToken = new("<s>"), EosToken = new("</s>"), UnkToken = new("<unk>"), PadToken = new("<pad>"), MaskToken = new("<mask>") };
        Assert.Equal([0, 7, 2, 7, 2], Pair(deberta).Encode(EncodingInput.Of("ab", "ab"), Whole).Ids);
        Assert.Equal([7, 10], Pair(new() { TokenizerClass = "Qwen2Tokenizer" }).Encode("ab<|endoftext|>", Whole).Ids);
    }

    [Fact]
    public void Clip_ends_words_with_a_suffix()
    {
        var tokenizer = Pair(new() { TokenizerClass = "CLIPTokenizer" }, """{"a":0,"b":1,"b</w>":2,"ab</w>":3,"a</w>":4,"<|startoftext|>":5,"<|endoftext|>":6}""", "#version: 0.2\na b</w>\n");
        Assert.Equal([5, 3, 4, 6], tokenizer.Encode("AB  a", Whole).Ids);
    }

    [Fact]
    public void Whisper_and_GPT_1()
    {
        var whisper = Pair(new() { TokenizerClass = "WhisperTokenizer" }, """{"a":0,"<|endoftext|>":1,"<|startoftranscript|>":2,"<|notimestamps|>":3}""", "");
        Assert.Equal([2, 3, 0, 1], whisper.Encode("a", Whole).Ids);
        var gpt = Pair(new() { TokenizerClass = "OpenAIGPTTokenizer" }, """{"<unk>":0,"a":1,"b</w>":2,"ab</w>":3,"a</w>":4}""", "#version: 0.2\na b</w>\n");
        Assert.Equal([3, 4], gpt.EncodeToIds("AB a"));
        Assert.Equal("ab a", gpt.Decode([3, 4]));
    }

    [Theory]
    [InlineData("[]", "a b\n", "must be an object")]
    [InlineData("{}", "a b\n", "no tokens")]
    [InlineData("""{"a":0,"b":0}""", "", "'b' has the id 0")]
    [InlineData("""{"a":-1}""", "", "integer from 0")]
    [InlineData("""{"a":0,"a":1}""", "", "not a valid vocabulary")]
    [InlineData("""{"a":""", "", "not a valid vocabulary")]
    [InlineData("""{"a":0,"b":1}""", "a b c\n", "line 1 of the merges")]
    [InlineData("""{"a":0,"b":1}""", "#version: 0.2\na b\n", "needs the token 'ab'")]
    public void Malformed_pairs_are_refused_with_their_place(string vocabulary, string merges, string complaint)
    {
        var error = Assert.Throws<InvalidDataException>(() => Pair(null, vocabulary, merges));
        Assert.Contains(_folder, error.Message, StringComparison.Ordinal);
        Assert.Contains(complaint, error.Message, StringComparison.Ordinal);
    }

    // What transformers itself saved for the same files.
    [Theory]
    [InlineData("bert-base-uncased", true)]
    [InlineData("bert-base-cased", false)]
    public void Bert_s_translation_is_that_of_transformers(string name, bool lowercase)
    {
        var recipe = SharedFixtures.Json($"golden/tokenizers/encode/{name}/recipe.json")["tokenizer_json_without_vocabulary"]!;
        var vocabulary = VocabularyFiles.ReadLines(SharedFixtures.Path($"data/tokenizers/{name}/vocab.txt"));
        recipe["model"]!["vocab"] = new JsonObject(vocabulary.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
        Assert.True(JsonNode.DeepEquals(recipe, VocabularyFiles.Bert(vocabulary, new() { DoLowerCase = lowercase })));
    }

    [Fact]
    public void Gpt2_s_translation_is_that_of_transformers()
    {
        var recipe = SharedFixtures.Json("golden/tokenizers/encode/gpt2/recipe.json")["tokenizer_json_without_vocabulary"]!;
        var (vocabulary, merges) = (VocabularyFiles.ReadObject(SharedFixtures.Path("data/tokenizers/gpt2/encoder.json")), VocabularyFiles.ReadMerges(SharedFixtures.Path("data/tokenizers/gpt2/vocab.bpe")));
        var made = VocabularyFiles.Bpe(vocabulary, merges, new());
        Assert.Equal(50_257, made["model"]!["vocab"]!.AsObject().Count);
        Assert.Equal(50_000, made["model"]!["merges"]!.AsArray().Count);
        made["model"]!["vocab"] = "@vocab";
        made["model"]!["merges"] = "@merges";
        Assert.True(JsonNode.DeepEquals(recipe, made));
    }
}
