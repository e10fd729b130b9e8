using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Heads;
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
    private const string EndKey = "eos_token_id";

    /// <summary>Writes a model. All files are written beside the old ones first, and take their places when all are whole.</summary>
    /// <param name="folder">Created where it is missing.</param>
    /// <param name="model">The model.</param>
    /// <param name="saveTokenizer">Writes the tokenizer's files into the folder that it is given (not yet the final one): <c>tokenizer.SaveFolder</c>, for example; null: none.</param>
    /// <param name="task">Content of <c>task.json</c>; null: none.</param>
    /// <param name="otherWeights">Tensors that are written beside the model's, as <see cref="ReadOtherWeights"/> gives them; null: none.</param>
    /// <param name="maximumShardBytes">Weights of more bytes are split into shards of at most so many (a single tensor may be larger); at least 1; default 50 GB.</param>
    /// <exception cref="IOException">Writing failed (a full disk, for example); what was in the folder is as it was.</exception>
    public static void Save<TModel>(
        string folder, TModel model, Action<string>? saveTokenizer = null, JsonObject? task = null, IReadOnlyDictionary<string, Tensor>? otherWeights = null, long maximumShardBytes = ModelWeights.DefaultMaximumShardBytes)
        where TModel : nn.Module, ICheckpointModel => Save(folder, model, saveTokenizer, task, otherWeights, maximumShardBytes, isBase: false);

    /// <summary>Writes a model whose active adapter the caller writes besides, in a folder below: see <see cref="Save{TModel}(string, TModel, Action{string}?, JsonObject?, IReadOnlyDictionary{string, Tensor}?, long)"/>.</summary>
    internal static void SaveBase<TModel>(string folder, TModel model, Action<string> saveOthers, JsonObject task, IReadOnlyDictionary<string, Tensor>? otherWeights) where TModel : nn.Module, ICheckpointModel =>
        Save(folder, model, saveOthers, task, otherWeights, ModelWeights.DefaultMaximumShardBytes, isBase: true);

    private static void Save<TModel>(string folder, TModel model, Action<string>? saveOthers, JsonObject? task, IReadOnlyDictionary<string, Tensor>? otherWeights, long maximumShardBytes, bool isBase) where TModel : nn.Module, ICheckpointModel
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
            if (model.Head is ModelHead.NextToken or ModelHead.SequenceToSequence) JsonFile.Write(staging, GenerationConfigName, GenerationConfig(config, model.Config.GenerationKeys));
            if (task is not null) WriteTask(staging, task);
            saveOthers?.Invoke(staging);
            ModelWeights.Write(staging, model, otherWeights, maximumShardBytes, isBase);
            // Weights first: where they cannot take their places (below), the others don't either.
            string[] names = [.. Directory.GetFiles(staging, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(staging, file)).OrderByDescending(CheckpointIndex.IsWeightsName)];
            foreach (string name in names)
            {
                string place = Path.Combine(folder, name);
                Directory.CreateDirectory(Path.GetDirectoryName(place)!);
                File.Move(Path.Combine(staging, name), place, overwrite: true);
            }
            // Weights that were split otherwise: a reader would take a single file for the model, whatever the new index says.
            foreach (string name in Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Where(name => CheckpointIndex.IsWeightsName(name) && !names.Contains(name))) File.Delete(Path.Combine(folder, name));
        }
        catch (Exception error) when (error is IOException || (error is UnauthorizedAccessException && OperatingSystem.IsWindows()))
        {
            // There a file that is mapped keeps its name.
            string hint = OperatingSystem.IsWindows() ? $" Where a model was loaded from this folder with {nameof(WeightLoading)}.{nameof(WeightLoading.Mapped)}, dispose it first, or save elsewhere." : "";
            throw new IOException($"Could not save the model to '{folder}': {(error.InnerException ?? error).Message} What was there is unchanged.{hint}", error);
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
        ModelConfig config = JsonFile.Read(folder, ConfigName, ModelFamilies.ReadConfig);
        if (!File.Exists(Path.Combine(folder, GenerationConfigName))) return config;
        JsonObject generation = JsonFile.Read(folder, GenerationConfigName);
        IReadOnlyList<int> endTokens = ReadEndTokens(folder, generation);
        return config with { EndOfText = endTokens.Count > 0 ? endTokens : config.EndOfText, GenerationKeys = generation.ToDictionary(entry => entry.Key, entry => JsonSerializer.SerializeToElement(entry.Value), StringComparer.Ordinal) };
    }

    /// <summary>Reads the model below any head, in evaluation mode.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Where the weights go; default: the CPU.</param>
    /// <param name="dtype">Type of the weights in memory; files of other types are converted.</param>
    /// <param name="loading">Whether the weights are copied, or mapped from the files where these have them as the model does. Default: copied.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is cut or damaged, or the weights are not those of the configuration.</exception>
    /// <exception cref="IOException">A file was to be mapped and could not be.</exception>
    public static BackboneModel LoadBackbone(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) =>
        Filled(folder, ReadConfig(folder), config => config.CreateBackbone(device, dtype), device: device, dtype: dtype, loading: loading);

    /// <summary>Reads a language model that continues texts, in evaluation mode. A classifier's folder gives its decoder.</summary>
    /// <inheritdoc cref="LoadBackbone"/>
    /// <exception cref="NotSupportedException">The folder's model is of another kind.</exception>
    public static DecoderModel LoadDecoder(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) =>
        Filled(folder, ReadConfig(folder), config => config.CreateDecoder(device, dtype), device: device, dtype: dtype, loading: loading);

    /// <summary>Reads an encoder without its head, in evaluation mode.</summary>
    /// <inheritdoc cref="LoadBackbone"/>
    /// <exception cref="NotSupportedException">The folder's model is of another kind.</exception>
    public static EncoderModel LoadEncoder(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) =>
        Filled(folder, ReadConfig(folder), config => config.CreateEncoder(device, dtype), device: device, dtype: dtype, loading: loading);

    /// <summary>Reads a model that writes one text from another, in evaluation mode.</summary>
    /// <inheritdoc cref="LoadBackbone"/>
    /// <exception cref="NotSupportedException">The folder's model is of another kind.</exception>
    public static EncoderDecoderModel LoadEncoderDecoder(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) =>
        Filled(folder, ReadConfig(folder), config => config.CreateEncoderDecoder(device, dtype), device: device, dtype: dtype, loading: loading);

    /// <summary>Reads a text classifier with its head, in evaluation mode.</summary>
    /// <inheritdoc cref="LoadBackbone"/>
    public static SequenceClassifier LoadClassifier(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) =>
        Filled(folder, ReadLabeledConfig(folder, atLeast: 1), config => new SequenceClassifier(config.CreateBackboneFor(ModelHead.SequenceClassification, device, dtype), config.Labels, config.Pooling, ProblemOf(config)), device: device, dtype: dtype, loading: loading, outputs: config => config.Labels.Count);

    /// <summary>Reads a classifier of tokens with its head, in evaluation mode.</summary>
    /// <inheritdoc cref="LoadBackbone"/>
    public static TokenClassifier LoadTokenClassifier(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) =>
        Filled(folder, ReadLabeledConfig(folder, atLeast: 2), config => new TokenClassifier(config.CreateBackboneFor(ModelHead.TokenClassification, device, dtype), config.Labels), device: device, dtype: dtype, loading: loading, outputs: config => config.Labels.Count);

    /// <summary>Reads a masked language model with its head, in evaluation mode.</summary>
    /// <inheritdoc cref="LoadBackbone"/>
    public static MaskedLanguageModel LoadMaskedLanguageModel(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) =>
        Filled(folder, ReadConfig(folder), config => new MaskedLanguageModel(config.CreateBackboneFor(ModelHead.MaskedToken, device, dtype)), device: device, dtype: dtype, loading: loading);

    /// <summary>Reads a detector of replaced tokens with its head, in evaluation mode.</summary>
    /// <inheritdoc cref="LoadBackbone"/>
    public static ReplacedTokenDetector LoadReplacedTokenDetector(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) =>
        Filled(folder, ReadConfig(folder), config => new ReplacedTokenDetector(config.CreateBackboneFor(ModelHead.ReplacedToken, device, dtype)), device: device, dtype: dtype, loading: loading);

    /// <summary>Reads a model that finds answers, with its head, in evaluation mode.</summary>
    /// <inheritdoc cref="LoadBackbone"/>
    public static QuestionAnsweringModel LoadQuestionAnswering(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) =>
        Filled(folder, ReadConfig(folder), config => new QuestionAnsweringModel(config.CreateBackboneFor(ModelHead.QuestionAnswering, device, dtype)), device: device, dtype: dtype, loading: loading);

    /// <summary>Reads a model that chooses among continuations, with its head, in evaluation mode.</summary>
    /// <inheritdoc cref="LoadBackbone"/>
    public static MultipleChoiceModel LoadMultipleChoice(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) =>
        Filled(folder, ReadConfig(folder), config => new MultipleChoiceModel(config.CreateBackboneFor(ModelHead.MultipleChoice, device, dtype)), device: device, dtype: dtype, loading: loading);

    /// <summary>Reads a model that turns texts into vectors, in evaluation mode. Of a whole T5 it takes the encoder alone; a BART's vectors are those of its decoder's states, as Hugging Face's bare model gives them.</summary>
    /// <inheritdoc cref="LoadBackbone"/>
    /// <param name="folder">The folder.</param>
    /// <param name="pooling">How the hidden states become one; null: by the family's own pooler, which the folder must have.</param>
    /// <param name="isNormalized">Whether vectors are divided by their Euclidean length.</param>
    /// <param name="device">Where the weights go; default: the CPU.</param>
    /// <param name="dtype">Type of the weights in memory; files of other types are converted.</param>
    /// <param name="loading">Whether the weights are copied, or mapped from the files where these have them as the model does. Default: copied.</param>
    public static TextEmbedder LoadTextEmbedder(string folder, Pooling? pooling = Pooling.Mean, bool isNormalized = true, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) =>
        Filled(folder, ReadConfig(folder), config => new TextEmbedder(config.CreateBackboneFor(ModelHead.Embedding, device, dtype), pooling, isNormalized), device: device, dtype: dtype, loading: loading);

    /// <summary>
    /// Reads a pretrained model for a new task, in evaluation mode: the backbone must be there whole; what the folder has of the head and fits is read (BERT's pooler, for example),
    /// the rest is drawn.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="create">Makes the model, for example <c>config =&gt; new SequenceClassifier(config.CreateBackbone(), labels)</c>.</param>
    /// <param name="random">Where the draws of the head come from.</param>
    /// <returns>The model, and the checkpoint names of the head's weights that were drawn.</returns>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is cut or damaged, or the weights are not those of the configuration.</exception>
    public static (TModel Model, IReadOnlyList<string> Drawn) LoadForFineTuning<TModel>(string folder, Func<ModelConfig, TModel> create, RandomStream random) where TModel : nn.Module, IHeadedModel
    {
        Require.NotNull(create);
        Require.NotNull(random);
        IReadOnlyList<string> drawn = [];
        TModel model = Filled(folder, ReadConfig(folder), create, (files, made) =>
        {
            made.HeadModule.Initialize(random);
            LoadReport report = ModelWeights.Read(files, made, made.HeadModule.WeightNames.Select(name => name.File).ToHashSet(StringComparer.Ordinal));
            drawn = report.Stayed;
            return report;
        });
        return (model, drawn);
    }

    /// <summary>Reads what a checkpoint holds beside a backbone's own weights: the weights of heads.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="backbone">The folder's backbone.</param>
    /// <returns>Float32 tensors on the backbone's device, by their names in a bare backbone's checkpoint; the caller owns them.</returns>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is cut or damaged.</exception>
    public static IReadOnlyDictionary<string, Tensor> ReadOtherWeights(string folder, BackboneModel backbone)
    {
        using CheckpointIndex weights = CheckpointIndex.Open(folder);
        return ModelWeights.ReadOthers(weights, Require.NotNull(backbone));
    }

    /// <summary>Writes <c>task.json</c>.</summary>
    public static void WriteTask(string folder, JsonObject task) => JsonFile.Write(folder, TaskName, Require.NotNull(task));

    /// <summary>Reads <c>task.json</c>.</summary>
    /// <exception cref="FileNotFoundException">The folder has none.</exception>
    /// <exception cref="InvalidDataException">It is not a JSON object.</exception>
    public static JsonObject ReadTask(string folder) => JsonFile.Read(folder, TaskName);

    /// <summary>A configuration with labels. Hugging Face leaves two labels without names of their own out of the file.</summary>
    private static ModelConfig ReadLabeledConfig(string folder, int atLeast)
    {
        ModelConfig config = ReadConfig(folder);
        if (config.Labels.Count == 0 && IsClassifier(JsonFile.Read(folder, ConfigName))) config = config with { Labels = ["LABEL_0", "LABEL_1"] };
        if (config.Labels.Count < atLeast)
            throw new InvalidDataException($"'{Path.Combine(folder, ConfigName)}' must name the classes under 'id2label', at least {(atLeast == 1 ? "one" : "two")}; found {config.Labels.Count}. Is the model a classifier? {nameof(LoadForFineTuning)} makes one of any model.");
        return config;

        static bool IsClassifier(JsonObject json) => json["architectures"] is JsonArray names && names.Any(name => name?.ToString().EndsWith("Classification", StringComparison.Ordinal) == true);
    }

    /// <summary>A single output without a word on the problem is a number, as in Hugging Face.</summary>
    private static ClassificationProblem ProblemOf(ModelConfig config) =>
        config.Labels.Count == 1 && config.Problem == ClassificationProblem.SingleLabel ? ClassificationProblem.Regression : config.Problem;

    private static TModel Filled<TModel>(
        string folder, ModelConfig config, Func<ModelConfig, TModel> create, Func<CheckpointIndex, TModel, LoadReport>? read = null, Device? device = null, ScalarType dtype = ScalarType.Float32, Func<ModelConfig, int>? outputs = null, WeightLoading loading = WeightLoading.Copied) where TModel : nn.Module, ICheckpointModel
    {
        using CheckpointIndex weights = CheckpointIndex.Open(folder);
        config = config.For(weights.TensorNames);
        RequireProportion(config, outputs?.Invoke(config) ?? 0, weights);
        bool isOnProcessor = device is null || device.type == TorchSharp.DeviceType.CPU;
        // Memory that will be replaced by the files' is not touched: in huge pages, each write of the allocator's own would cost one.
        if (isOnProcessor && loading == WeightLoading.Copied) TensorMemory.ExpectHugePages((long)config.MatrixNumbers * SafeTensorsTypes.BytesOf(dtype));
        TModel model = create(config);
        try
        {
            LoadReport report = read is null ? ModelWeights.Read(weights, model, loading: loading) : read(weights, model);
            BackboneModel? backbone = model as BackboneModel ?? (model as IHeadedModel)?.Backbone;
            if (backbone is not null) backbone.LoadWarnings = [.. report.Warnings];
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
    private static void RequireProportion(ModelConfig config, int outputs, CheckpointIndex weights)
    {
        // A head has a number for each output and each number that it reads.
        double head = (double)outputs * config.Width, numbers = config.MatrixNumbers + head;
        string? claim =
            config.StoredLayers > weights.TensorNames.Count ? $"{config.StoredLayers} layers; the weights beside it are {weights.TensorNames.Count} tensors"
            // No number takes less than a byte.
            : numbers > weights.DataLength ? string.Create(CultureInfo.InvariantCulture, $"{numbers:G3} numbers{(head > config.MatrixNumbers ? $", most of them for {outputs} labels" : "")}; the weights beside it have {weights.DataLength} bytes")
            : null;
        if (claim is not null) throw new InvalidDataException($"'{Path.Combine(weights.Folder, ConfigName)}' describes a model of {claim}. Configuration and weights do not belong together, or the configuration is damaged.");
    }

    private static List<int> ReadEndTokens(string folder, JsonObject generation)
    {
        JsonNode? value = generation[EndKey];
        List<int> ids = [];
        foreach (JsonNode? id in value switch { null => [], JsonArray many => many.ToArray(), _ => [value] })
        {
            if (id is not JsonValue number || !number.TryGetValue(out int token))
                throw new InvalidDataException($"'{Path.Combine(folder, GenerationConfigName)}': '{EndKey}' must be a whole number or a list of them; found {ShortList.Cut(value!.ToJsonString())}.");
            ids.Add(token);
        }
        return ids;
    }

    /// <summary>What the checkpoint came with, end tokens as they are now, and ids that it did not name.</summary>
    private static JsonObject GenerationConfig(JsonObject config, IReadOnlyDictionary<string, JsonElement> given)
    {
        JsonObject generation = [];
        foreach ((string key, JsonElement value) in given) generation[key] = JsonSerializer.SerializeToNode(value);
        foreach (string key in (string[])["bos_token_id", "decoder_start_token_id", EndKey, "forced_bos_token_id", "forced_eos_token_id", "pad_token_id"])
        {
            if (config[key] is JsonNode value && (key == EndKey || !given.ContainsKey(key))) generation[key] = value.DeepClone();
        }
        return generation;
    }
}
