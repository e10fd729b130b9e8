using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.Gpt2;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>The families that the library knows, by the name that <c>config.json</c> gives them.</summary>
public static class ModelFamilies
{
    private static readonly SortedDictionary<string, Func<JsonObject, ModelConfig>> Readers = new(StringComparer.Ordinal)
    {
        ["albert"] = AlbertConfig.FromJson,
        ["bert"] = BertConfig.FromJson,
        ["camembert"] = RobertaConfig.FromJson,
        ["distilbert"] = DistilBertConfig.FromJson,
        ["electra"] = ElectraConfig.FromJson,
        ["gpt2"] = Gpt2Config.FromJson,
        ["mpnet"] = MpnetConfig.FromJson,
        ["roberta"] = RobertaConfig.FromJson,
        ["xlm-roberta"] = RobertaConfig.FromJson,
    };

    /// <summary>The names that <see cref="ReadConfig"/> knows.</summary>
    public static IReadOnlyCollection<string> Names => Readers.Keys;

    /// <summary>Reads the content of a <c>config.json</c>.</summary>
    /// <exception cref="InvalidDataException">The family is not known, or a value is not of the kind that its key demands.</exception>
    public static ModelConfig ReadConfig(JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        string? family = json["model_type"] is JsonValue value && value.TryGetValue(out string? name) ? name : null;
        if (family is null) throw new InvalidDataException("config.json: 'model_type' is missing; it names the model's family.");
        if (!Readers.TryGetValue(family, out Func<JsonObject, ModelConfig>? read))
            throw new InvalidDataException($"config.json: the model family '{family}' is not supported; supported are {string.Join(", ", Readers.Keys)}.");
        ModelConfig config = read(json);
        try
        {
            config.Validate();
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"config.json: {error.Message}", error);
        }
        return config;
    }
}
