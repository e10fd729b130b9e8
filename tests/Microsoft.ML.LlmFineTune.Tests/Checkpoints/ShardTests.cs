using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

/// <summary>Weights in several files: written as Hugging Face writes them, and read back.</summary>
public sealed class ShardTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;
    private readonly Gpt2Model _model = new(new Gpt2Config { VocabularySize = 11, MaximumLength = 8, Width = 8, Layers = 2, Heads = 2 });

    public ShardTests() => _model.Initialize(new RandomStream(5));

    public void Dispose()
    {
        _model.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string[] WeightFiles => [.. Directory.GetFiles(_folder, "*.safetensors*").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private JsonObject Index => JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, "model.safetensors.index.json")))!.AsObject();

    [Theory]
    // The example of huggingface_hub's documentation.
    [InlineData(10, new[] { 6, 6, 2, 6, 2, 2 }, "0|1 2|3 4 5")]
    // A tensor that is too large goes alone, before the shard that is being filled.
    [InlineData(10, new[] { 2, 20, 3 }, "1|0 2")]
    [InlineData(10, new[] { 10, 10 }, "0|1")]
    [InlineData(10, new[] { 1, 1 }, "0 1")]
    [InlineData(1, new[] { 2, 3 }, "0|1")]
    public void Shards_are_filled_as_by_Hugging_Face(long most, int[] bytes, string expected) =>
        Assert.Equal(expected, string.Join('|', ShardPlan.Split(bytes.Select((count, i) => ($"{i}", (long)count)), most).Select(shard => string.Join(' ', shard))));

    [Fact]
    public void A_model_is_written_in_shards_with_an_index_and_read_back()
    {
        HuggingFaceFolder.Save(_folder, _model, maximumShardBytes: 2000);
        string[] files = WeightFiles;
        Assert.True(files.Length > 3);
        int count = files.Length - 1;
        Assert.Equal([.. Enumerable.Range(1, count).Select(number => $"model-{number:D5}-of-{count:D5}.safetensors"), "model.safetensors.index.json"], files);

        Assert.Equal(_model.ParameterCount, (long)Index["metadata"]!["total_parameters"]!);
        Assert.Equal(_model.ParameterCount * 4, (long)Index["metadata"]!["total_size"]!);
        Assert.Equal(_model.WeightNames.Select(name => name.File).Order(StringComparer.Ordinal), Index["weight_map"]!.AsObject().Select(entry => entry.Key));
        foreach ((string tensor, JsonNode? file) in Index["weight_map"]!.AsObject())
        {
            string path = Path.Combine(_folder, (string)file!);
            Assert.True(new FileInfo(path).Length < 2000 + 1000);
            using FileStream stream = File.OpenRead(path);
            SafeTensorsHeader header = SafeTensorsHeader.Read(stream, stream.Length, path);
            Assert.Equal("pt", header.Metadata["format"]);
            Assert.Contains(header.Entries, entry => entry.Name == tensor);
        }
        AssertReadBack();
    }

    [Fact]
    public void Weights_that_were_split_otherwise_go_when_the_new_ones_are_there()
    {
        string other = Path.Combine(_folder, "adapter-00001-of-00002.safetensors");
        File.WriteAllText(other, "not ours");
        HuggingFaceFolder.Save(_folder, _model);
        Assert.Equal(["adapter-00001-of-00002.safetensors", "model.safetensors"], WeightFiles);
        HuggingFaceFolder.Save(_folder, _model, maximumShardBytes: 2000);
        // A reader would prefer it to the shards.
        Assert.DoesNotContain("model.safetensors", WeightFiles);
        AssertReadBack();
        int many = WeightFiles.Length;
        HuggingFaceFolder.Save(_folder, _model, maximumShardBytes: 5000);
        Assert.True(WeightFiles.Length < many);
        Assert.Equal(Index["weight_map"]!.AsObject().Select(entry => (string)entry.Value!).Distinct().Count(), WeightFiles.Length - 2);
        AssertReadBack();
        HuggingFaceFolder.Save(_folder, _model);
        Assert.Equal(["adapter-00001-of-00002.safetensors", "model.safetensors"], WeightFiles);
        AssertReadBack();
        Assert.Equal("not ours", File.ReadAllText(other));
    }

    [Fact]
    public void Old_shards_stay_when_saving_fails()
    {
        HuggingFaceFolder.Save(_folder, _model, maximumShardBytes: 2000);
        string[] files = WeightFiles;
        Assert.Throws<IOException>(() => HuggingFaceFolder.Save(_folder, _model, _ => throw new IOException("No space left on device.")));
        Assert.Equal(files, WeightFiles);
        AssertReadBack();
    }

    [Fact]
    public void A_tensor_that_two_shards_have_is_refused()
    {
        HuggingFaceFolder.Save(_folder, _model, maximumShardBytes: 2000);
        string last = WeightFiles[^2];
        Dictionary<string, Tensor> tensors = new(SafeTensors.Read(Path.Combine(_folder, last)), StringComparer.Ordinal) { ["transformer.wte.weight"] = zeros(11, 8) };
        SafeTensors.Write(Path.Combine(_folder, last), tensors);
        // The index names one of the two, so it agrees with both shards.
        Assert.NotEqual(last, (string)Index["weight_map"]!["transformer.wte.weight"]!);
        string message = Assert.Throws<InvalidDataException>(() => HuggingFaceFolder.LoadDecoder(_folder)).Message;
        Assert.Contains("There more than once: 'transformer.wte.weight'.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shard_of_no_bytes_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => HuggingFaceFolder.Save(_folder, _model, maximumShardBytes: 0));

    private void AssertReadBack()
    {
        using DecoderModel read = HuggingFaceFolder.LoadDecoder(_folder);
        foreach (((string name, Tensor expected), (_, Tensor actual)) in ModelWeights.Views(_model).Zip(ModelWeights.Views(read))) GoldenModel.AssertClose(name, expected, actual, 0);
    }
}
