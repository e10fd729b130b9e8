using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Models.Bert;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

public sealed class SentenceTransformerFolderTests : IDisposable
{
    private const string TwoModules = """[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}, {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]""";
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public SentenceTransformerFolderTests() => NativeRuntime.Initialize();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(Pooling.Mean, true)]
    [InlineData(Pooling.FirstToken, false)]
    [InlineData(Pooling.LastToken, true)]
    public void What_is_saved_comes_back(Pooling pooling, bool isNormalized)
    {
        using TextEmbedder model = new(BertModelTests.New(BertModelTests.Config("bert")), pooling, isNormalized);
        model.eval();
        SentenceTransformerFolder.Save(_folder, model, maximumLength: 12);
        Assert.True(SentenceTransformerFolder.Exists(_folder));
        SentenceTransformerFolder read = SentenceTransformerFolder.Read(_folder);
        Assert.Equal((pooling, isNormalized, 12, false, _folder), (read.Pooling, read.IsNormalized, read.MaximumLength, read.LowersCase, read.ModelFolder));
        using TextEmbedder again = read.LoadModel();
        Assert.True(model.Forward(BertModelTests.Tokens(2, 5)).eq(again.Forward(BertModelTests.Tokens(2, 5))).all().item<bool>());
    }

    [Theory]
    [InlineData("""{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}""", Pooling.FirstToken)]
    [InlineData("""{"pooling_mode_mean_tokens": true, "include_prompt": true}""", Pooling.Mean)]
    [InlineData("""{"pooling_mode": "lasttoken", "embedding_dimension": 16}""", Pooling.LastToken)]
    public void Both_spellings_of_a_pooling_are_read(string json, Pooling pooling)
    {
        Write("modules.json", TwoModules);
        Write("1_Pooling/config.json", json);
        SentenceTransformerFolder read = SentenceTransformerFolder.Read(_folder);
        Assert.Equal((pooling, false, null), (read.Pooling, read.IsNormalized, read.MaximumLength));
    }

    [Theory]
    [InlineData("""{"pooling_mode_max_tokens": true}""", "max")]
    [InlineData("""{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}""", "cls and mean")]
    [InlineData("""{"pooling_mode_mean_tokens": false}""", "none")]
    [InlineData("""{"pooling_mode": "weightedmean"}""", "weightedmean")]
    [InlineData("""{"pooling_mode": "mean", "include_prompt": false}""", "include_prompt")]
    public void Other_poolings_are_refused_by_name(string json, string named)
    {
        Write("modules.json", TwoModules);
        Write("1_Pooling/config.json", json);
        Assert.Contains(named, Assert.Throws<NotSupportedException>(() => SentenceTransformerFolder.Read(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_modules_are_refused_by_name()
    {
        Write("modules.json", TwoModules.Replace("]", """, {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}]""", StringComparison.Ordinal));
        Write("1_Pooling/config.json", """{"pooling_mode": "mean"}""");
        Assert.Contains("models.Dense at place 2", Assert.Throws<NotSupportedException>(() => SentenceTransformerFolder.Read(_folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("[1]")]
    [InlineData("no json")]
    [InlineData("""[{"path": "", "type": "a.Transformer"}]""")]
    [InlineData("""[{"path": "../elsewhere", "type": "a.Transformer"}, {"path": "1_Pooling", "type": "a.Pooling"}]""")]
    public void Damaged_lists_of_modules_are_refused(string modules)
    {
        Write("modules.json", modules);
        Write("1_Pooling/config.json", """{"pooling_mode": "mean"}""");
        Exception? error = Record.Exception(() => SentenceTransformerFolder.Read(_folder));
        Assert.True(error is InvalidDataException, $"{error}");
        Assert.Contains("modules.json", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_is_prepared_as_the_files_say()
    {
        Write("modules.json", TwoModules.Replace("\"path\": \"\"", "\"path\": \"0_Transformer\"", StringComparison.Ordinal));
        Write("1_Pooling/config.json", """{"pooling_mode": "mean"}""");
        Write("0_Transformer/sentence_roberta_config.json", """{"max_seq_length": null, "do_lower_case": true}""");
        Write("config_sentence_transformers.json", """{"prompts": {"query": "Query: ", "passage": ""}, "default_prompt_name": "passage", "similarity_fn_name": "cosine"}""");
        SentenceTransformerFolder read = SentenceTransformerFolder.Read(_folder);
        Assert.Equal(Path.Combine(_folder, "0_Transformer"), read.ModelFolder);
        Assert.Equal("what is it?", read.Prepare("  What is it?\n"));
        Assert.Equal("query: what is it?", read.Prepare("What is it?", "query"));
        Assert.Contains("no prompt 'other'; it has query, passage", Assert.Throws<ArgumentException>(() => read.Prepare("", "other")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_familys_pooler_is_not_saved_as_if_it_were_known()
    {
        using TextEmbedder model = new(BertModelTests.New(BertModelTests.Config("bert")), pooling: null);
        Assert.Throws<ArgumentException>(() => SentenceTransformerFolder.Save(_folder, model));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    private void Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
