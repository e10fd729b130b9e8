using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints.Peft;

/// <summary>
/// An adapter in a folder of PEFT's layout: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>, with the names that PEFT writes, so that either reads what the other has written. The base model is
/// not in it.
/// </summary>
public static class PeftFolder
{
    /// <summary>The file that says what the adapter is.</summary>
    public const string ConfigName = "adapter_config.json";

    /// <summary>The file of the adapter's weights.</summary>
    public const string WeightsName = "adapter_model.safetensors";

    private const string PickleName = "adapter_model.bin";
    private const string BaseLayerEnd = ".base_layer.weight";

    // Whoever trains one of these by name may have added rows to it, so the reference saves the whole table, too.
    private static readonly string[] TablesSavedWhole = ["embed_tokens", "lm_head"];

    /// <summary>Reads what an adapter is.</summary>
    /// <exception cref="FileNotFoundException">The folder has no <see cref="ConfigName"/>.</exception>
    /// <exception cref="InvalidDataException">It asks for what the library does not have, or is damaged.</exception>
    public static AdapterOptions ReadOptions(string folder) => JsonFile.Read(folder, ConfigName, PeftConfig.FromJson);

    /// <summary>Writes an adapter. Its files are written beside the old ones first.</summary>
    /// <param name="folder">Created where it is missing.</param>
    /// <param name="model">The model with the adapter; it must not be merged.</param>
    /// <param name="name">The adapter's name.</param>
    /// <param name="baseModel">Where the base model is, a folder or a name of the hub; null: as the adapter's options say.</param>
    /// <exception cref="IOException">Writing failed (a full disk, for example).</exception>
    public static void Save(string folder, nn.Module model, string name = ModelAdapters.DefaultName, string? baseModel = null)
    {
        Require.Text(folder);
        ModelAdapters adapters = ModelAdapters.Of(Require.NotNull(model)) ?? throw new InvalidOperationException("The model has no adapter to save.");
        Require.State(!adapters.IsMerged, "The adapter is merged into the model's weights; call Unmerge first.");
        AdapterOptions options = adapters.OptionsOf(name);
        if (baseModel is not null) options = options with { BaseModel = baseModel };
        JsonObject config = PeftConfig.ToJson(options, model);
        Directory.CreateDirectory(folder);
        using IDisposable scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = adapters.Views(name);
        if (options is LoraOptions { Targets.Names: { } targets } && targets.Any(TablesSavedWhole.Contains))
        {
            foreach ((string key, Tensor table) in BaseTables(adapters, tensors.Keys)) tensors.Add(key, table);
        }
        SafeTensors.Write(Path.Combine(folder, WeightsName), new SortedDictionary<string, Tensor>(tensors, StringComparer.Ordinal));
        JsonFile.Write(folder, ConfigName, config);
    }

    /// <summary>Attaches the adapter of a folder to its base model and activates it.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="model">The base model: of the task that the adapter was made for.</param>
    /// <param name="name">The name that the adapter gets.</param>
    /// <returns>What a user should hear of, a line each: keys of the configuration that nobody knows, tensors that were passed over.</returns>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is cut or damaged, asks for what the library does not have, or its tensors are not those that the configuration demands of this model: the message lists them.</exception>
    /// <exception cref="NotSupportedException">The weights are a pickle, which is never opened, or the model's family can not take an adapter of the kind.</exception>
    public static IReadOnlyList<string> Load(string folder, nn.Module model, string name = ModelAdapters.DefaultName)
    {
        Require.NotNull(model);
        AdapterOptions options = ReadOptions(folder);
        string path = Path.Combine(folder, WeightsName);
        if (!File.Exists(path)) throw NoWeights(folder, path);
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        ModelAdapters adapters;
        try
        {
            // No number takes less than a byte: a damaged configuration could ask for any amount of memory.
            double numbers = AdapterBuilder.CountNumbers(model, options);
            if (numbers > file.Header.DataLength)
                throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"'{Path.Combine(folder, ConfigName)}' describes an adapter of {numbers:G3} numbers for this model; {WeightsName} beside it has {file.Header.DataLength} bytes of weights. They do not belong together, or the configuration is damaged."));
            adapters = ModelAdapters.Attach(model, options, name, random: null, isStrict: false);
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"'{folder}' does not belong to this model: {Require.ReasonOf(error)}", error);
        }
        catch (NotSupportedException error)
        {
            throw new NotSupportedException($"'{folder}' is not for this model: {error.Message}", error);
        }
        try
        {
            return Fill(file, adapters, options, name);
        }
        catch
        {
            adapters.Remove(name);
            throw;
        }
    }

    /// <summary>Reads a base model and puts the adapter of a folder on it.</summary>
    /// <param name="folder">The adapter's folder.</param>
    /// <param name="load">Reads the base model, for example <c>path =&gt; HuggingFaceFolder.LoadClassifier(path)</c>.</param>
    /// <param name="baseFolder">The base model's folder; null: the one that the adapter names, as it stands or seen from the adapter's folder.</param>
    /// <returns>The model in evaluation mode, the adapter attached and active.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no folder of the base model.</exception>
    public static TModel LoadOnBase<TModel>(string folder, Func<string, TModel> load, string? baseFolder = null) where TModel : nn.Module
    {
        Require.NotNull(load);
        TModel model = load(baseFolder ?? BaseFolder(folder));
        try
        {
            IReadOnlyList<string> warnings = Load(folder, model);
            ModelAdapters adapters = ModelAdapters.Of(model)!;
            adapters.Catalog.Backbone.LoadWarnings = [.. adapters.Catalog.Backbone.LoadWarnings, .. warnings];
            model.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Reads a language model that continues texts and puts the adapter of a folder on it.</summary>
    /// <inheritdoc cref="LoadOnBase"/>
    /// <param name="folder">The adapter's folder.</param>
    /// <param name="baseFolder">The base model's folder; null: the one that the adapter names, as it stands or seen from the adapter's folder.</param>
    /// <param name="device">Where the weights go; default: the CPU.</param>
    /// <param name="dtype">Type of the base model's weights in memory.</param>
    /// <param name="loading">Whether the base model's weights are copied, or mapped from the files where these have them as the model does. Default: copied.</param>
    public static DecoderModel LoadDecoder(string folder, string? baseFolder = null, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) =>
        LoadOnBase(folder, path => HuggingFaceFolder.LoadDecoder(path, device, dtype, loading), baseFolder);

    /// <summary>Reads a text classifier and puts the adapter of a folder on it. The base model may lack the head, which such an adapter has.</summary>
    /// <inheritdoc cref="LoadOnBase"/>
    /// <param name="folder">The adapter's folder.</param>
    /// <param name="labels">Names of the outputs, for a base model without a head; null: as the base model's configuration has them.</param>
    /// <param name="baseFolder">The base model's folder; null: the one that the adapter names, as it stands or seen from the adapter's folder.</param>
    /// <param name="device">Where the weights go; default: the CPU.</param>
    /// <param name="dtype">Type of the base model's weights in memory.</param>
    public static SequenceClassifier LoadClassifier(string folder, IReadOnlyList<string>? labels = null, string? baseFolder = null, Device? device = null, ScalarType dtype = ScalarType.Float32) => LoadOnBase(folder,
        path => labels is null
            ? HuggingFaceFolder.LoadClassifier(path, device, dtype)
            // What the draws give is overwritten by the adapter's head.
            : HuggingFaceFolder.LoadForFineTuning(path, config => new SequenceClassifier(config.CreateBackbone(device, dtype), labels), new RandomStream(0)).Model,
        baseFolder);

    private static string BaseFolder(string folder)
    {
        string named = ReadOptions(folder).BaseModel ?? throw new DirectoryNotFoundException($"'{Path.Combine(folder, ConfigName)}' does not name a base model. Give its folder as {nameof(LoadOnBase)}'s baseFolder.");
        if (Directory.Exists(named)) return named;
        string beside = Path.GetFullPath(Path.Combine(folder, named));
        return Directory.Exists(beside) ? beside : throw new DirectoryNotFoundException($"'{folder}' is an adapter of '{ShortList.Cut(named)}', which is no folder here. If it is a model of the hub, get it with HubDownload; give its folder as baseFolder.");
    }

    private static Exception NoWeights(string folder, string path) => File.Exists(Path.Combine(folder, PickleName))
        ? new NotSupportedException($"'{folder}' has {PickleName} and no {WeightsName}. A pickle can run any code when it is read, so the library never opens one. If you trust it, convert it in its folder with Python: import torch, safetensors.torch as s; s.save_file({{k: v.contiguous().clone() for k, v in torch.load('{PickleName}', map_location='cpu', weights_only=True).items()}}, '{WeightsName}', {{'format': 'pt'}})")
        : new FileNotFoundException($"'{folder}' has no {WeightsName}: it is not the folder of an adapter, or a part of it is missing.", path);

    /// <summary>The tables of the model that the adapter changes, under the names that they have below it.</summary>
    private static IEnumerable<(string Key, Tensor Table)> BaseTables(ModelAdapters adapters, IEnumerable<string> keys)
    {
        string[] present = [.. keys];
        foreach (AdaptableModule module in adapters.Catalog.Modules)
        {
            string key = $"base_model.model.{module.Name}";
            if (!TablesSavedWhole.Any(name => ModuleSelection.IsNamed(module.Name, name)) || !present.Any(name => name.StartsWith($"{key}.lora_", StringComparison.Ordinal))) continue;
            yield return (key + BaseLayerEnd, module.Layer is Embedding embedding ? embedding.Weight.detach() : ((ILinearMap)module.Layer).ReadWeight());
        }
    }

    private static List<string> Fill(SafeTensorsFile file, ModelAdapters adapters, AdapterOptions options, string name)
    {
        using IDisposable scope = NewDisposeScope();
        PeftPairing pairing = new(file.Path, adapters, name);
        Dictionary<string, Tensor> tables = BaseTables(adapters, adapters.Views(name).Keys).ToDictionary(entry => entry.Key, entry => entry.Table, StringComparer.Ordinal);
        List<TensorTarget> targets = pairing.Pair(file.Header, tables, out List<(TensorTarget Read, Tensor Base)> saved);
        pairing.RequireFit();
        file.Fill([.. targets.Concat(saved.Select(entry => entry.Read)).OrderBy(target => target.Entry.Begin)]);
        foreach ((TensorTarget read, Tensor table) in saved)
        {
            if (!read.Destination.to(table.dtype).eq(table).all().item<bool>())
                throw new InvalidDataException($"'{file.Path}' holds the table '{read.Entry.Name}' of its base model, and it is not the table of this one: the adapter belongs to another base model, or to one whose vocabulary was changed. Load that one.");
        }
        List<string> warnings = [];
        if (options.UnknownKeys.Count > 0) warnings.Add($"'{Path.Combine(Path.GetDirectoryName(file.Path)!, ConfigName)}' has keys that the library does not know; they were kept and change nothing: {ShortList.Of([.. options.UnknownKeys])}.");
        if (pairing.Unused.Count > 0) warnings.Add($"'{file.Path}' has tensors for modules that this model does without; they were passed over: {ShortList.Of(pairing.Unused)}.");
        IReadOnlyList<NonFiniteTensor> broken = NonFiniteTensor.Of(targets);
        if (broken.Count > 0) warnings.Add($"'{file.Path}' has weights that are NaN or infinite: {ShortList.Of([.. broken.Select(tensor => tensor.ToString())])}.");
        return warnings;
    }
}
