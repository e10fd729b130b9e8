namespace Microsoft.ML.LlmFineTune.Models.NeoX;

/// <summary>The names of GPT-NeoX's tensors in Hugging Face's checkpoints.</summary>
public static class NeoXWeightNames
{
    private const string Prefix = "gpt_neox.";
    private const string HeadName = "embed_out.weight";
    private const string OtherHeadName = "lm_head.weight";

    /// <summary>Every tensor of a decoder of this configuration.</summary>
    public static IReadOnlyList<WeightName> Table(NeoXConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        WeightTable table = new();
        table.Add(WeightKind.Embedding, "gpt_neox.embed_in.weight", "tokenEmbedding.weight");
        for (int layer = 0; layer < config.Layers; layer++)
        {
            (string file, string model) = ($"gpt_neox.layers.{layer}", $"block{layer}");
            table.Layer = layer;
            table.Norm($"{file}.input_layernorm", $"{model}.attentionNorm");
            table.Norm($"{file}.post_attention_layernorm", $"{model}.feedForwardNorm");
            table.Module(WeightKind.Attention, $"{file}.attention.query_key_value", $"{model}.queryKeyValue", config.AttentionBias);
            table.Module(WeightKind.Attention, $"{file}.attention.dense", $"{model}.attentionOutput", config.AttentionBias);
            table.Module(WeightKind.FeedForward, $"{file}.mlp.dense_h_to_4h", $"{model}.feedForward.up");
            table.Module(WeightKind.FeedForward, $"{file}.mlp.dense_4h_to_h", $"{model}.feedForward.down");
        }
        table.Layer = null;
        table.Norm("gpt_neox.final_layer_norm", "finalNorm");
        if (!config.TieEmbeddings) table.Add(WeightKind.Output, HeadName, "head.weight");
        return table;
    }

    /// <summary>
    /// The table's name for a tensor of a checkpoint: models without a head are saved without the prefix. Null for what a decoder can do without: stored masks and frequencies, the heads of classifiers,
    /// a copy of the tied head.
    /// </summary>
    public static string? Canonical(string file, NeoXConfig config)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(config);
        if (Ends(".attention.bias") || Ends(".attention.masked_bias") || Ends(".rotary_emb.inv_freq")) return null;
        if (Starts("score.") || Starts("classifier.") || Starts("qa_outputs.")) return null;
        if (file is HeadName or OtherHeadName) return config.TieEmbeddings ? null : HeadName;
        return Starts(Prefix) ? file : Prefix + file;

        bool Starts(string start) => file.StartsWith(start, StringComparison.Ordinal);

        bool Ends(string end) => file.EndsWith(end, StringComparison.Ordinal);
    }
}
