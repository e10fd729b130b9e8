namespace Microsoft.ML.LlmFineTune.Models.T5;

/// <summary>What T5 keeps for backward: read from its blocks, in their order.</summary>
internal static class T5Activations
{
    private const double LayerAtOnce = 1.65;

    public static ModelActivations Of(T5Config config, ActivationShape shape)
    {
        double source = shape.SourceTokens * config.Width, target = shape.Tokens * config.Width;
        bool drops = config.Dropout > 0;
        List<LayerActivations> layers = [.. Enumerable.Range(0, config.EncoderLayers).Select(layer => Layer(layer, shape.SourceTokens, shape.SourceLength, isDecoder: false))];
        LayerActivations outside = new LayerActivations().Add(ActivationKind.Stream, source).RmsNorm(source, shape.MovesNorms, false).Add(ActivationKind.Output, source, shape.MovesAttention || !config.HasDecoder);
        if (!config.HasDecoder) return new(layers, outside) { LayerAtOnce = LayerAtOnce };
        layers.AddRange(Enumerable.Range(0, config.DecoderLayers).Select(layer => Layer(layer, shape.Tokens, shape.Length, isDecoder: true)));
        return new(layers, outside.Add(ActivationKind.Stream, target).RmsNorm(target, shape.MovesNorms, false).Add(ActivationKind.Output, target, shape.MovesOutput)) { LayerAtOnce = LayerAtOnce };

        LayerActivations Layer(int layer, double tokens, long length, bool isDecoder)
        {
            double stream = tokens * config.Width, heads = tokens * config.Heads * config.HeadSize, memory = shape.SourceTokens * config.Heads * config.HeadSize, inner = tokens * config.InnerWidth;
            bool reached = layer > 0 || shape.MovesEmbedding;
            LayerActivations kept = new LayerActivations().From(stream, reached)
                .RmsNorm(reached ? stream : 0, shape.MovesNorms, false).Add(ActivationKind.Normalization, stream, shape.MovesAttention)
                .Attention(3 * heads, tokens * length * config.Heads, drops, heads, shape.MovesAttentionOutput);
            if (isDecoder)
            {
                kept.Add(ActivationKind.Stream, stream).RmsNorm(stream, shape.MovesNorms, shape.MovesAttention)
                    .Attention(heads + (2 * memory), tokens * shape.SourceLength * config.Heads, drops, heads, shape.MovesAttentionOutput);
            }
            kept.Add(ActivationKind.Stream, stream).RmsNorm(stream, shape.MovesNorms, shape.MovesFeedForward);
            return config.IsGated ? kept.GatedFeedForward(inner, shape.MovesFeedForward) : kept.FeedForward(inner, config.Activation, shape.MovesFeedForward, drops);
        }
    }
}
