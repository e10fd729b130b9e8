using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Layers.Rotary;

/// <summary>
/// NTK-aware scaling by the length of the text (described on forums in 2023 by bloc97 and emozilla): once a text is longer than those of training, the base grows with it.
/// Keys that are cached keep the rotation of the step that made them.
/// </summary>
/// <param name="Factor">How fast the base grows; at least 1.</param>
/// <param name="TrainedLength">Positions up to which the base stays; at least 1.</param>
public sealed record DynamicScaling(double Factor, int TrainedLength) : RotaryScaling
{
    /// <inheritdoc/>
    public override bool DependsOnLength => true;

    /// <inheritdoc/>
    public override float[] Frequencies(int size, double theta, long length)
    {
        double growth = (Factor * Math.Max(length, TrainedLength) / TrainedLength) - (Factor - 1);
        return RotaryEmbedding.Frequencies(size, theta * Math.Pow(growth, size / (size - 2.0)));
    }

    /// <inheritdoc/>
    /// <remarks>The method has no limit; about a million positions stand for that.</remarks>
    public override int Reach(int trainedLength) => Math.Max(trainedLength, 1 << 20);

    /// <inheritdoc/>
    public override void Validate(int size)
    {
        Require.AtLeast(Factor, 1.0);
        Require.AtLeast(TrainedLength, 1);
        Require.AtLeast(size, 4, "rotary size");
    }
}
