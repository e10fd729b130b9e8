using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>
/// A model in a folder of Hugging Face's layout: <c>config.json</c>, <c>model.safetensors</c> (or shards with <c>model.safetensors.index.json</c>), <c>generation_config.json</c> where texts
/// are generated, whatever the tokenizer writes, and <c>task.json</c>, which says what the library made the model for.
/// </summary>
public static class HuggingFaceFolder
{
    private const string ConfigName = "config.json";
    private const string GenerationConfigName = "generation_config.json";
    private const string TaskName = "task.json";

    /// <summary>Writes a model. All files are written beside the old ones first, and take their places when all are whole.</summary>
    /// <param name="folder">Created where it is missing.</param>
    /// <param name="model">The model.</param>
    /// <param name="saveTokenizer">Writes the tokenizer's files into the folder that it is given (not yet the final one); null: none.</param>
    /// <param name="task">Content of <c>task.json</c>; null: none.</param>
    /// <param name="maximumShardBytes">Weights of more bytes are split into shards of at most so many (a single tensor may be larger); at least 1; default 50 GB.</param>
    /// <exception cref="IOException">Writing failed (a full disk, for example); what was in the folder is as it was.</exception>
    public static void Save<TModel>(string folder, TModel model, Action<string>? saveTokenizer = null, JsonObject? task = null, long maximumShardBytes = ModelWeights.DefaultMaximumShardBytes)
        where TModel : nn.Module, ICheckpointModel
    {
        Require.Text(folder);
        Require.NotNull(model);
        Require.AtLeast(maximumShardBytes, 1);
        // Inside the folder, because only on the same file system can the files take their places by a change of name.
        string staging = Path.Combine(folder, $".saving-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(staging);
            JsonObject config = model.Config.ToJson(model.Head);
            config["dtype"] = Weights.FirstOf(model).dtype.ToString().ToLowerInvariant();
            JsonFile.Write(staging, ConfigName, config);
            if (model.Head == ModelHead.NextToken) JsonFile.Write(staging, GenerationConfigName, GenerationConfig(config));
            if (task is not null) WriteTask(staging, task);
            saveTokenizer?.Invoke(staging);
            ModelWeights.Write(staging, model, maximumShardBytes);
            string[] names = [.. Directory.GetFiles(staging).Select(file => Path.GetFileName(file))];
            foreach (string name in names) File.Move(Path.Combine(staging, name), Path.Combine(folder, name), overwrite: true);
            // Weights that were split otherwise: a reader would take a single file for the model, whatever the new index says.
            foreach (string name in Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Where(name => CheckpointIndex.IsWeightsName(name) && !names.Contains(name))) File.Delete(Path.Combine(folder, name));
        }
        catch (IOException error)
        {
            throw new IOException($"Could not save the model to '{folder}': {(error.InnerException ?? error).Message} What was there is unchanged.", error);
        }
        finally
        {
            if (Directory.Exists(staging)) Directory.Delete(staging, recursive: true);
        }
    }

    /// <summary>Reads <c>config.json</c>; the end tokens are those of <c>generation_config.json</c> where that names some.</summary>
    /// <exception cref="FileNotFoundException">The folder has no <c>config.json</c>.</exception>
    /// <exception cref="InvalidDataException">A file is not what it should be.</exception>
    public static ModelConfig ReadConfig(string folder)
    {
        ModelConfig config = ModelFamilies.ReadConfig(JsonFile.Read(folder, ConfigName));
        if (!File.Exists(Path.Combine(folder, GenerationConfigName))) return config;
        IReadOnlyList<int> endTokens = new ConfigReader(JsonFile.Read(folder, GenerationConfigName)).OneOrManyInt32("eos_token_id");
        return endTokens.Count > 0 ? config with { EndOfText = endTokens } : config;
    }

    /// <summary>Reads a language model, in evaluation mode. A classifier's folder gives its decoder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Where the weights go; default: the CPU.</param>
    /// <param name="dtype">Type of the weights in memory; files of other types are converted.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is cut or damaged, or the weights are not those of the configuration.</exception>
    public static DecoderModel LoadDecoder(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32) =>
        Filled(folder, ReadConfig(folder), config => config.CreateDecoder(device, dtype));

    /// <summary>Reads a classifier, in evaluation mode.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Where the weights go; default: the CPU.</param>
    /// <param name="dtype">Type of the weights in memory; files of other types are converted.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is cut or damaged, the configuration names fewer than two labels, or the weights are not those of the configuration.</exception>
    public static SequenceClassifier LoadClassifier(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32) =>
        Filled(folder, ReadLabeledConfig(folder), config => new SequenceClassifier(config.CreateDecoder(device, dtype), config.Labels, config.Pooling));

    /// <summary>Reads a classifier of tokens, in evaluation mode.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Where the weights go; default: the CPU.</param>
    /// <param name="dtype">Type of the weights in memory; files of other types are converted.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is cut or damaged, the configuration names fewer than two labels, or the weights are not those of the configuration.</exception>
    public static TokenClassifier LoadTokenClassifier(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32) =>
        Filled(folder, ReadLabeledConfig(folder), config => new TokenClassifier(config.CreateDecoder(device, dtype), config.Labels));

    /// <summary>Writes <c>task.json</c>.</summary>
    public static void WriteTask(string folder, JsonObject task) => JsonFile.Write(folder, TaskName, Require.NotNull(task));

    /// <summary>Reads <c>task.json</c>.</summary>
    /// <exception cref="FileNotFoundException">The folder has none.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object.</exception>
    public static JsonObject ReadTask(string folder) => JsonFile.Read(folder, TaskName);

    private static ModelConfig ReadLabeledConfig(string folder)
    {
        ModelConfig config = ReadConfig(folder);
        if (config.Labels.Count < 2) throw new InvalidDataException($"'{Path.Combine(folder, ConfigName)}' must name the classes under 'id2label', at least two; found {config.Labels.Count}. Is the model a classifier?");
        return config;
    }

    private static TModel Filled<TModel>(string folder, ModelConfig config, Func<ModelConfig, TModel> create) where TModel : nn.Module, ICheckpointModel
    {
        using CheckpointIndex weights = CheckpointIndex.Open(folder);
        RequireProportion(config, weights);
        TModel model = create(config);
        try
        {
            ModelWeights.Read(weights, model);
            model.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>A damaged configuration could ask for any amount of memory. What is out of all proportion to the weights is refused before; smaller misfits are named by their tensors.</summary>
    private static void RequireProportion(ModelConfig config, CheckpointIndex weights)
    {
        // No number takes less than a byte.
        if (config.MatrixNumbers <= weights.DataLength) return;
        throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture,
            $"'{Path.Combine(weights.Folder, ConfigName)}' describes a model of {config.MatrixNumbers:G3} numbers; the weights beside it have {weights.DataLength} bytes. Configuration and weights do not belong together, or the configuration is damaged."));
    }

    private static JsonObject GenerationConfig(JsonObject config)
    {
        JsonObject generation = [];
        foreach (string key in (string[])["bos_token_id", "eos_token_id", "pad_token_id"])
        {
            if (config[key] is JsonNode value) generation[key] = value.DeepClone();
        }
        return generation;
    }
}
