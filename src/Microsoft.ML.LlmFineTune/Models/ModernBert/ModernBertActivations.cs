namespace Microsoft.ML.LlmFineTune.Models.ModernBert;

/// <summary>What ModernBERT keeps for backward: read from its blocks, in their order.</summary>
internal static class ModernBertActivations
{
    public static ModelActivations Of(ModernBertConfig config, ActivationShape shape)
    {
        double stream = shape.Tokens * config.Width, inner = shape.Tokens * config.InnerWidth;
        return ModelActivations.Of(config.Layers, Layer, new LayerActivations()
            .Add(ActivationKind.Stream, stream, shape.MovesEmbedding)
            .Add(ActivationKind.Stream, stream)
            .Add(ActivationKind.Output, stream * (shape.MovesOutput ? 4 : 2))) with { LayerAtOnce = 1.65 };

        LayerActivations Layer(int layer) => new LayerActivations()
            .From(stream, layer > 0 || shape.MovesAttention)
            .Add(ActivationKind.Normalization, stream, layer > 0 && shape.MovesAttention)
            .Attention(3 * stream, shape.Tokens * shape.Length * config.Heads, config.AttentionDropout > 0, stream, shape.MovesAttentionOutput)
            .Add(ActivationKind.Stream, stream)
            .Add(ActivationKind.Normalization, stream, shape.MovesFeedForward)
            .GatedFeedForward(inner, shape.MovesFeedForward);
    }
}
