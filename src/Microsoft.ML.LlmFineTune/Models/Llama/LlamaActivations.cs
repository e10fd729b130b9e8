namespace Microsoft.ML.LlmFineTune.Models.Llama;

/// <summary>What Llama keeps for backward: read from its blocks, in their order.</summary>
internal static class LlamaActivations
{
    public static ModelActivations Of(LlamaConfig config, ActivationShape shape)
    {
        double stream = shape.Tokens * config.Width, inner = shape.Tokens * config.InnerWidth;
        double queries = shape.Tokens * config.Heads * config.HeadSize, keys = shape.Tokens * config.KeyValueHeads * config.HeadSize;
        return ModelActivations.Of(config.Layers, Layer, new LayerActivations()
            .Add(ActivationKind.Stream, stream)
            .RmsNorm(stream, shape.MovesNorms, shape.MovesOutput)) with { LayerAtOnce = config.NormalizesHeads || config.NormalizesQueriesAndKeys ? 1.7 : 1.4 };

        LayerActivations Layer(int layer)
        {
            bool reached = layer > 0 || shape.MovesEmbedding, drops = config.AttentionDropout > 0;
            bool isFused = !drops && (config.WindowOf(layer) is not int window || window >= shape.Length);
            LayerActivations kept = new LayerActivations().From(stream, reached);
            if (!config.NormsAfter) kept.RmsNorm(reached ? stream : 0, shape.MovesNorms, false).Add(ActivationKind.Normalization, stream, shape.MovesAttention);
            // What is normalised of queries and keys: before, squares, normal.
            if (config.NormalizesHeads || config.NormalizesQueriesAndKeys) kept.Add(ActivationKind.Normalization, (queries + keys) * (shape.MovesNorms ? 3 : 2));
            kept.Attention(isFused ? 3 * queries : queries + (2 * keys), isFused ? 0 : shape.Tokens * shape.Length * config.Heads, drops, queries, shape.MovesAttentionOutput);
            if (config.NormsAfter) kept.Add(ActivationKind.Attention, stream).RmsNorm(stream, shape.MovesNorms, false);
            kept.Add(ActivationKind.Stream, stream, !config.NormsAfter || shape.MovesFeedForward);
            if (!config.NormsAfter) kept.RmsNorm(stream, shape.MovesNorms, shape.MovesFeedForward);
            kept.GatedFeedForward(inner, shape.MovesFeedForward);
            if (config.NormsAfter) kept.Add(ActivationKind.FeedForward, stream).RmsNorm(stream, shape.MovesNorms, false);
            return kept;
        }
    }
}
