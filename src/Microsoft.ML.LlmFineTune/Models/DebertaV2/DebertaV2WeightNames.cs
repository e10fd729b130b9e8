namespace Microsoft.ML.LlmFineTune.Models.DebertaV2;

/// <summary>The names of DeBERTa's tensors in Hugging Face's checkpoints of the backbone alone; under a head they have a prefix.</summary>
public static class DebertaV2WeightNames
{
    internal const string Prefix = "deberta.";

    /// <summary>Every tensor of a backbone of this configuration.</summary>
    public static IReadOnlyList<WeightName> Table(DebertaV2Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        WeightTable table = new();
        table.Add(WeightKind.Embedding, "embeddings.word_embeddings.weight", "tokenEmbedding.weight");
        if (config.AddsPositions) table.Add(WeightKind.Position, "embeddings.position_embeddings.weight", "positionEmbedding.weight");
        if (config.Segments > 0) table.Add(WeightKind.Embedding, "embeddings.token_type_embeddings.weight", "segmentEmbedding.weight");
        if (config.EmbeddingWidth is int embedding && embedding != config.Width) table.Add(WeightKind.Embedding, "embeddings.embed_proj.weight", "embeddingProjection.weight");
        table.Norm("embeddings.LayerNorm", "embeddingNorm");
        if (config.HasRelativeAttention) table.Add(WeightKind.Position, "encoder.rel_embeddings.weight", "distanceEmbedding.weight");
        if (config.NormalizesPositions) table.Norm("encoder.LayerNorm", "distanceNorm");
        for (int layer = 0; layer < config.Layers; layer++)
        {
            (string file, string model) = ($"encoder.layer.{layer}", $"layer{layer}");
            table.Layer = layer;
            table.Module(WeightKind.Attention, $"{file}.attention.self.query_proj", $"{model}.query");
            table.Module(WeightKind.Attention, $"{file}.attention.self.key_proj", $"{model}.key");
            table.Module(WeightKind.Attention, $"{file}.attention.self.value_proj", $"{model}.value");
            if (config.HasRelativeAttention && !config.SharesProjections)
            {
                if (config.ContentToPosition) table.Module(WeightKind.Attention, $"{file}.attention.self.pos_key_proj", $"{model}.distanceKey");
                if (config.PositionToContent) table.Module(WeightKind.Attention, $"{file}.attention.self.pos_query_proj", $"{model}.distanceQuery");
            }
            table.Module(WeightKind.Attention, $"{file}.attention.output.dense", $"{model}.attentionOutput");
            table.Norm($"{file}.attention.output.LayerNorm", $"{model}.attentionNorm");
            table.Module(WeightKind.FeedForward, $"{file}.intermediate.dense", $"{model}.feedForward.up");
            table.Module(WeightKind.FeedForward, $"{file}.output.dense", $"{model}.feedForward.down");
            table.Norm($"{file}.output.LayerNorm", $"{model}.feedForwardNorm");
        }
        table.Layer = null;
        if (config.ConvolutionSize > 0)
        {
            table.Module(WeightKind.FeedForward, "encoder.conv.conv", "convolution");
            table.Norm("encoder.conv.LayerNorm", "convolution.norm");
        }
        return table;
    }

    /// <summary>
    /// The table's name for a tensor of a checkpoint, whether it stands under a head's prefix or not. Null for what this model can do without: the heads of other tasks, stored position numbers,
    /// and a table of positions that are not added to the embeddings, which the published checkpoints have.
    /// </summary>
    public static string? Canonical(string file, DebertaV2Config config)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(config);
        string[] heads = ["cls.", "lm_predictions.", "mask_predictions.", "pooler.", "classifier.", "qa_outputs.", "score."];
        if (heads.Any(head => file.StartsWith(head, StringComparison.Ordinal))) return null;
        string name = file.StartsWith(Prefix, StringComparison.Ordinal) ? file[Prefix.Length..] : file;
        bool isUseless = name == "embeddings.position_ids"
            || (!config.AddsPositions && name == "embeddings.position_embeddings.weight");
        return isUseless ? null : name;
    }
}
