using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>The negative logarithm of the logistic probability of a label, which is positive above 0.</summary>
internal sealed class LogisticLoss(int features) : RowLoss(classes: 1, features)
{
    public override float Add(in VBuffer<float> row, float label, float weight, ReadOnlySpan<float> parameters, Span<float> gradient, Span<float> scores)
    {
        float half = Score(in row, 0, parameters) / 2;
        float total = Softmax.LogSum([half, -half]);
        float truth = Math.Clamp(label, 0, 1);
        float loss = total - (2 * truth - 1) * half;
        Contracts.Check(!float.IsNaN(loss), "Unexpected NaN");
        AddScaled(in row, weight * ((float)Math.Exp(half - total) - truth), 0, gradient);
        return weight * loss;
    }
}
