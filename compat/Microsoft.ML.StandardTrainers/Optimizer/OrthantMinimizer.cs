using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>
/// For a smooth function plus the L1 norm of all components behind the biases: orthant-wise quasi-Newton
/// (Andrew and Gao, Scalable Training of L1-Regularized Log-Linear Models, ICML 2007). A step never crosses zero in a penalized component.
/// </summary>
internal sealed class OrthantMinimizer(IChannel channel, Objective objective, float[] start, int biases, float penalty, int historySize, bool nonNegative)
    : Minimizer(channel, objective, start, historySize, nonNegative)
{
    private const float SufficientDecrease = 1e-4f;
    private const float Backtracking = 0.25f;
    private const int MaximumSteps = 8;

    protected override bool KeepsZeros => true;

    protected override float Evaluate(float[] point, float[] gradient)
    {
        float norm = 0;
        for (int i = biases; i < point.Length; i++)
            norm += NonNegative ? point[i] : Math.Abs(point[i]);
        return penalty * norm + base.Evaluate(point, gradient);
    }

    protected override void DescendSteepest()
    {
        for (int i = 0; i < Steepest.Length; i++)
            Steepest[i] = i < biases ? -Gradient[i] : NonNegative ? PenalizedAboveZero(X[i], Gradient[i]) : Penalized(X[i], Gradient[i]);
    }

    protected override bool Search(bool force)
    {
        CheckDescent(-Vectors.Dot(Direction, Steepest));
        float step = FirstStep;
        float gain = Move(step);
        if (gain < 0)
        {
            // The projection turned the step uphill: drop the components that disagree with steepest descent.
            for (int i = biases; i < Direction.Length; i++)
            {
                if (Steepest[i] * Direction[i] < 0)
                    Direction[i] = 0;
            }
            gain = Move(step);
        }
        for (int i = 1; ; i++)
        {
            if (EvaluateNew() <= LastValue - SufficientDecrease * gain)
                return true;
            if (!force && i == MaximumSteps)
                return false;
            step *= Backtracking;
            gain = Move(step);
        }
    }

    private float Penalized(float x, float gradient)
    {
        if (x != 0)
            return -gradient - Math.Sign(x) * penalty;
        return gradient < -penalty ? -gradient - penalty : gradient > penalty ? -gradient + penalty : 0;
    }

    private float PenalizedAboveZero(float x, float gradient) => x > 0 ? -gradient - penalty : -Math.Min(gradient + penalty, 0);

    /// <summary>Goes a step and projects it onto the orthant; gives how far it follows steepest descent.</summary>
    private float Move(float step)
    {
        Vectors.Combine(X, step, Direction, NewX);
        for (int i = biases; i < NewX.Length; i++)
        {
            if (NonNegative ? NewX[i] < 0 : X[i] * NewX[i] < 0)
                NewX[i] = 0;
        }
        return Vectors.Dot(Steepest, NewX) - Vectors.Dot(Steepest, X);
    }
}
