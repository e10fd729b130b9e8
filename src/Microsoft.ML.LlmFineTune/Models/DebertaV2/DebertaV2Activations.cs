namespace Microsoft.ML.LlmFineTune.Models.DebertaV2;

/// <summary>What DeBERTa keeps for backward: read from its blocks, in their order.</summary>
internal static class DebertaV2Activations
{
    public static ModelActivations Of(DebertaV2Config config, ActivationShape shape)
    {
        double stream = shape.Tokens * config.Width, inner = shape.Tokens * config.InnerWidth;
        int kinds = config.UsesDistances ? (config.ContentToPosition ? 1 : 0) + (config.PositionToContent ? 1 : 0) : 0;
        // Contents in another order, and the row of each distance, for each kind of score.
        double distances = kinds * (stream + ((2.0 * shape.Length) - 1) * config.Width);
        return ModelActivations.Of(config.Layers, Layer, new LayerActivations()
            .Add(ActivationKind.Stream, stream, shape.MovesEmbedding)
            .Add(ActivationKind.Output, stream * (shape.MovesOutput ? 4 : 2))) with { LayerAtOnce = 2.15 };

        LayerActivations Layer(int layer) => new LayerActivations()
            .From(stream, shape.MovesAttention)
            .Attention((3 * stream) + distances, shape.Tokens * shape.Length * config.Heads, config.AttentionDropout > 0, stream, shape.MovesAttentionOutput)
            .Add(ActivationKind.Stream, stream)
            .Add(ActivationKind.Normalization, stream, shape.MovesFeedForward)
            .FeedForward(inner, config.Activation, shape.MovesFeedForward)
            .Add(ActivationKind.Stream, stream);
    }
}
