using System.Text;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

public sealed class HuggingFaceTokenizerFilesTests : IDisposable
{
    private static readonly EncodingOptions Whole = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("folder").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_folder, name))!);
        File.WriteAllText(Path.Combine(_folder, name), content);
    }

    private void Write(string name, byte[] content) => File.WriteAllBytes(Path.Combine(_folder, name), content);

    private void WritePair()
    {
        Write("vocab.json", """{"a":0,"b":1,"ab":2,"<s>":3,"</s>":4,"<unk>":5,"<pad>":6,"<mask>":7}""");
        Write("merges.txt", "#version: 0.2\na b\n");
    }

    private (string File, IReadOnlyList<int> Ids) Read(string text)
    {
        var files = HuggingFaceTokenizerFiles.Read(_folder);
        return (Path.GetFileName(files.MainFile), files.Tokenizer.Encode(text, Whole).Ids);
    }

    [Fact]
    public void Tokenizer_json_goes_before_everything_else()
    {
        WritePair();
        Write("vocab.txt", "[UNK]\n");
        Write("tokenizer.json", """{"model":{"type":"WordLevel","vocab":{"a":0,"[UNK]":1},"unk_token":"[UNK]"},"pre_tokenizer":{"type":"Whitespace"}}""");
        var (file, ids) = Read("a b a");
        Assert.Equal("tokenizer.json", file);
        Assert.Equal([0, 1, 0], ids);
    }

    [Fact]
    public void The_configuration_completes_tokenizer_json()
    {
        Write("tokenizer.json", """{"model":{"type":"WordLevel","vocab":{"a":0,"[UNK]":1,"<s>":2},"unk_token":"[UNK]"},"pre_tokenizer":{"type":"Whitespace"},"added_tokens":[{"id":3,"content":"<old>"}]}""");
        Write("tokenizer_config.json", """{"bos_token":"<s>","eos_token":"</s>","pad_token":"<pad>","add_bos_token":true,"added_tokens_decoder":{"4":{"content":"<new>","special":false}}}""");
        var files = HuggingFaceTokenizerFiles.Read(_folder);
        Assert.Equal([2, 0, 4, 3, 5], files.Tokenizer.Encode("a<new> <old></s>", Whole).Ids);
        Assert.Equal(6, files.Tokenizer.IdOf("<pad>"));
        Assert.Equal([2, 0, 2, 0], files.Tokenizer.Encode(EncodingInput.Of("a", "a"), Whole).Ids);
    }

    [Theory]
    [InlineData("RobertaTokenizer", new[] { 3, 2, 4 })]
    [InlineData("GPT2Tokenizer", new[] { 2 })]
    public void The_class_decides_over_a_pair_of_files(string name, int[] expected)
    {
        WritePair();
        Write("tokenizer_config.json", $$"""{"tokenizer_class":"{{name}}"}""");
        var (file, ids) = Read("ab");
        Assert.Equal("vocab.json", file);
        Assert.Equal(expected, ids);
    }

    [Fact]
    public void Without_a_class_the_model_s_kind_decides()
    {
        WritePair();
        Write("config.json", """{"model_type":"roberta"}""");
        Assert.Equal([3, 2, 4], Read("ab").Ids);
    }

    [Fact]
    public void Old_folders_have_their_tokens_in_files_of_their_own()
    {
        WritePair();
        Write("tokenizer_config.json", """{"tokenizer_class":"GPT2Tokenizer"}""");
        Write("special_tokens_map.json", """{"bos_token":"<s>","eos_token":{"content":"</s>","lstrip":true},"unk_token":"<unk>","additional_special_tokens":["<x>"]}""");
        Write("added_tokens.json", """{"<x>":8,"more":9}""");
        var tokenizer = HuggingFaceTokenizerFiles.Read(_folder).Tokenizer;
        Assert.Equal([2, 8, 2, 4, 9], tokenizer.EncodeToIds("ab<x>ab  </s>more"));
        Assert.True(tokenizer.AddedTokens.Single(token => token.Content == "<x>").Special);
        Assert.False(tokenizer.AddedTokens.Single(token => token.Content == "more").Special);
    }

    [Fact]
    public void A_SentencePiece_model_by_any_of_its_names()
    {
        Write("spiece.model", TinyModels.Words.Write());
        Write("tokenizer_config.json", """{"tokenizer_class":"T5Tokenizer","extra_ids":2}""");
        var (file, ids) = Read("ab<extra_id_1>");
        Assert.Equal("spiece.model", file);
        Assert.Equal([3, 10, 2], ids);
    }

    [Fact]
    public void Marian_has_two_tokenizers()
    {
        Write("source.spm", TinyModels.Unigram(TinyModels.Normal("\u2581ab", -1), TinyModels.Normal("\u2581", -2), TinyModels.Normal("a", -3), TinyModels.Normal("b", -3)).Write());
        Write("target.spm", TinyModels.Unigram(TinyModels.Normal("\u2581ba", -1), TinyModels.Normal("\u2581", -2), TinyModels.Normal("a", -3), TinyModels.Normal("b", -3)).Write());
        Write("vocab.json", """{"</s>":0,"<unk>":1,"\u2581ab":2,"\u2581":3,"a":4,"\u2581ba":5,"b":6,"<pad>":7}""");
        var files = HuggingFaceTokenizerFiles.Read(_folder);
        Assert.Equal([2, 3, 6, 4, 0], files.Tokenizer.Encode("ab ba", Whole).Ids);
        Assert.Equal([3, 4, 6, 5, 0], files.TargetTokenizer!.Encode("ab ba", Whole).Ids);
        Assert.Throws<NotSupportedException>(() => files.Save(Path.Combine(_folder, "saved")));
    }

    // Llama 3's tokenizer.model is a rank file.
    [Fact]
    public void A_rank_file_under_a_model_s_name_and_under_its_own()
    {
        Write("tokenizer.model", TiktokenTests.Ranks("ab", " ab"));
        Write("tokenizer_config.json", """{"bos_token":"<|begin|>","additional_special_tokens":["<|x|>"]}""");
        Assert.Equal([256, 257, 258, 259], Read("ab ab<|begin|><|x|>").Ids);
        File.Move(Path.Combine(_folder, "tokenizer.model"), Path.Combine(_folder, "qwen.tiktoken"));
        Assert.Equal(("qwen.tiktoken", 4), (Read("ab ab<|begin|><|x|>").File, Read("ab ab<|begin|><|x|>").Ids.Count));
    }

    [Fact]
    public void A_GGUF_file_brings_its_configuration()
    {
        Write("model.gguf", GgufTests.Bpe.Build());
        var files = HuggingFaceTokenizerFiles.Read(_folder);
        Assert.Equal([3, 4], files.Tokenizer.EncodeToIds("ab a"));
        Assert.Equal(("<|end|>", "{{ x }}"), (files.Config.EosToken?.Content, files.Config.ChatTemplate));
        Write("other.gguf", GgufTests.Bpe.Build());
        Assert.Contains("several files", Assert.Throws<InvalidDataException>(() => HuggingFaceTokenizerFiles.Read(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Chat_templates_of_files_go_before_those_of_the_configuration()
    {
        WritePair();
        Write("tokenizer_config.json", """{"chat_template":[{"name":"default","template":"old"},{"name":"rag","template":"r"}]}""");
        Write("chat_template.jinja", "new");
        Write("additional_chat_templates/tool_use.jinja", "tools");
        var config = HuggingFaceTokenizerFiles.Read(_folder).Config;
        Assert.Equal(("new", "r", "tools"), (config.ChatTemplate, config.ChatTemplates["rag"], config.ChatTemplates["tool_use"]));
    }

    [Fact]
    public void What_is_saved_is_read_again()
    {
        Write("spiece.model", TinyModels.Words.Write());
        Write("tokenizer_config.json", """{"tokenizer_class":"XLMRobertaTokenizer","model_max_length":512,"own":1}""");
        var files = HuggingFaceTokenizerFiles.Read(_folder);
        var saved = Path.Combine(_folder, "saved");
        files.Save(saved);
        var again = HuggingFaceTokenizerFiles.Read(saved);
        Assert.Equal("tokenizer.json", Path.GetFileName(again.MainFile));
        Assert.Equal(files.Tokenizer.Encode("ab a<mask>", Whole).Ids, again.Tokenizer.Encode("ab a<mask>", Whole).Ids);
        Assert.Equal((512, "1"), (again.Config.ModelMaxLength, again.Config.OtherEntries["own"]));
    }

    [Fact]
    public void An_empty_folder_and_none_at_all()
    {
        Assert.Contains("has no tokenizer.json", Assert.Throws<FileNotFoundException>(() => HuggingFaceTokenizerFiles.Read(_folder)).Message, StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(() => HuggingFaceTokenizerFiles.Read(Path.Combine(_folder, "no")));
        Write("tokenizer_config.json", "{");
        Assert.Contains("tokenizer_config.json", Assert.Throws<InvalidDataException>(() => HuggingFaceTokenizerFiles.Read(_folder)).Message, StringComparison.Ordinal);
    }
}
