using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>
/// How the model of a folder turns a text into one vector, as the files of sentence-transformers say: <c>modules.json</c>, the pooling's <c>config.json</c>,
/// <c>sentence_bert_config.json</c> and <c>config_sentence_transformers.json</c>.
/// </summary>
public sealed record SentenceTransformersConfig
{
    private const string ModulesName = "modules.json";
    private const string PoolingFolder = "1_Pooling";
    private const string PromptsName = "config_sentence_transformers.json";

    /// <summary>What the transformer's own settings are called: the first name, and those of the earliest versions.</summary>
    private static readonly string[] TransformerNames =
    [
        "sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json", "sentence_camembert_config.json",
        "sentence_albert_config.json", "sentence_xlm-roberta_config.json", "sentence_xlnet_config.json",
    ];

    private static readonly Dictionary<string, Pooling> Poolings = new(StringComparer.Ordinal)
    {
        ["pooling_mode_cls_token"] = Pooling.FirstToken, ["pooling_mode_mean_tokens"] = Pooling.Mean, ["pooling_mode_lasttoken"] = Pooling.LastToken,
        ["cls"] = Pooling.FirstToken, ["mean"] = Pooling.Mean, ["lasttoken"] = Pooling.LastToken,
    };

    /// <summary>How the hidden states become one. Default <see cref="Layers.Pooling.Mean"/>, as without files.</summary>
    public Pooling Pooling { get; init; } = Pooling.Mean;

    /// <summary>Whether vectors are divided by their Euclidean length. Default false, as without files.</summary>
    public bool IsNormalized { get; init; }

    /// <summary>Tokens of a text at most, special ones among them; at least 1. Default null: as many as the model and its tokenizer take.</summary>
    public int? MaximumTokens { get; init; }

    /// <summary>Whether texts are made lower case before the tokenizer sees them. Default false.</summary>
    public bool LowerCase { get; init; }

    /// <summary>What is put before each text. Default: nothing.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>What the files ask for and the library does not have, in words; empty where the vectors are those of sentence-transformers.</summary>
    public IReadOnlyList<string> Unsupported { get; init; } = [];

    /// <summary>Reads the files of a folder.</summary>
    /// <returns>Null where the folder has no <c>modules.json</c>: it is no folder of sentence-transformers.</returns>
    /// <exception cref="InvalidDataException">A file is not what it should be.</exception>
    public static SentenceTransformersConfig? Read(string folder)
    {
        if (!File.Exists(Path.Combine(Require.Text(folder), ModulesName))) return null;
        if (HuggingFaceFolder.ReadNode(folder, ModulesName) is not JsonArray modules) throw new InvalidDataException($"'{Path.Combine(folder, ModulesName)}' must hold a list of modules.");
        SentenceTransformersConfig config = new();
        List<string> unsupported = [];
        foreach (JsonNode? module in modules)
        {
            string type = Text(module, "type").Split('.')[^1], place = Text(module, "path");
            switch (type)
            {
                case "Transformer" when place.Length == 0: config = config.WithTransformer(folder, unsupported); break;
                case "Pooling": config = config with { Pooling = PoolingOf(HuggingFaceFolder.ReadJson(folder, InsideOf(folder, place)), unsupported) }; break;
                case "Normalize": config = config with { IsNormalized = true }; break;
                default: unsupported.Add($"the module {type}{(place.Length > 0 ? $" in '{place}'" : "")}"); break;
            }
        }
        return config with { Prompt = DefaultPrompt(folder), Unsupported = unsupported };

        string Text(JsonNode? module, string key) => module is JsonObject entry && entry[key] is JsonValue value && value.TryGetValue(out string? text)
            ? text
            : throw new InvalidDataException($"'{Path.Combine(folder, ModulesName)}': each module must have a text '{key}'.");
    }

    /// <summary>Writes files that <see cref="Read"/> and sentence-transformers read, beside those of the model.</summary>
    /// <param name="folder">Must exist.</param>
    /// <param name="width">Numbers of a vector.</param>
    /// <exception cref="InvalidOperationException">There is something <see cref="Unsupported"/>, which cannot be written.</exception>
    public void Write(string folder, int width)
    {
        if (Unsupported.Count > 0) throw new InvalidOperationException($"What cannot be done cannot be written: {string.Join(", ", Unsupported)}.");
        List<(string Type, string Place)> modules = [("Transformer", ""), ("Pooling", PoolingFolder)];
        if (IsNormalized) modules.Add(("Normalize", "2_Normalize"));
        HuggingFaceFolder.WriteJson(folder, ModulesName, new JsonArray([.. modules.Select((module, index) => new JsonObject
        {
            ["idx"] = index, ["name"] = $"{index}", ["path"] = module.Place, ["type"] = $"sentence_transformers.models.{module.Type}",
        })]));
        HuggingFaceFolder.WriteJson(folder, TransformerNames[0], new JsonObject { ["max_seq_length"] = MaximumTokens, ["do_lower_case"] = LowerCase });
        JsonObject pooling = new() { ["word_embedding_dimension"] = width };
        foreach ((string key, Pooling mode) in Poolings.Where(entry => entry.Key.StartsWith("pooling_mode", StringComparison.Ordinal))) pooling[key] = mode == Pooling;
        Directory.CreateDirectory(Path.Combine(folder, PoolingFolder));
        HuggingFaceFolder.WriteJson(Path.Combine(folder, PoolingFolder), "config.json", pooling);
        if (Prompt.Length > 0) HuggingFaceFolder.WriteJson(folder, PromptsName, new JsonObject { ["prompts"] = new JsonObject { ["default"] = Prompt }, ["default_prompt_name"] = "default" });
    }

    private SentenceTransformersConfig WithTransformer(string folder, List<string> unsupported)
    {
        string? name = TransformerNames.FirstOrDefault(name => File.Exists(Path.Combine(folder, name)));
        if (name is null) return this;
        JsonObject json = HuggingFaceFolder.ReadJson(folder, name);
        foreach (string key in json.Select(entry => entry.Key).Where(key => key is not ("max_seq_length" or "do_lower_case"))) unsupported.Add($"'{key}' of {name}");
        return this with
        {
            MaximumTokens = Read<int>(json, "max_seq_length", "a whole number or null") is int length ? Require.AtLeast(length, 1, "max_seq_length") : null,
            LowerCase = Read<bool>(json, "do_lower_case", "true or false") ?? false,
        };

        T? Read<T>(JsonObject json, string key, string expected) where T : struct => json[key] switch
        {
            null => null,
            JsonValue value when value.TryGetValue(out T found) => found,
            JsonNode other => throw new InvalidDataException($"'{Path.Combine(folder, name)}': '{key}' must be {expected}; found {other.ToJsonString()}."),
        };
    }

    /// <summary>One mode by name (<c>pooling_mode</c>), or one switch a mode of which several may be on: their vectors then stand side by side.</summary>
    private static Pooling PoolingOf(JsonObject json, List<string> unsupported)
    {
        string[] chosen = json["pooling_mode"] is JsonNode named
            ? named is JsonArray several ? [.. several.Select(mode => $"{mode}")] : [$"{named}"]
            : [.. json.Where(entry => entry.Key.StartsWith("pooling_mode_", StringComparison.Ordinal) && entry.Value is JsonValue value && value.TryGetValue(out bool isOn) && isOn).Select(entry => entry.Key)];
        if (json["include_prompt"] is JsonValue include && include.TryGetValue(out bool isIncluded) && !isIncluded) unsupported.Add("pooling without the prompt's tokens");
        if (chosen is [var only] && Poolings.TryGetValue(only, out Pooling pooling)) return pooling;
        unsupported.Add($"the pooling {(chosen.Length == 0 ? "of no kind" : string.Join(" + ", chosen))}");
        return Pooling.Mean;
    }

    private static string DefaultPrompt(string folder)
    {
        if (!File.Exists(Path.Combine(folder, PromptsName))) return "";
        JsonObject json = HuggingFaceFolder.ReadJson(folder, PromptsName);
        if (json["default_prompt_name"] is not JsonValue name) return "";
        return json["prompts"] is JsonObject prompts && prompts[$"{name}"] is JsonValue prompt && prompt.TryGetValue(out string? text)
            ? text
            : throw new InvalidDataException($"'{Path.Combine(folder, PromptsName)}' names the prompt '{name}' as its default, and has no such prompt.");
    }

    /// <summary>The file list is data: it may not lead out of the folder.</summary>
    private static string InsideOf(string folder, string place) => place.Split('/', '\\').All(part => part is not ("" or "." or ".."))
        ? Path.Combine(place, "config.json")
        : throw new InvalidDataException($"'{Path.Combine(folder, ModulesName)}': '{place}' is no folder in the model's own.");
}
