using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization;

/// <summary>The short ways to files and folders, and what a configuration says of a tokenizer.</summary>
public sealed class TokenizerFolderTests
{
    private static TokenizerModel Trained { get; } = TokenizerRecipe.Of(
        new WordLevelTrainerOptions { SpecialTokens = ["<unk>", "<stop>", "<fill>"] }, new TokenizerTrainingPipeline { PreTokenizer = TextPreTokenizer.Whitespace })
        .Train(["to be or not to be"], cancellationToken: CancellationToken.None);

    [Fact]
    public void AConfigurationNamesTheTokens()
    {
        Assert.Equal((null, null, 0), (Trained.EndOfText, Trained.Padding, Trained.Unknown));
        var configured = Trained.WithConfig(new TokenizerConfig { EosToken = new("<stop>"), PadToken = new("<fill>"), UnkToken = new("<stop>") });
        Assert.Equal((1, 2, 0), (configured.EndOfText, configured.Padding, configured.Unknown));
        var adapter = TokenizerAdapter.Of(configured);
        Assert.Equal((1, 2, 0), (adapter.EndOfText, adapter.Padding, adapter.Unknown));
        Assert.Same(configured.Config, adapter.Config);
        Assert.Equal(new Dictionary<string, string> { ["eos_token"] = "<stop>", ["pad_token"] = "<fill>", ["unk_token"] = "<stop>" }, adapter.Config!.SpecialTokens);
        // A configuration that names what the vocabulary lacks names nothing.
        Assert.Null(Trained.WithConfig(new TokenizerConfig { EosToken = new("</s>") }).EndOfText);
    }

    [Fact]
    public void AFolderComesBackWithItsConfiguration()
    {
        string folder = ScratchFolder.New();
        var config = new TokenizerConfig { EosToken = new("<stop>"), ChatTemplates = new Dictionary<string, string> { ["default"] = "{{ eos_token }}", ["tools"] = "x" }, ModelMaxLength = 77, OtherEntries = new Dictionary<string, string> { ["more"] = "1" } };
        Trained.WithConfig(config).SaveFolder(folder);
        var loaded = TokenizerModel.LoadFolder(folder);
        Assert.Equal(Trained.EncodeToIds("to be <stop>"), loaded.EncodeToIds("to be <stop>"));
        Assert.Equal((1, 77, "{{ eos_token }}", "x", "1"), (loaded.EndOfText, loaded.Config!.ModelMaxLength, loaded.Config.ChatTemplate, loaded.Config.ChatTemplates["tools"], loaded.Config.OtherEntries["more"]));
        using var written = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer_config.json")));
        Assert.Equal("PreTrainedTokenizerFast", written.RootElement.GetProperty("tokenizer_class").GetString());
        Assert.Equal("<stop>", written.RootElement.GetProperty("eos_token").GetString());
    }

    /// <summary>A token that is not found in texts must not become one that is, by being named in what is saved.</summary>
    [Fact]
    public void SavingWithoutAConfigurationChangesNoIds()
    {
        var plain = TokenizerRecipe.Of(new WordLevelTrainerOptions(), new TokenizerTrainingPipeline { PreTokenizer = TextPreTokenizer.WhitespaceSplit, UnknownToken = "not" })
            .Train(["to be or not to be"], cancellationToken: TestContext.Current.CancellationToken);
        string folder = ScratchFolder.New();
        plain.SaveFolder(folder);
        var loaded = TokenizerModel.LoadFolder(folder);
        Assert.NotNull(plain.Unknown);
        Assert.Equal(plain.Unknown, loaded.Unknown);
        Assert.Empty(loaded.AddedTokens);
        Assert.Equal(plain.EncodeToIds("knot not to"), loaded.EncodeToIds("knot not to"));
    }

    [Fact]
    public void AFolderIsNotTakenForAFile()
    {
        string folder = ScratchFolder.New();
        Assert.Contains($"'{folder}' is a folder. SaveFolder writes into it.", Assert.Throws<ArgumentException>(() => Trained.Save(folder)).Message, StringComparison.Ordinal);
        Assert.Contains("Copy or download the tokenizer's files into the folder.", Assert.Throws<FileNotFoundException>(() => TokenizerModel.LoadFolder(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileIsReadByTheEndOfItsName()
    {
        string folder = ScratchFolder.New();
        string vocabulary = Path.Combine(folder, "vocab.txt"), json = Path.Combine(folder, "tokenizer.json");
        File.WriteAllLines(vocabulary, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "to", "be"]);
        Assert.Equal([2, 5, 6, 3], TokenizerModel.Load(vocabulary).Encode("To be").Ids);
        Trained.Save(json);
        Assert.Equal(Trained.EncodeToIds("to be"), TokenizerModel.Load(json).EncodeToIds("to be"));
        Assert.Equal(Trained.EncodeToIds("to be"), TokenizerModel.Load(folder).EncodeToIds("to be"));
        foreach (string name in (string[])["o200k_base.tiktoken", "broken.model", "broken.gguf", "broken.json"])
        {
            string path = Path.Combine(folder, name);
            File.WriteAllBytes(path, [1, 2, 3]);
            Assert.Contains(name, Assert.ThrowsAny<Exception>(() => TokenizerModel.Load(path)).Message);
        }
    }

    [Fact]
    public void LanguageModelsTakeAnyFolder()
    {
        string folder = ScratchFolder.New();
        using var model = Toy.Model();
        model.Save(folder);
        var parts = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer.json")))!["model"]!;
        File.Delete(Path.Combine(folder, "tokenizer.json"));
        File.WriteAllText(Path.Combine(folder, "vocab.json"), parts["vocab"]!.ToJsonString());
        File.WriteAllLines(Path.Combine(folder, "merges.txt"), parts["merges"]!.AsArray().Select(merge => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : merge!.GetValue<string>()));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{ "tokenizer_class": "GPT2Tokenizer", "chat_template": "{{ messages[0].content }}" }""");
        using var loaded = Microsoft.ML.LlmFineTune.Estimators.LanguageModel.Load(folder);
        Assert.Equal(model.Tokenizer.Encode("ripe cherry in the rain"), loaded.Tokenizer.Encode("ripe cherry in the rain"));
        Assert.Equal(model.EndOfText, loaded.EndOfText);
        string again = ScratchFolder.New();
        loaded.Save(again);
        using var last = Microsoft.ML.LlmFineTune.Estimators.LanguageModel.Load(again);
        Assert.Equal("{{ messages[0].content }}", last.Tokenizer.Config!.ChatTemplate);
        Assert.Equal(model.Tokenizer.Encode("ripe cherry"), last.Tokenizer.Encode("ripe cherry"));
    }

    [Fact]
    public void WhatEncodingAllocatesIsWhatTheDocumentSays()
    {
        string text = string.Concat(Enumerable.Repeat("to be or not to be ", 1_000));
        var around = Trained.WithPostProcessor(TokenPostProcessor.Template("<stop> $A", "<stop> $A $B", new Dictionary<string, int> { ["<stop>"] = 1 }));
        Assert.InRange(BytesPerToken(() => Trained.EncodeToIds(text).Count), 4, 5);
        Assert.InRange(BytesPerToken(() => Trained.Encode(text).Count), 28, 30);
        Assert.InRange(BytesPerToken(() => around.Encode(text).Count), 28, 3 * 30);
    }

    private static double BytesPerToken(Func<int> encode)
    {
        // What a thread keeps for its next text grows with the first ones.
        for (int i = 0; i < 3; i++)
            encode();
        long before = GC.GetAllocatedBytesForCurrentThread();
        int tokens = encode();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)tokens;
    }
}
