namespace Microsoft.ML.LlmFineTune.Models.Bart;

/// <summary>What BART and Marian keeps for backward: read from its blocks, in their order.</summary>
internal static class BartActivations
{
    public static ModelActivations Of(BartFamilyConfig config, ActivationShape shape)
    {
        double source = shape.SourceTokens * config.Width, target = shape.Tokens * config.Width;
        bool drops = config.AttentionDropout > 0;
        List<LayerActivations> layers =
        [
            .. Enumerable.Range(0, config.EncoderLayers).Select(_ => Layer(shape.SourceTokens, shape.SourceLength, config.EncoderHeads, config.EncoderInnerWidth, isDecoder: false)),
            .. Enumerable.Range(0, config.DecoderLayers).Select(_ => Layer(shape.Tokens, shape.Length, config.DecoderHeads, config.DecoderInnerWidth, isDecoder: true)),
        ];
        return new(layers, new LayerActivations()
            .Add(ActivationKind.Stream, source + target, config.NormalizesEmbeddings && shape.MovesEmbedding)
            .Add(ActivationKind.Output, source, shape.MovesAttention)
            .Add(ActivationKind.Output, target, shape.MovesOutput)) { LayerAtOnce = 1.75 };

        LayerActivations Layer(double tokens, long length, int heads, int innerWidth, bool isDecoder)
        {
            double stream = tokens * config.Width;
            LayerActivations kept = new LayerActivations().From(stream, shape.MovesAttention)
                .Attention(3 * stream, tokens * length * heads, drops, stream, shape.MovesAttentionOutput)
                .Add(ActivationKind.Stream, stream);
            if (isDecoder)
            {
                kept.Add(ActivationKind.Normalization, stream, shape.MovesAttention)
                    .Attention(stream + (2 * source), tokens * shape.SourceLength * heads, drops, stream, shape.MovesAttentionOutput)
                    .Add(ActivationKind.Stream, stream);
            }
            return kept.Add(ActivationKind.Normalization, stream, shape.MovesFeedForward)
                .FeedForward(tokens * innerWidth, config.Activation, shape.MovesFeedForward, config.ActivationDropout > 0)
                .Add(ActivationKind.Stream, stream);
        }
    }
}
