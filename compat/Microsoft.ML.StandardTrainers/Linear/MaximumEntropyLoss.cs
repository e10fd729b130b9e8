using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>The negative logarithm of the softmax probability of the label.</summary>
internal sealed class MaximumEntropyLoss(int classes, int features) : RowLoss(classes, features)
{
    public override float Add(in VBuffer<float> row, float label, float weight, ReadOnlySpan<float> parameters, Span<float> gradient, Span<float> scores)
    {
        for (int i = 0; i < Classes; i++)
            scores[i] = Score(in row, i, parameters);
        float total = Softmax.LogSum(scores[..Classes]);
        float loss = total - scores[(int)label];
        for (int i = 0; i < Classes; i++)
        {
            float probability = (float)Math.Exp(scores[i] - total);
            AddScaled(in row, weight * (i == (int)label ? probability - 1 : probability), i, gradient);
        }
        Contracts.Check(float.IsFinite(loss), "Data contain bad values.");
        return weight * loss;
    }
}
