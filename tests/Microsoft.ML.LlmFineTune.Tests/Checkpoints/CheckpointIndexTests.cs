using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

/// <summary>Which files of a folder are its weights, and what is said when they are not.</summary>
public sealed class CheckpointIndexTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public CheckpointIndexTests() => NativeRuntime.Initialize();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void One_file_goes_before_an_index()
    {
        Shard("model.safetensors", "a");
        Write("model.safetensors.index.json", "nonsense");
        using CheckpointIndex index = CheckpointIndex.Open(_folder);
        Assert.Equal(["a"], index.Files.SelectMany(file => file.Header.Entries).Select(entry => entry.Name));
        Assert.Equal(12, index.DataLength);
    }

    [Fact]
    public void Shards_may_be_links()
    {
        string elsewhere = Directory.CreateTempSubdirectory().FullName;
        try
        {
            SafeTensors.Write(Path.Combine(elsewhere, "blob"), new Dictionary<string, Tensor> { ["a"] = ones(3) });
            File.CreateSymbolicLink(Path.Combine(_folder, "x.safetensors"), Path.Combine(elsewhere, "blob"));
            Map(("a", "x.safetensors"));
            using CheckpointIndex index = CheckpointIndex.Open(_folder);
            Assert.Equal("a", Assert.Single(Assert.Single(index.Files).Header.Entries).Name);
        }
        finally
        {
            Directory.Delete(elsewhere, recursive: true);
        }
    }

    [Theory]
    [InlineData("../model.safetensors")]
    [InlineData("/etc/model.safetensors")]
    [InlineData("sub/model.safetensors")]
    [InlineData("..\\model.safetensors")]
    [InlineData("c:model.safetensors")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("pytorch_model-00001-of-00002.bin")]
    public void An_index_does_not_lead_to_anything_but_safetensors_in_the_folder(string file)
    {
        Map(("a", file));
        string message = Assert.Throws<InvalidDataException>(() => CheckpointIndex.Open(_folder)).Message;
        Assert.Contains("model.safetensors.index.json", message, StringComparison.Ordinal);
        Assert.Contains("is not the name of a safetensors file in the folder", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("{", "not valid JSON")]
    [InlineData("[]", "must hold a JSON object")]
    [InlineData("{}", "'weight_map'")]
    [InlineData("""{"weight_map":{}}""", "'weight_map'")]
    [InlineData("""{"weight_map":["x.safetensors"]}""", "'weight_map'")]
    [InlineData("""{"weight_map":{"a":1}}""", "must be a text; found 1")]
    [InlineData("""{"weight_map":{"a":null}}""", "must be a text; found null")]
    [InlineData("""{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}""", "not valid JSON")]
    [InlineData("""{"weight_map":{"\ud800":"x.safetensors"}}""", "not valid JSON")]
    public void An_index_that_is_none_is_refused(string json, string reason)
    {
        Write("model.safetensors.index.json", json);
        string message = Assert.Throws<InvalidDataException>(() => CheckpointIndex.Open(_folder)).Message;
        Assert.Contains("model.safetensors.index.json", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_index_that_disagrees_with_its_shards_is_refused_with_all_that_is_wrong()
    {
        Shard("x.safetensors", "a", "b");
        Shard("y.safetensors", "c");
        Map(("a", "x.safetensors"), ("b", "y.safetensors"), ("c", "y.safetensors"), ("d", "y.safetensors"));
        string message = Assert.Throws<InvalidDataException>(() => CheckpointIndex.Open(_folder)).Message;
        Assert.Contains("'b' should be in y.safetensors and is in x.safetensors, 'd' should be in y.safetensors and is in none.", message, StringComparison.Ordinal);
        Assert.DoesNotContain("'a'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shard_that_is_missing_is_named()
    {
        Shard("x.safetensors", "a");
        Map(("a", "x.safetensors"), ("b", "y.safetensors"));
        Assert.Contains("lacks the shard y.safetensors", Assert.Throws<FileNotFoundException>(() => CheckpointIndex.Open(_folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pytorch_model.bin", "glob.glob('pytorch_model.bin')")]
    [InlineData("pytorch_model-00001-of-00002.bin pytorch_model-00002-of-00002.bin pytorch_model.bin.index.json", "glob.glob('pytorch_model-0000*.bin')")]
    [InlineData("consolidated.00.pth optimizer.pt", "glob.glob('consolidated.00.pth')")]
    [InlineData("model.ckpt training_args.bin", "glob.glob('model.ckpt')")]
    public void Pickles_are_never_opened_and_the_error_says_how_to_convert_them(string files, string command)
    {
        // Whoever opened one of these would wait for ever, or fail otherwise.
        foreach (string name in files.Split(' ')) File.CreateSymbolicLink(Path.Combine(_folder, name), "/dev/full");
        string message = Assert.Throws<NotSupportedException>(() => CheckpointIndex.Open(_folder)).Message;
        Assert.Contains($"it has {files.Split(' ')[0]}", message, StringComparison.Ordinal);
        Assert.Contains(command, message, StringComparison.Ordinal);
        Assert.Contains("s.save_file(", message, StringComparison.Ordinal);
        Assert.Contains("weights_only=True", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tf_model.h5", "TensorFlow")]
    [InlineData("flax_model.msgpack", "Flax")]
    [InlineData("model.onnx", "ONNX")]
    [InlineData("model-q4.gguf", "GGUF")]
    public void Other_formats_are_named(string file, string format)
    {
        Write(file, "");
        Assert.Contains($"it has {file} ({format})", Assert.Throws<NotSupportedException>(() => CheckpointIndex.Open(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Safetensors_under_another_name_are_mentioned()
    {
        Shard("model.fp16.safetensors", "a");
        Assert.Contains("it has model.fp16.safetensors", Assert.Throws<FileNotFoundException>(() => CheckpointIndex.Open(_folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.safetensors.incomplete", "it has model.safetensors.incomplete: a download was not finished")]
    [InlineData("model.safetensors.crdownload", "it has model.safetensors.crdownload: a download was not finished")]
    [InlineData("adapter_model.safetensors", "the weights of an adapter. Read them with PeftFolder")]
    [InlineData("model-00001-of-00002.safetensors", "The index says which tensor is in which of these; copy or download it, too.")]
    public void What_there_is_in_place_of_weights_is_named(string file, string says)
    {
        Shard(file, "a");
        Assert.Contains(says, Assert.Throws<FileNotFoundException>(() => CheckpointIndex.Open(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pointer_and_a_link_that_leads_nowhere_are_told_apart_from_damage()
    {
        Write("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n");
        Assert.Contains("Run 'git lfs pull'", Assert.Throws<InvalidDataException>(() => CheckpointIndex.Open(_folder)).Message, StringComparison.Ordinal);
        string path = Path.Combine(_folder, "model.safetensors");
        File.Delete(path);
        File.CreateSymbolicLink(path, "../../blobs/123");
        Assert.Contains($"'{path}' is a link to '../../blobs/123', which is not there", Assert.Throws<FileNotFoundException>(() => CheckpointIndex.Open(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shards_name_is_cut_in_errors()
    {
        Map(("a", $"{new string('x', 5000)}.safetensors"));
        Assert.InRange(Assert.Throws<FileNotFoundException>(() => CheckpointIndex.Open(_folder)).Message.Length, 200, 600);
    }

    [Fact]
    public void A_folder_without_weights_is_refused_though_trainers_left_files()
    {
        Write("optimizer.pt", "");
        Write("training_args.bin", "");
        Assert.Contains("no weights of another format", Assert.Throws<FileNotFoundException>(() => CheckpointIndex.Open(_folder)).Message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => CheckpointIndex.Open(Path.Combine(_folder, "missing")));
    }

    [Fact]
    public void Loading_goes_on_with_the_files_that_were_opened()
    {
        using Gpt2Model model = new(new Gpt2Config { VocabularySize = 11, MaximumLength = 8, Width = 8, Layers = 2, Heads = 2 });
        model.Initialize(new RandomStream(5));
        HuggingFaceFolder.Save(_folder, model);
        using CheckpointIndex index = CheckpointIndex.Open(_folder);
        using Gpt2Model other = (Gpt2Model)model.CreateLike();
        other.Initialize(new RandomStream(6));
        HuggingFaceFolder.Save(_folder, other, maximumShardBytes: 2000);
        ModelWeights.Read(index, other);
        foreach (((string name, Tensor expected), (_, Tensor actual)) in ModelWeights.Views(model).Zip(ModelWeights.Views(other))) Tests.Models.GoldenModel.AssertClose(name, expected, actual, 0);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    private void Shard(string file, params string[] names) => SafeTensors.Write(Path.Combine(_folder, file), names.ToDictionary(name => name, _ => ones(3)));

    private void Map(params (string Tensor, string File)[] map) =>
        Write("model.safetensors.index.json", new JsonObject { ["weight_map"] = new JsonObject(map.Select(entry => KeyValuePair.Create(entry.Tensor, (JsonNode?)entry.File))) }.ToJsonString());
}
