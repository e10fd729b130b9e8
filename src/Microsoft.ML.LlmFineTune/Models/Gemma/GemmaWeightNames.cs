namespace Microsoft.ML.LlmFineTune.Models.Gemma;

/// <summary>The names of Gemma's tensors in Hugging Face's checkpoints.</summary>
public static class GemmaWeightNames
{
    private const string Prefix = "model.";
    private const string HeadName = "lm_head.weight";

    // What a model that sees images puts around its texts' part, older and newer.
    private static readonly string[] Wrappers = ["language_model.model.", "model.language_model."];
    private static readonly string[] OfImages = ["vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector."];

    /// <summary>Every tensor of a decoder of this configuration.</summary>
    public static IReadOnlyList<WeightName> Table(GemmaConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        WeightTable table = new();
        table.Add(WeightKind.Embedding, "model.embed_tokens.weight", "tokenEmbedding.weight");
        for (int layer = 0; layer < config.Layers; layer++)
        {
            (string file, string model) = ($"model.layers.{layer}", $"block{layer}");
            table.Layer = layer;
            table.Norm($"{file}.input_layernorm", $"{model}.attentionNorm", hasBias: false);
            table.Module(WeightKind.Attention, $"{file}.self_attn.q_proj", $"{model}.attention.query", config.AttentionBias);
            table.Module(WeightKind.Attention, $"{file}.self_attn.k_proj", $"{model}.attention.key", config.AttentionBias);
            table.Module(WeightKind.Attention, $"{file}.self_attn.v_proj", $"{model}.attention.value", config.AttentionBias);
            if (config.NormalizesHeads)
            {
                table.Norm($"{file}.self_attn.q_norm", $"{model}.attention.queryNorm", hasBias: false);
                table.Norm($"{file}.self_attn.k_norm", $"{model}.attention.keyNorm", hasBias: false);
            }
            table.Module(WeightKind.Attention, $"{file}.self_attn.o_proj", $"{model}.attention.output", config.AttentionBias);
            // The name that is the feed-forward part's norm in the first generation is the one behind attention in the others.
            if (config.NormsBehind)
            {
                table.Norm($"{file}.post_attention_layernorm", $"{model}.attentionNormBehind", hasBias: false);
                table.Norm($"{file}.pre_feedforward_layernorm", $"{model}.feedForwardNorm", hasBias: false);
                table.Norm($"{file}.post_feedforward_layernorm", $"{model}.feedForwardNormBehind", hasBias: false);
            }
            else table.Norm($"{file}.post_attention_layernorm", $"{model}.feedForwardNorm", hasBias: false);
            table.Module(WeightKind.FeedForward, $"{file}.mlp.gate_proj", $"{model}.feedForward.gate", hasBias: false);
            table.Module(WeightKind.FeedForward, $"{file}.mlp.up_proj", $"{model}.feedForward.up", hasBias: false);
            table.Module(WeightKind.FeedForward, $"{file}.mlp.down_proj", $"{model}.feedForward.down", hasBias: false);
        }
        table.Layer = null;
        table.Norm("model.norm", "finalNorm", hasBias: false);
        if (!config.TieEmbeddings) table.Add(WeightKind.Output, HeadName, "head.weight");
        return table;
    }

    /// <summary>
    /// The table's name for a tensor of a checkpoint: models without a head are saved without the prefix, those that see images with another. Null for what a decoder can do without: what sees images,
    /// stored frequencies, the heads of classifiers, a copy of the tied head.
    /// </summary>
    public static string? Canonical(string file, GemmaConfig config)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(config);
        if (file.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal) || file.StartsWith("score.", StringComparison.Ordinal) || StartOf(OfImages, file) is not null) return null;
        if (file is HeadName or $"language_model.{HeadName}") return config.TieEmbeddings ? null : HeadName;
        if (StartOf(Wrappers, file) is string wrapper) return Prefix + file[wrapper.Length..];
        return file.StartsWith(Prefix, StringComparison.Ordinal) ? file : Prefix + file;
    }

    private static string? StartOf(string[] starts, string file) => Array.Find(starts, start => file.StartsWith(start, StringComparison.Ordinal));
}
