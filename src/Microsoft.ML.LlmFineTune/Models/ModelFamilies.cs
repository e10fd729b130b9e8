using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models.Bart;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.DebertaV2;
using Microsoft.ML.LlmFineTune.Models.Gemma;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Models.ModernBert;
using Microsoft.ML.LlmFineTune.Models.NeoX;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>The families that the library knows, by the name that <c>config.json</c> gives them.</summary>
public static class ModelFamilies
{
    private static readonly SortedDictionary<string, Func<JsonObject, ModelConfig>> Readers = new(StringComparer.Ordinal)
    {
        ["albert"] = AlbertConfig.FromJson,
        ["bart"] = BartConfig.FromJson,
        ["bert"] = BertConfig.FromJson,
        ["camembert"] = RobertaConfig.FromJson,
        ["deberta-v2"] = DebertaV2Config.FromJson,
        ["distilbert"] = DistilBertConfig.FromJson,
        ["electra"] = ElectraConfig.FromJson,
        ["gemma"] = GemmaConfig.FromJson,
        ["gemma2"] = GemmaConfig.FromJson,
        ["gemma3"] = GemmaConfig.FromJson,
        ["gemma3_text"] = GemmaConfig.FromJson,
        ["gpt2"] = Gpt2Config.FromJson,
        ["gpt_neox"] = NeoXConfig.FromJson,
        ["llama"] = LlamaConfig.FromJson,
        ["marian"] = MarianConfig.FromJson,
        ["mistral"] = LlamaConfig.FromJson,
        ["modernbert"] = ModernBertConfig.FromJson,
        ["mpnet"] = MpnetConfig.FromJson,
        ["olmo2"] = LlamaConfig.FromJson,
        ["phi3"] = LlamaConfig.FromJson,
        ["qwen2"] = LlamaConfig.FromJson,
        ["qwen3"] = LlamaConfig.FromJson,
        ["recurrent"] = RecurrentConfig.FromJson,
        ["roberta"] = RobertaConfig.FromJson,
        ["smollm3"] = LlamaConfig.FromJson,
        ["t5"] = T5Config.FromJson,
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
            throw new InvalidDataException($"config.json: the model family '{ConfigReader.Cut(family)}' is not supported; supported are {string.Join(", ", Readers.Keys)}.");
        ModelConfig config = read(json);
        try
        {
            config.Validate();
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"config.json: {Require.ReasonOf(error)}", error);
        }
        return config;
    }
}
