using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Layers.Rotary;

/// <summary>Position interpolation (Chen et al.: "Extending Context Window of Large Language Models via Positional Interpolation", 2023): every position is divided by a factor.</summary>
/// <param name="Factor">How many times longer texts may be; at least 1.</param>
public sealed record LinearScaling(double Factor) : RotaryScaling
{
    /// <inheritdoc/>
    public override float[] Frequencies(int size, double theta, long length) => [.. RotaryEmbedding.Frequencies(size, theta).Select(frequency => frequency / (float)Factor)];

    /// <inheritdoc/>
    public override int Reach(int trainedLength) => Times(Factor, trainedLength);

    /// <inheritdoc/>
    public override void Validate(int size) => Require.AtLeast(Factor, 1.0);
}
