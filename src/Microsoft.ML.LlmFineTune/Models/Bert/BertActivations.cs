namespace Microsoft.ML.LlmFineTune.Models.Bert;

/// <summary>What BERT and its descendants keeps for backward: read from its blocks, in their order.</summary>
internal static class BertActivations
{
    public static ModelActivations Of(BertFamilyConfig config, ActivationShape shape)
    {
        double stream = shape.Tokens * config.Width, inner = shape.Tokens * config.InnerWidth, table = shape.Tokens * config.TableWidth;
        return ModelActivations.Of(config.BlockOrder.Count(), Layer, new LayerActivations()
            .Add(ActivationKind.Stream, table * (config.ProjectionName is null ? 1 : 2), shape.MovesEmbedding)
            // The head: what it reads, before and behind its activation, what the scores are made of.
            .Add(ActivationKind.Output, stream, shape.MovesOutput)
            .Add(ActivationKind.Output, table * (shape.MovesOutput ? 3 : 2))) with { LayerAtOnce = config.HiddenDropout > 0 ? 1.35 : 1.1 };

        LayerActivations Layer(int layer) => new LayerActivations()
            .From(stream, shape.MovesAttention)
            .Attention(3 * stream, shape.Tokens * shape.Length * config.Heads, config.AttentionDropout > 0, stream, shape.MovesAttentionOutput)
            .Add(ActivationKind.Stream, stream)
            .Add(ActivationKind.Normalization, stream, shape.MovesFeedForward)
            .FeedForward(inner, config.Activation, shape.MovesFeedForward)
            .Add(ActivationKind.Stream, stream);
    }
}
