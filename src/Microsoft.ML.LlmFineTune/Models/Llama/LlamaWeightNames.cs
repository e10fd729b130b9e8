namespace Microsoft.ML.LlmFineTune.Models.Llama;

/// <summary>The names of the tensors of Llama and its relatives in Hugging Face's checkpoints.</summary>
public static class LlamaWeightNames
{
    private const string Prefix = "model.";
    private const string AnswerPrefix = "transformer.";
    private const string HeadName = "lm_head.weight";

    /// <summary>Every tensor of a decoder of this configuration.</summary>
    public static IReadOnlyList<WeightName> Table(LlamaConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        WeightTable table = new();
        table.Add(WeightKind.Embedding, "model.embed_tokens.weight", "tokenEmbedding.weight");
        for (int layer = 0; layer < config.Layers; layer++)
        {
            (string file, string model) = ($"model.layers.{layer}", $"block{layer}");
            table.Layer = layer;
            if (!config.NormsAfter) table.Norm($"{file}.input_layernorm", $"{model}.attentionNorm", hasBias: false);
            if (config.HasFusedProjections) table.Module(WeightKind.Attention, $"{file}.self_attn.qkv_proj", $"{model}.attention.queryKeyValue", config.QueryKeyValueBias);
            else
            {
                table.Module(WeightKind.Attention, $"{file}.self_attn.q_proj", $"{model}.attention.query", config.QueryKeyValueBias);
                table.Module(WeightKind.Attention, $"{file}.self_attn.k_proj", $"{model}.attention.key", config.QueryKeyValueBias);
                table.Module(WeightKind.Attention, $"{file}.self_attn.v_proj", $"{model}.attention.value", config.QueryKeyValueBias);
            }
            if (config.NormalizesHeads || config.NormalizesQueriesAndKeys)
            {
                table.Norm($"{file}.self_attn.q_norm", $"{model}.attention.queryNorm", hasBias: false);
                table.Norm($"{file}.self_attn.k_norm", $"{model}.attention.keyNorm", hasBias: false);
            }
            table.Module(WeightKind.Attention, $"{file}.self_attn.o_proj", $"{model}.attention.output", config.AttentionBias);
            table.Norm($"{file}.post_attention_layernorm", config.NormsAfter ? $"{model}.attentionNorm" : $"{model}.feedForwardNorm", hasBias: false);
            if (config.HasFusedProjections) table.Module(WeightKind.FeedForward, $"{file}.mlp.gate_up_proj", $"{model}.feedForward.gateUp", config.FeedForwardBias);
            else
            {
                table.Module(WeightKind.FeedForward, $"{file}.mlp.gate_proj", $"{model}.feedForward.gate", config.FeedForwardBias);
                table.Module(WeightKind.FeedForward, $"{file}.mlp.up_proj", $"{model}.feedForward.up", config.FeedForwardBias);
            }
            table.Module(WeightKind.FeedForward, $"{file}.mlp.down_proj", $"{model}.feedForward.down", config.FeedForwardBias);
            if (config.NormsAfter) table.Norm($"{file}.post_feedforward_layernorm", $"{model}.feedForwardNorm", hasBias: false);
        }
        table.Layer = null;
        table.Norm("model.norm", "finalNorm", hasBias: false);
        if (!config.TieEmbeddings) table.Add(WeightKind.Output, HeadName, "head.weight");
        return table;
    }

    /// <summary>
    /// The table's name for a tensor of a checkpoint: models without a head are saved without the prefix, those that find answers with another. Null for what a decoder can do without: stored frequencies,
    /// the heads of classifiers, a copy of the tied head.
    /// </summary>
    public static string? Canonical(string file, LlamaConfig config)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(config);
        if (file.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)) return null;
        if (file.StartsWith("score.", StringComparison.Ordinal) || file.StartsWith("qa_outputs.", StringComparison.Ordinal)) return null;
        if (file == HeadName) return config.TieEmbeddings ? null : file;
        if (file.StartsWith(AnswerPrefix, StringComparison.Ordinal)) return Prefix + file[AnswerPrefix.Length..];
        return file.StartsWith(Prefix, StringComparison.Ordinal) ? file : Prefix + file;
    }

    /// <summary>The name of a tensor of the table in a model with a head: those that find answers call the backbone otherwise, but for Mistral's (base_model_prefix of the reference's classes).</summary>
    internal static string Headed(string file, ModelHead task, LlamaKind kind) =>
        task == ModelHead.QuestionAnswering && kind is (LlamaKind.Llama or LlamaKind.Qwen2 or LlamaKind.Qwen3 or LlamaKind.SmolLm3) ? AnswerPrefix + file[Prefix.Length..] : file;
}
