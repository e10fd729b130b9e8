using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers.Rotary;

namespace Microsoft.ML.LlmFineTune.Models.Llama;

/// <summary>Llama. <c>pretraining_tp</c> cuts products into slices that add up to the same numbers.</summary>
internal sealed class LlamaSpelling : LlamaJson
{
    public override string Name => "llama";

    protected override string ClassName => "Llama";

    protected override LlamaConfig Defaults => new() { TrainedLength = 2048, NormEpsilon = 1e-6, BeginOfText = 1, EndOfText = [2] };

    protected override bool WritesHeadSize => true;

    protected override LlamaConfig ReadOwn(ConfigReader reader, LlamaConfig shared)
    {
        reader.Ignore("pretraining_tp", "is_llama_config", "transformers.js_config");
        reader.MustBe("rope_interleaved", "false");
        return shared with { AttentionBias = reader.Boolean("attention_bias", false), FeedForwardBias = reader.Boolean("mlp_bias", false) };
    }

    protected override void WriteOwn(JsonObject json, LlamaConfig config)
    {
        json["attention_bias"] = config.AttentionBias;
        json["mlp_bias"] = config.FeedForwardBias;
    }
}

/// <summary>Mistral: the window is on every layer; a missing key stands for 4,096.</summary>
internal sealed class MistralSpelling : LlamaJson
{
    public override string Name => "mistral";

    protected override string ClassName => "Mistral";

    protected override LlamaConfig Defaults => new() { Kind = LlamaKind.Mistral, TrainedLength = 4096 * 32, InnerWidth = 14336, KeyValueHeads = 8, NormEpsilon = 1e-6, BeginOfText = 1, EndOfText = [2] };

    protected override bool WritesHeadSize => true;

    protected override LlamaConfig ReadOwn(ConfigReader reader, LlamaConfig shared) => shared with { Window = reader.Int32OrNull("sliding_window", 4096) };

    protected override void WriteOwn(JsonObject json, LlamaConfig config) => json["sliding_window"] = config.Window;
}

/// <summary>Qwen 2: windows on the layers from <c>max_window_layers</c> on.</summary>
internal sealed class Qwen2Spelling : LlamaJson
{
    public override string Name => "qwen2";

    protected override string ClassName => "Qwen2";

    protected override LlamaConfig Defaults => new() { Kind = LlamaKind.Qwen2, VocabularySize = 151936, TrainedLength = 32768, InnerWidth = 22016, NormEpsilon = 1e-6 };

    protected override LlamaConfig ReadOwn(ConfigReader reader, LlamaConfig shared)
    {
        reader.MustBe("use_mrope", "false");
        int firstWindow = reader.KeptInt32("max_window_layers") ?? 28;
        return WithWindow(reader, shared, layer => layer >= firstWindow);
    }

    protected override void WriteOwn(JsonObject json, LlamaConfig config) => WriteWindow(json, config);
}

/// <summary>Qwen 3: heads of 128 numbers unless said otherwise; windows as in Qwen 2.</summary>
internal sealed class Qwen3Spelling : LlamaJson
{
    public override string Name => "qwen3";

    protected override string ClassName => "Qwen3";

    protected override LlamaConfig Defaults => new() { Kind = LlamaKind.Qwen3, VocabularySize = 151936, TrainedLength = 32768, InnerWidth = 22016, HeadSize = 128, NormEpsilon = 1e-6 };

    protected override bool WritesHeadSize => true;

    protected override LlamaConfig ReadOwn(ConfigReader reader, LlamaConfig shared)
    {
        int firstWindow = reader.KeptInt32("max_window_layers") ?? 28;
        return WithWindow(reader, shared with { AttentionBias = reader.Boolean("attention_bias", false) }, layer => layer >= firstWindow);
    }

    protected override void WriteOwn(JsonObject json, LlamaConfig config)
    {
        json["attention_bias"] = config.AttentionBias;
        WriteWindow(json, config);
    }
}

/// <summary>SmolLM 3: a 0 in <c>no_rope_layers</c> takes a layer's positions away, or else every <c>no_rope_layer_interval</c>-th has none; windows are on those.</summary>
internal sealed class SmolLm3Spelling : LlamaJson
{
    public override string Name => "smollm3";

    protected override string ClassName => "SmolLM3";

    protected override LlamaConfig Defaults => new()
    {
        Kind = LlamaKind.SmolLm3, VocabularySize = 128256, TrainedLength = 32768, Width = 2048, Layers = 36, Heads = 16, KeyValueHeads = 4, NormEpsilon = 1e-6, TieEmbeddings = true,
        Rotary = new() { Theta = 2_000_000 }, BeginOfText = 128000, EndOfText = [128001], Padding = 128004,
    };

    protected override LlamaConfig ReadOwn(ConfigReader reader, LlamaConfig shared)
    {
        int interval = reader.KeptInt32("no_rope_layer_interval") ?? 4;
        if (interval < 1) throw new InvalidDataException($"config.json: 'no_rope_layer_interval' must be at least 1; found {interval}.");
        IReadOnlyList<int> given = reader.OneOrManyInt32("no_rope_layers");
        bool[] isRotary = [.. given.Count > 0 ? given.Select(word => word != 0) : Enumerable.Range(1, shared.Layers).Select(number => number % interval != 0)];
        if (isRotary.Length != shared.Layers) throw new InvalidDataException($"config.json: 'no_rope_layers' must say a word for each of the {shared.Layers} layers; found {isRotary.Length}.");
        return WithWindow(reader, shared, layer => !isRotary[layer]) with
        {
            RotaryLayers = isRotary, AttentionBias = reader.Boolean("attention_bias", false), FeedForwardBias = reader.Boolean("mlp_bias", false),
        };
    }

    protected override void WriteOwn(JsonObject json, LlamaConfig config)
    {
        json["no_rope_layers"] = new JsonArray([.. Enumerable.Range(0, config.Layers).Select(layer => JsonValue.Create(config.IsRotary(layer) ? 1 : 0))]);
        json["attention_bias"] = config.AttentionBias;
        json["mlp_bias"] = config.FeedForwardBias;
        WriteWindow(json, config);
    }
}

/// <summary>Phi-3: the window is on every layer. The reference implementation reads <c>embd_pdrop</c> and applies it nowhere.</summary>
internal sealed class Phi3Spelling : LlamaJson
{
    public override string Name => "phi3";

    protected override string ClassName => "Phi3";

    protected override LlamaConfig Defaults => new() { Kind = LlamaKind.Phi3, VocabularySize = 32064, TrainedLength = 4096, Width = 3072, InnerWidth = 8192, NormEpsilon = 1e-5, BeginOfText = 1, EndOfText = [32000], Padding = 32000 };

    protected override int? OriginalLength => 4096;

    protected override LlamaConfig ReadOwn(ConfigReader reader, LlamaConfig shared)
    {
        reader.Ignore("embd_pdrop");
        // Keys that published files carry for code of their own.
        foreach (string bias in (ReadOnlySpan<string>)["attention_bias", "mlp_bias", "lm_head_bias"]) reader.MustBe(bias, "false");
        foreach (string factor in (ReadOnlySpan<string>)["full_attn_mod", "interpolate_factor"]) reader.MustBe(factor, "1");
        return shared with { ResidualDropout = reader.Double("resid_pdrop", 0), Window = reader.OptionalInt32("sliding_window") };
    }

    protected override void WriteOwn(JsonObject json, LlamaConfig config)
    {
        json["resid_pdrop"] = config.ResidualDropout;
        json["sliding_window"] = config.Window;
        // The number beside the scaling wins over the one in it, and it has a default.
        if (config.Rotary.Scaling is LongRopeScaling { OriginalLength: int longRope }) json["original_max_position_embeddings"] = longRope;
        if (config.Rotary.Scaling is YarnScaling { OriginalLength: int yarn }) json["original_max_position_embeddings"] = yarn;
        if (config.Rotary.Scaling is Llama3Scaling { OriginalLength: int llama3 }) json["original_max_position_embeddings"] = llama3;
    }
}

/// <summary>OLMo 2.</summary>
internal sealed class Olmo2Spelling : LlamaJson
{
    public override string Name => "olmo2";

    protected override string ClassName => "Olmo2";

    protected override LlamaConfig Defaults => new() { Kind = LlamaKind.Olmo2, VocabularySize = 50304, TrainedLength = 2048, NormEpsilon = 1e-5, EndOfText = [50279], Padding = 1 };

    protected override LlamaConfig ReadOwn(ConfigReader reader, LlamaConfig shared) => shared with { AttentionBias = reader.Boolean("attention_bias", false) };

    protected override void WriteOwn(JsonObject json, LlamaConfig config) => json["attention_bias"] = config.AttentionBias;
}
