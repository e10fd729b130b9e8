namespace Microsoft.ML.LlmFineTune.Models.Bert;

/// <summary>What checkpoints call the parts of a layer, after the layer's own name.</summary>
internal sealed record BertBlockNames(string Query, string Key, string Value, string AttentionOutput, string AttentionNorm, string Up, string Down, string OutputNorm)
{
    /// <summary>BERT's, which most of its descendants kept.</summary>
    public static BertBlockNames Bert { get; } = new(
        "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm");
}
