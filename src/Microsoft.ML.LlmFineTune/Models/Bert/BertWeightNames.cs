namespace Microsoft.ML.LlmFineTune.Models.Bert;

/// <summary>The names of the tensors of BERT and its descendants in Hugging Face's checkpoints, as bare backbones have them; under a head the model's own prefix comes first.</summary>
public static class BertWeightNames
{
    // Computed, not learned; older checkpoints store them.
    private static readonly HashSet<string> Buffers = new(StringComparer.Ordinal) { "embeddings.position_ids", "embeddings.token_type_ids" };

    // Where the names of a backbone begin.
    private static readonly string[] Roots = ["embeddings.", "embeddings_project.", "encoder.", "transformer."];

    /// <summary>Every tensor of a backbone of this configuration.</summary>
    public static IReadOnlyList<WeightName> Table(BertFamilyConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        WeightTable table = new();
        table.Add(WeightKind.Embedding, "embeddings.word_embeddings.weight", "tokenEmbedding.weight");
        table.Add(WeightKind.Position, "embeddings.position_embeddings.weight", "positionEmbedding.weight");
        if (config.SegmentCount > 0) table.Add(WeightKind.Embedding, "embeddings.token_type_embeddings.weight", "segmentEmbedding.weight");
        table.Norm("embeddings.LayerNorm", "embeddingNorm");
        if (config.ProjectionName is string projection) table.Module(WeightKind.Embedding, projection, "projection");
        BertBlockNames names = config.BlockNames;
        for (int block = 0; block < config.BlockCount; block++)
        {
            (string file, string model) = (config.BlockName(block), $"block{block}");
            table.Layer = block;
            table.Module(WeightKind.Attention, $"{file}.{names.Query}", $"{model}.query");
            table.Module(WeightKind.Attention, $"{file}.{names.Key}", $"{model}.key");
            table.Module(WeightKind.Attention, $"{file}.{names.Value}", $"{model}.value");
            table.Module(WeightKind.Attention, $"{file}.{names.AttentionOutput}", $"{model}.attentionOutput");
            table.Norm($"{file}.{names.AttentionNorm}", $"{model}.attentionNorm");
            table.Module(WeightKind.FeedForward, $"{file}.{names.Up}", $"{model}.feedForward.up");
            table.Module(WeightKind.FeedForward, $"{file}.{names.Down}", $"{model}.feedForward.down");
            table.Norm($"{file}.{names.OutputNorm}", $"{model}.outputNorm");
        }
        table.Layer = null;
        if (config.RelativeBuckets is not null) table.Add(WeightKind.Position, "encoder.relative_attention_bias.weight", "relativePositions.weight");
        return table;
    }

    /// <summary>The table's name for a tensor of a checkpoint, whether it stands under a head's prefix or not. Null for what a backbone can do without: heads, poolers, stored positions.</summary>
    public static string? Canonical(string file, BertFamilyConfig config)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(config);
        string name = OldNames.Modern(file);
        if (name.StartsWith(config.Prefix, StringComparison.Ordinal)) name = name[config.Prefix.Length..];
        return Buffers.Contains(name) || !Roots.Any(root => name.StartsWith(root, StringComparison.Ordinal)) ? null : name;
    }
}
