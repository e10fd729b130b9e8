using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

/// <summary>Every folder that the reference wrote, of every family and head, is written as it was read: the same tensors to the bit, the same keys, and so once more.</summary>
public sealed class RoundTripTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public RoundTripTests() => NativeRuntime.Initialize();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_folder_is_written_as_it_was_read()
    {
        HashSet<string> families = new(StringComparer.Ordinal);
        foreach (string folder in Folders())
        {
            string first = Fresh("first"), second = Fresh("second");
            using (nn.Module model = Copied(folder, first))
            {
                ModelConfig config = ((ICheckpointModel)model).Config;
                families.Add(config.Family);
                // Whoever made the fixture wrote notes into it.
                Assert.DoesNotContain(config.UnknownKeys, key => key != "notes");
            }
            AssertSameKeys(folder, Json(folder, "config.json"), Json(first, "config.json"));
            if (File.Exists(Path.Combine(folder, "generation_config.json"))) AssertSameKeys(folder, Json(folder, "generation_config.json"), Json(first, "generation_config.json"));
            AssertSameTensors(folder, Tensors(folder), Tensors(first));
            Assert.Equal("pt", Assert.Single(MetadataOf(Path.Combine(first, "model.safetensors")), entry => entry.Key == "format").Value);

            using (Copied(first, second)) Assert.Equal(File.ReadAllText(Path.Combine(first, "config.json")), File.ReadAllText(Path.Combine(second, "config.json")));
            Assert.True(File.ReadAllBytes(Path.Combine(first, "model.safetensors")).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(second, "model.safetensors"))), folder);
        }
        Assert.True(families.Count > 20, $"{families.Count} families");
    }

    [Fact]
    public void Every_folder_is_the_same_model_when_it_is_mapped()
    {
        int most = 0;
        foreach (string folder in Folders())
        {
            string first = Fresh("first"), second = Fresh("second");
            using (nn.Module copied = Copied(folder, first), mapped = Copied(folder, second, WeightLoading.Mapped))
            {
                if (LoadWarnings(mapped).Count == LoadWarnings(copied).Count) most++;
                foreach (((string name, Tensor one), (_, Tensor other)) in All(copied).Zip(All(mapped)))
                {
                    Assert.True(one.dtype == other.dtype && one.shape.SequenceEqual(other.shape) && one.detach().contiguous().bytes.SequenceEqual(other.detach().contiguous().bytes), $"{folder}: {name}");
                }
                // Saved over the files that it lies in.
                if (!OperatingSystem.IsWindows()) Copied(second, second, WeightLoading.Mapped).Dispose();
            }
            foreach (string file in (string[])["config.json", "model.safetensors"]) Assert.True(File.ReadAllBytes(Path.Combine(first, file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(second, file))), $"{folder}: {file}");
        }
        Assert.True(most > 50, $"{most} folders are mapped for the greater part");

        static IEnumerable<(string Name, Tensor Value)> All(nn.Module model) => model.named_parameters().Select(named => (named.name, (Tensor)named.parameter)).Concat(model.named_buffers());

        static IReadOnlyList<string> LoadWarnings(nn.Module model) => (model as BackboneModel ?? ((IHeadedModel)model).Backbone).LoadWarnings;
    }

    [Fact]
    public void The_older_spelling_of_a_configuration_is_written_as_the_newer_one()
    {
        int count = 0;
        foreach (string folder in Folders().Where(folder => File.Exists(Path.Combine(folder, "config.legacy.json"))))
        {
            string newer = Fresh("newer"), given = Fresh("given"), older = Fresh("older");
            foreach (string name in Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Where(CheckpointIndex.IsWeightsName)) File.CreateSymbolicLink(Path.Combine(given, name), Path.Combine(folder, name));
            File.Copy(Path.Combine(folder, "config.legacy.json"), Path.Combine(given, "config.json"));
            using (nn.Module one = Copied(folder, newer), other = Copied(given, older)) Assert.Equal(Meant((ICheckpointModel)one), Meant((ICheckpointModel)other));
            Assert.True(File.ReadAllBytes(Path.Combine(newer, "model.safetensors")).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(older, "model.safetensors"))), folder);
            count++;
        }
        Assert.True(count > 20, $"{count} folders");

        // Without what changes nothing of what the model computes.
        static string Meant(ICheckpointModel model) => (model.Config with { OtherKeys = new Dictionary<string, JsonElement>() }).ToJson(model.Head).ToJsonString();
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, "bfloat16")]
    [InlineData(ScalarType.Float16, "float16")]
    public void Half_precision_stays_half_precision_to_the_bit(ScalarType type, string name)
    {
        string given = Fresh("given"), written = Fresh("written");
        string folder = SharedFixtures.Path("golden/models/llama/lm_untied_gqa");
        File.Copy(Path.Combine(folder, "config.json"), Path.Combine(given, "config.json"));
        SafeTensors.Write(Path.Combine(given, "model.safetensors"), Tensors(folder).ToDictionary(entry => entry.Key, entry => entry.Value.to(type)));
        using (DecoderModel model = HuggingFaceFolder.LoadDecoder(given, dtype: type)) HuggingFaceFolder.Save(written, model);
        AssertSameTensors(name, Tensors(given), Tensors(written));
        Assert.Equal(name, (string)Json(written, "config.json")["dtype"]!);
    }

    private static IEnumerable<string> Folders() => Directory.GetFiles(SharedFixtures.Path("golden/models"), "config.json", SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal);

    private static nn.Module Copied(string folder, string copy, WeightLoading loading = WeightLoading.Copied)
    {
        JsonObject config = Json(folder, "config.json");
        string architecture = config["architectures"] is JsonArray names ? (string)names[0]! : (string)config["head"]!;
        return architecture switch
        {
            _ when Ends("ForSequenceClassification", "classify") => Saved(HuggingFaceFolder.LoadClassifier(folder, loading: loading)),
            _ when Ends("ForTokenClassification") => Saved(HuggingFaceFolder.LoadTokenClassifier(folder, loading: loading)),
            _ when Ends("ForQuestionAnswering") => Saved(HuggingFaceFolder.LoadQuestionAnswering(folder, loading: loading)),
            _ when Ends("ForMultipleChoice") => Saved(HuggingFaceFolder.LoadMultipleChoice(folder, loading: loading)),
            _ when Ends("ForMaskedLM") => Saved(HuggingFaceFolder.LoadMaskedLanguageModel(folder, loading: loading)),
            _ when Ends("ForPreTraining") => Saved(HuggingFaceFolder.LoadReplacedTokenDetector(folder, loading: loading)),
            _ when Ends("ForConditionalGeneration", "MTModel") => Saved(HuggingFaceFolder.LoadEncoderDecoder(folder, loading: loading)),
            _ when Ends("ForCausalLM", "LMHeadModel", "lm") => Saved(HuggingFaceFolder.LoadDecoder(folder, loading: loading)),
            // The bare model of the reference has the family's pooler.
            _ => Saved(HuggingFaceFolder.LoadTextEmbedder(folder, pooling: null, loading: loading)),
        };

        bool Ends(params string[] endings) => endings.Any(ending => architecture.EndsWith(ending, StringComparison.Ordinal));

        nn.Module Saved<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel
        {
            HuggingFaceFolder.Save(copy, model);
            return model;
        }
    }

    private static void AssertSameKeys(string folder, JsonObject expected, JsonObject actual)
    {
        foreach ((string key, JsonNode? value) in expected)
        {
            Assert.True(actual.ContainsKey(key) && JsonNode.DeepEquals(value, actual[key]), $"{folder}: '{key}' is {actual[key]?.ToJsonString() ?? "missing"}; {value?.ToJsonString() ?? "null"} expected");
            AssertSameNumbers($"{folder}: '{key}'", value, actual[key]);
        }
    }

    /// <summary>Where there is a fraction, a fraction: the reference refuses "1" for "1.0", and the other way round.</summary>
    private static void AssertSameNumbers(string where, JsonNode? expected, JsonNode? actual)
    {
        switch (expected)
        {
            case JsonObject keys:
                foreach ((string key, JsonNode? value) in keys) AssertSameNumbers($"{where}.{key}", value, actual![key]);
                break;
            case JsonArray items:
                for (int i = 0; i < items.Count; i++) AssertSameNumbers($"{where}[{i}]", items[i], actual![i]);
                break;
            case JsonValue when expected.GetValueKind() == JsonValueKind.Number:
                Assert.True(IsFraction(expected) == IsFraction(actual!), $"{where} is {actual!.ToJsonString()}; {expected.ToJsonString()} expected");
                break;
        }

        static bool IsFraction(JsonNode number) => number.ToJsonString().AsSpan().ContainsAny(".eE");
    }

    private static void AssertSameTensors(string folder, Dictionary<string, Tensor> expected, Dictionary<string, Tensor> actual)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, Tensor tensor) in expected)
        {
            Assert.Equal((name, tensor.dtype), (name, actual[name].dtype));
            Assert.Equal(tensor.shape, actual[name].shape);
            Assert.True(tensor.bytes.SequenceEqual(actual[name].bytes), $"{folder}: {name}");
        }
    }

    /// <summary>All tensors of a folder, in one file or in shards.</summary>
    private static Dictionary<string, Tensor> Tensors(string folder) =>
        Directory.GetFiles(folder, "model*.safetensors").SelectMany(file => SafeTensors.Read(file)).ToDictionary(StringComparer.Ordinal);

    private static IReadOnlyDictionary<string, string> MetadataOf(string path)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        return file.Header.Metadata;
    }

    private static JsonObject Json(string folder, string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, name)))!.AsObject();

    private string Fresh(string name)
    {
        string folder = Path.Combine(_folder, name);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        return Directory.CreateDirectory(folder).FullName;
    }
}
