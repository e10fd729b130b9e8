namespace Microsoft.ML.LlmFineTune.Models.NeoX;

/// <summary>What GPT-NeoX keeps for backward: read from its blocks, in their order.</summary>
internal static class NeoXActivations
{
    public static ModelActivations Of(NeoXConfig config, ActivationShape shape)
    {
        double stream = shape.Tokens * config.Width, inner = shape.Tokens * config.InnerWidth;
        bool drops = config.AttentionDropout > 0;
        return ModelActivations.Of(config.Layers, Layer, new LayerActivations()
            .Add(ActivationKind.Stream, stream)
            .Add(ActivationKind.Normalization, stream, shape.MovesOutput)) with { LayerAtOnce = 1.35 };

        LayerActivations Layer(int layer) => new LayerActivations()
            .From(stream, layer > 0 || shape.MovesEmbedding)
            .Add(ActivationKind.Normalization, stream, shape.MovesAttention)
            .Attention(3 * stream, drops ? shape.Tokens * shape.Length * config.Heads : 0, drops, stream, shape.MovesAttentionOutput)
            .Add(ActivationKind.Stream, stream, !config.IsParallel)
            .Add(ActivationKind.Normalization, stream, shape.MovesFeedForward)
            .FeedForward(inner, config.Activation, shape.MovesFeedForward);
    }
}
