namespace Microsoft.ML.LlmFineTune.Models.Gpt2;

/// <summary>What GPT-2 keeps for backward: read from its blocks, in their order.</summary>
internal static class Gpt2Activations
{
    public static ModelActivations Of(Gpt2Config config, ActivationShape shape)
    {
        double stream = shape.Tokens * config.Width, inner = shape.Tokens * (config.InnerWidth ?? 4 * config.Width);
        bool isFused = config is { AttentionDropout: 0, ScaleAttention: true, ScaleAttentionByInverseLayer: false, UpcastAttention: false };
        double weights = isFused ? 0 : shape.Tokens * shape.Length * config.Heads;
        return ModelActivations.Of(config.Layers, Layer, new LayerActivations()
            .Add(ActivationKind.Stream, stream)
            .Add(ActivationKind.Normalization, stream, shape.MovesOutput)) with { LayerAtOnce = 1.45 };

        LayerActivations Layer(int layer) => new LayerActivations()
            .From(stream, layer > 0 || shape.MovesEmbedding)
            .Add(ActivationKind.Normalization, stream, shape.MovesAttention)
            // Queries, keys and values side by side; written out, scaled queries too.
            .Attention(isFused ? 3 * stream : 4 * stream, weights, config.AttentionDropout > 0, stream, shape.MovesAttentionOutput)
            .Add(ActivationKind.Stream, stream)
            .Add(ActivationKind.Normalization, stream, shape.MovesFeedForward)
            .FeedForward(inner, config.Activation, shape.MovesFeedForward);
    }
}
