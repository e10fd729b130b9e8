using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>
/// What the library sentence-transformers writes beside a model to say how it embeds texts: <c>modules.json</c>, the pooling's <c>config.json</c>, <c>sentence_bert_config.json</c> and
/// <c>config_sentence_transformers.json</c>.
/// </summary>
public sealed record SentenceTransformerFolder
{
    private const string ModulesName = "modules.json";
    private const string SettingsName = "config_sentence_transformers.json";
    private const string PoolingFolder = "1_Pooling";
    private const string NormalizeFolder = "2_Normalize";

    // No file system has longer ones.
    private const int LongestName = 255;

    // The length stands in a file named after the family; most models have the first.
    private static readonly string[] LengthNames =
    [
        "sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json", "sentence_camembert_config.json", "sentence_albert_config.json", "sentence_xlm-roberta_config.json", "sentence_xlnet_config.json",
    ];

    // The newer spelling of a pooling and the older one, a key that is true.
    private static readonly (string Mode, string Key, Pooling? Pooling)[] Modes =
    [
        ("cls", "pooling_mode_cls_token", Pooling.FirstToken),
        ("mean", "pooling_mode_mean_tokens", Pooling.Mean),
        ("lasttoken", "pooling_mode_lasttoken", Pooling.LastToken),
        ("max", "pooling_mode_max_tokens", null),
        ("mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens", null),
        ("weightedmean", "pooling_mode_weightedmean_tokens", null),
    ];

    /// <summary>The folder with the model's <c>config.json</c> and weights.</summary>
    public required string ModelFolder { get; init; }

    /// <summary>How the hidden states become one; default: their mean.</summary>
    public Pooling Pooling { get; init; } = Pooling.Mean;

    /// <summary>Whether vectors are divided by their Euclidean length; default true.</summary>
    public bool IsNormalized { get; init; } = true;

    /// <summary>How many tokens of a text are read, special ones among them (<c>max_seq_length</c>); null: as many as model and tokenizer allow.</summary>
    public int? MaximumLength { get; init; }

    /// <summary>Whether texts are set in lower case before they are tokenized (<c>do_lower_case</c>); the tokenizer may do so by itself.</summary>
    public bool LowersCase { get; init; }

    /// <summary>Texts by name that are put before a text, depending on what it is embedded for.</summary>
    public IReadOnlyDictionary<string, string> Prompts { get; init; } = new Dictionary<string, string>();

    /// <summary>Name of the prompt that is put before a text for which none is chosen; null: none is.</summary>
    public string? DefaultPrompt { get; init; }

    /// <summary>Whether a folder is of this kind.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(Require.Text(folder), ModulesName));

    /// <summary>Reads the files of a folder.</summary>
    /// <param name="folder">The folder that has <c>modules.json</c>.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged; the message names it.</exception>
    /// <exception cref="NotSupportedException">The model has a module or a pooling that is not known here; the message names it.</exception>
    public static SentenceTransformerFolder Read(string folder)
    {
        string modulesPath = Path.Combine(Require.Text(folder), ModulesName);
        JsonArray modules = JsonFile.ReadList(folder, ModulesName);
        string modelFolder = folder;
        Pooling? pooling = null;
        bool isNormalized = false;
        for (int i = 0; i < modules.Count; i++)
        {
            string type = Text((modules[i] as JsonObject)?["type"], modulesPath, "type"), path = Inside(folder, Text((modules[i] as JsonObject)?["path"], modulesPath, "path"));
            switch (type[(type.LastIndexOf('.') + 1)..])
            {
                case "Transformer" when i == 0: modelFolder = path; break;
                case "Pooling" when i == 1: pooling = ReadPooling(path); break;
                case "Normalize" when i >= 2: isNormalized = true; break;
                default: throw new NotSupportedException($"'{modulesPath}': the module {ShortList.Cut(type)} at place {i} is not supported; a model is a Transformer, a Pooling and perhaps a Normalize.");
            }
        }
        if (pooling is null) throw new InvalidDataException($"'{modulesPath}' must name a Transformer and a Pooling; found {modules.Count} modules.");
        SentenceTransformerFolder read = new() { ModelFolder = modelFolder, Pooling = pooling.Value, IsNormalized = isNormalized };
        return read.WithLength().WithPrompts(folder);
    }

    /// <summary>Reads the model, in evaluation mode.</summary>
    /// <param name="device">Where the weights go; default: the CPU.</param>
    /// <param name="dtype">Type of the weights in memory; files of other types are converted.</param>
    /// <param name="loading">Whether the weights are copied, or mapped from the files where these have them as the model does. Default: copied.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is cut or damaged, or the weights are not those of the configuration.</exception>
    public TextEmbedder LoadModel(Device? device = null, ScalarType dtype = ScalarType.Float32, WeightLoading loading = WeightLoading.Copied) => HuggingFaceFolder.LoadTextEmbedder(ModelFolder, Pooling, IsNormalized, device, dtype, loading);

    /// <summary>Reads the tokenizer. By default it cuts texts as the model wants them and pads a batch to its longest, whatever its own file says about that.</summary>
    /// <exception cref="FileNotFoundException">The folder has none of the files that make a tokenizer.</exception>
    /// <exception cref="InvalidDataException">A file is damaged; the message names it.</exception>
    public TokenizerModel LoadTokenizer()
    {
        TokenizerModel tokenizer = TokenizerModel.LoadFolder(ModelFolder);
        int most = HuggingFaceFolder.ReadConfig(ModelFolder).MaximumLength;
        foreach (int? limit in (int?[])[MaximumLength, MaximumLength is null ? tokenizer.Config?.ModelMaxLength : null]) most = Math.Min(most, limit ?? most);
        return tokenizer.WithDefaults(new TruncationOptions { MaximumLength = most }, tokenizer.Padding is int padding ? new PaddingOptions { Id = padding, Token = null } : null);
    }

    /// <summary>A text as it is given to the tokenizer: behind its prompt, without white space at its ends, in lower case where the model wants that.</summary>
    /// <param name="text">The text.</param>
    /// <param name="prompt">Name of a prompt; null: <see cref="DefaultPrompt"/>.</param>
    /// <exception cref="ArgumentException">There is no such prompt.</exception>
    public string Prepare(string text, string? prompt = null)
    {
        Require.NotNull(text);
        if ((prompt ?? DefaultPrompt) is string name)
        {
            Require.Argument(Prompts.TryGetValue(name, out string? before), $"The model has no prompt '{name}'; it has {(Prompts.Count == 0 ? "none" : string.Join(", ", Prompts.Keys))}.", nameof(prompt));
            text = before + text;
        }
        text = text.Trim();
        return LowersCase ? text.ToLowerInvariant() : text;
    }

    /// <summary>Writes a model so that sentence-transformers reads it.</summary>
    /// <param name="folder">Created where it is missing.</param>
    /// <param name="model">The model; its pooling must be one of hidden states, since the library knows no family's pooler.</param>
    /// <param name="saveTokenizer">Writes the tokenizer's files into the folder that it is given: <c>tokenizer.SaveFolder</c>, for example; null: none.</param>
    /// <param name="maximumLength">How many tokens of a text are read; null: as many as the model knows positions.</param>
    /// <exception cref="ArgumentException">The model pools by its family's pooler.</exception>
    /// <exception cref="IOException">Writing failed.</exception>
    public static void Save(string folder, TextEmbedder model, Action<string>? saveTokenizer = null, int? maximumLength = null)
    {
        Pooling pooling = Require.NotNull(model).Pooling ?? throw new ArgumentException("sentence-transformers knows no family's pooler; received a model that pools by it. Pool by the first token, the last token or the mean.", nameof(model));
        HuggingFaceFolder.Save(folder, model, saveTokenizer);
        new SentenceTransformerFolder { ModelFolder = folder, Pooling = pooling, IsNormalized = model.IsNormalized, MaximumLength = maximumLength ?? model.Config.MaximumLength }.Write(folder, model.Config.Width);
    }

    /// <summary>Writes what stands beside the model's own files.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="width">Numbers of a vector.</param>
    internal void Write(string folder, int width)
    {
        JsonArray modules = [Module(0, "", "Transformer"), Module(1, PoolingFolder, "Pooling")];
        if (IsNormalized) modules.Add(Module(2, NormalizeFolder, "Normalize"));
        JsonObject pooling = new() { ["word_embedding_dimension"] = width };
        foreach ((_, string key, Pooling? mode) in Modes) pooling[key] = mode == Pooling;
        Directory.CreateDirectory(Path.Combine(folder, PoolingFolder));
        JsonFile.Write(Path.Combine(folder, PoolingFolder), "config.json", pooling);
        JsonFile.Write(folder, LengthNames[0], new JsonObject { ["max_seq_length"] = MaximumLength, ["do_lower_case"] = LowersCase });
        if (Prompts.Count > 0) JsonFile.Write(folder, SettingsName, new JsonObject { ["prompts"] = new JsonObject(Prompts.Select(prompt => KeyValuePair.Create(prompt.Key, (JsonNode?)prompt.Value))), ["default_prompt_name"] = DefaultPrompt });
        JsonFile.Write(folder, ModulesName, modules);

        static JsonObject Module(int index, string path, string type) => new() { ["idx"] = index, ["name"] = $"{index}", ["path"] = path, ["type"] = $"sentence_transformers.models.{type}" };
    }

    private static Pooling ReadPooling(string folder)
    {
        const string name = "config.json";
        JsonObject json = JsonFile.Read(folder, name);
        string path = Path.Combine(folder, name);
        if (IsTrue(json["include_prompt"], path, "include_prompt") == false) throw new NotSupportedException($"'{path}': 'include_prompt' is false; leaving prompts out of the pooling is not supported.");
        List<(string Mode, string Key, Pooling? Pooling)> chosen = json["pooling_mode"] is JsonNode named
            ? [.. Modes.Where(mode => mode.Mode == Text(named, path, "pooling_mode"))]
            : [.. Modes.Where(mode => IsTrue(json[mode.Key], path, mode.Key) == true)];
        return chosen is [{ Pooling: Pooling pooling }] ? pooling
            : throw new NotSupportedException($"'{path}' must have one of the poolings {string.Join(", ", Modes.Where(mode => mode.Pooling is not null).Select(mode => mode.Mode))}; found {(chosen.Count == 0 ? "none that is known" : string.Join(" and ", chosen.Select(mode => mode.Mode)))}.");
    }

    private SentenceTransformerFolder WithLength()
    {
        if (LengthNames.FirstOrDefault(name => File.Exists(Path.Combine(ModelFolder, name))) is not string name) return this;
        JsonObject json = JsonFile.Read(ModelFolder, name);
        string path = Path.Combine(ModelFolder, name);
        if (json["max_seq_length"] is not JsonNode length) return this with { LowersCase = IsTrue(json["do_lower_case"], path, "do_lower_case") == true };
        if (length is not JsonValue value || !value.TryGetValue(out int most) || most < 1) throw new InvalidDataException($"'{path}': 'max_seq_length' must be a whole number of at least 1; found {Shown(length)}.");
        return this with { MaximumLength = most, LowersCase = IsTrue(json["do_lower_case"], path, "do_lower_case") == true };
    }

    private SentenceTransformerFolder WithPrompts(string folder)
    {
        string path = Path.Combine(folder, SettingsName);
        if (!File.Exists(path)) return this;
        JsonObject json = JsonFile.Read(folder, SettingsName);
        Dictionary<string, string> prompts = new(StringComparer.Ordinal);
        foreach ((string name, JsonNode? prompt) in json["prompts"] as JsonObject ?? []) prompts[name] = Text(prompt, path, $"prompts.{ShortList.Cut(name)}");
        string? first = json["default_prompt_name"] is JsonNode given ? Text(given, path, "default_prompt_name") : null;
        if (first is not null && !prompts.ContainsKey(first)) throw new InvalidDataException($"'{path}': 'default_prompt_name' is '{ShortList.Cut(first)}', which is not among the prompts.");
        return this with { Prompts = prompts, DefaultPrompt = first };
    }

    /// <summary>The list of modules is data: it may not lead out of the folder.</summary>
    private static string Inside(string folder, string path)
    {
        if (path.Length == 0) return folder;
        if (path != Path.GetFileName(path) || path is "." or ".." || path.Length > LongestName) throw new InvalidDataException($"'{Path.Combine(folder, ModulesName)}': '{ShortList.Cut(path)}' is not the name of a folder beside it.");
        return Path.Combine(folder, path);
    }

    private static string Text(JsonNode? node, string path, string key) =>
        node is JsonValue value && value.TryGetValue(out string? text) ? text : throw new InvalidDataException($"'{path}': '{key}' must be a text; found {Shown(node)}.");

    private static bool? IsTrue(JsonNode? node, string path, string key) =>
        node is null ? null : node is JsonValue value && value.TryGetValue(out bool flag) ? flag : throw new InvalidDataException($"'{path}': '{key}' must be true or false; found {Shown(node)}.");

    private static string Shown(JsonNode? node) => node is null ? "nothing" : ShortList.Cut(node.ToJsonString());
}
