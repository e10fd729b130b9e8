namespace Microsoft.ML.LlmFineTune.Models.Gemma;

/// <summary>What Gemma keeps for backward: read from its blocks, in their order.</summary>
internal static class GemmaActivations
{
    public static ModelActivations Of(GemmaConfig config, ActivationShape shape)
    {
        double stream = shape.Tokens * config.Width, inner = shape.Tokens * config.InnerWidth;
        double queries = shape.Tokens * config.Heads * config.HeadSize, keys = shape.Tokens * config.KeyValueHeads * config.HeadSize;
        bool isUsual = config.AttentionSoftcap is null && (config.QueryScalar is null || config.QueryScalar == config.HeadSize);
        return ModelActivations.Of(config.Layers, Layer, new LayerActivations()
            .Add(ActivationKind.Stream, stream)
            .RmsNorm(stream, shape.MovesNorms, shape.MovesOutput)) with { LayerAtOnce = 1.45 };

        LayerActivations Layer(int layer)
        {
            bool reached = layer > 0 || shape.MovesEmbedding, drops = config.AttentionDropout > 0;
            bool isFused = isUsual && !drops && (config.WindowOf(layer) is not int window || window >= shape.Length);
            // A soft cap keeps what its hyperbolic tangent gives.
            double weights = shape.Tokens * shape.Length * config.Heads;
            LayerActivations kept = new LayerActivations().From(stream, reached).RmsNorm(reached ? stream : 0, shape.MovesNorms, false).Add(ActivationKind.Normalization, stream, shape.MovesAttention);
            if (config.NormalizesHeads) kept.Add(ActivationKind.Normalization, (queries + keys) * (shape.MovesNorms ? 3 : 2));
            kept.Attention(isFused ? 3 * queries : queries + (2 * keys), isFused ? 0 : weights, drops, queries, shape.MovesAttentionOutput)
                .Add(ActivationKind.Attention, weights, config.AttentionSoftcap is not null);
            if (config.NormsBehind) kept.Add(ActivationKind.Attention, stream).RmsNorm(stream, shape.MovesNorms, false);
            kept.Add(ActivationKind.Stream, stream).RmsNorm(stream, shape.MovesNorms, shape.MovesFeedForward).GatedFeedForward(inner, shape.MovesFeedForward);
            if (config.NormsBehind) kept.Add(ActivationKind.FeedForward, stream).RmsNorm(stream, shape.MovesNorms, false);
            return kept;
        }
    }
}
