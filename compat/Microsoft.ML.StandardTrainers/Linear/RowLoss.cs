using Microsoft.ML.Data;

namespace Microsoft.ML.Trainers;

/// <summary>
/// The loss of one labelled row under a linear model of some classes, whose parameters are the biases of the classes followed by the
/// weights of the first class, the second, and so on.
/// </summary>
internal abstract class RowLoss(int classes, int features)
{
    public int Classes { get; } = classes;

    public int Parameters => Classes * (Features + 1);

    protected int Features { get; } = features;

    /// <summary>Gives the weighted loss and adds its gradient. <paramref name="scores"/> is room for one number a class.</summary>
    public abstract float Add(in VBuffer<float> row, float label, float weight, ReadOnlySpan<float> parameters, Span<float> gradient, Span<float> scores);

    protected float Score(in VBuffer<float> row, int index, ReadOnlySpan<float> parameters)
        => parameters[index] + Vectors.Dot(in row, parameters.Slice(Classes + index * Features, Features));

    protected void AddScaled(in VBuffer<float> row, float factor, int index, Span<float> gradient)
    {
        gradient[index] += factor;
        Vectors.AddScaled(in row, factor, gradient.Slice(Classes + index * Features, Features));
    }
}
