namespace Microsoft.ML.LlmFineTune.Models.ModernBert;

/// <summary>The names of ModernBERT's tensors in Hugging Face's checkpoints of the backbone alone; under a head they have a prefix.</summary>
public static class ModernBertWeightNames
{
    internal const string Prefix = "model.";

    /// <summary>Every tensor of a backbone of this configuration.</summary>
    public static IReadOnlyList<WeightName> Table(ModernBertConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        WeightTable table = new();
        table.Add(WeightKind.Embedding, "embeddings.tok_embeddings.weight", "tokenEmbedding.weight");
        table.Norm("embeddings.norm", "embeddingNorm", config.HasNormBias);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            (string file, string model) = ($"layers.{layer}", $"layer{layer}");
            table.Layer = layer;
            if (layer > 0) table.Norm($"{file}.attn_norm", $"{model}.attentionNorm", config.HasNormBias);
            table.Module(WeightKind.Attention, $"{file}.attn.Wqkv", $"{model}.attentionInput", config.HasAttentionBias);
            table.Module(WeightKind.Attention, $"{file}.attn.Wo", $"{model}.attentionOutput", config.HasAttentionBias);
            table.Norm($"{file}.mlp_norm", $"{model}.feedForwardNorm", config.HasNormBias);
            table.Module(WeightKind.FeedForward, $"{file}.mlp.Wi", $"{model}.feedForwardInput", config.HasFeedForwardBias);
            table.Module(WeightKind.FeedForward, $"{file}.mlp.Wo", $"{model}.feedForwardOutput", config.HasFeedForwardBias);
        }
        table.Layer = null;
        table.Norm("final_norm", "finalNorm", config.HasNormBias);
        return table;
    }

    /// <summary>The table's name for a tensor of a checkpoint, whether it stands under a head's prefix or not. Null for the heads' tensors, which a backbone can do without.</summary>
    public static string? Canonical(string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        string[] heads = ["head.", "decoder.", "classifier.", "score."];
        if (heads.Any(head => file.StartsWith(head, StringComparison.Ordinal))) return null;
        return file.StartsWith(Prefix, StringComparison.Ordinal) ? file[Prefix.Length..] : file;
    }
}
