using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>For smooth functions: a line search for the strong Wolfe conditions (Nocedal and Wright, algorithms 3.5 and 3.6).</summary>
internal sealed class SmoothMinimizer(IChannel channel, Objective objective, float[] start, int historySize, bool nonNegative)
    : Minimizer(channel, objective, start, historySize, nonNegative)
{
    private const float SufficientDecrease = 1e-4f;
    private const float Flatness = 0.9f;
    private const float SmallestChange = 0.01f;
    private const int ZoomSteps = 10;

    private readonly record struct Trial(float Step, float Value, float Slope);

    protected override bool KeepsZeros => NonNegative;

    protected override void DescendSteepest()
    {
        for (int i = 0; i < Steepest.Length; i++)
            Steepest[i] = NonNegative && X[i] <= 0 ? -Math.Min(Gradient[i], 0) : -Gradient[i];
    }

    protected override bool Search(bool force)
    {
        float slope = Vectors.Dot(Direction, Gradient);
        CheckDescent(slope);
        float decrease = SufficientDecrease * slope, flat = -(Flatness * slope);
        float step = FirstStep;
        var last = new Trial(0, LastValue, slope);
        while (true)
        {
            Move(step);
            if (float.IsPositiveInfinity(EvaluateNew()))
            {
                step /= 2;
                continue;
            }
            CheckFinite(Value);
            var trial = new Trial(step, Value, Vectors.Dot(Direction, NewGradient));
            if (trial.Value > LastValue + decrease * step || (last.Step > 0 && trial.Value >= last.Value))
                return Zoom(last, trial, decrease, flat, force);
            if (Math.Abs(trial.Slope) <= flat)
                return true;
            if (trial.Slope >= 0)
                return Zoom(trial, last, decrease, flat, force);
            last = trial;
            step = step == 0 ? float.Epsilon : step * 2;
        }
    }

    /// <summary>Narrows the interval between two steps, of which <paramref name="low"/> has the smaller value.</summary>
    private bool Zoom(Trial low, Trial high, float decrease, float flat, bool force)
    {
        for (int i = 0; force || i < ZoomSteps; i++)
        {
            float step = Between(low, high);
            Move(step);
            CheckFinite(EvaluateNew());
            var trial = new Trial(step, Value, Vectors.Dot(Direction, NewGradient));
            Trial replaced;
            if (trial.Value > LastValue + decrease * step || trial.Value >= low.Value)
            {
                replaced = high;
                high = trial;
            }
            else
            {
                if (Math.Abs(trial.Slope) <= flat)
                    return true;
                if (trial.Slope * (high.Step - low.Step) >= 0)
                    high = low;
                replaced = low;
                low = trial;
            }
            if (replaced.Step == step)
                return force ? throw new PrematureConvergenceException("Step size interval numerically zero.") : false;
        }
        return false;
    }

    /// <summary>The minimum of the cubic through both trials, kept off the ends of the interval.</summary>
    private static float Between(Trial low, Trial high)
    {
        var (left, right) = low.Step < high.Step ? (low, high) : (high, low);
        float step;
        if (left.Slope > 0 && right.Slope < 0)
        {
            step = low.Value < high.Value ? low.Step : high.Step;
        }
        else
        {
            double t = low.Slope + high.Slope - 3 * (low.Value - high.Value) / (low.Step - high.Step);
            double root = Math.Sign(high.Step - low.Step) * Math.Sqrt(t * t - low.Slope * high.Slope);
            step = (float)(high.Step - (high.Step - low.Step) * (high.Slope + root - t) / (high.Slope - low.Slope + 2 * root));
            if (!float.IsFinite(step))
                step = (low.Step + high.Step) / 2;
        }
        step = Math.Min(step, SmallestChange * left.Step + (1 - SmallestChange) * right.Step);
        return Math.Max(step, SmallestChange * right.Step + (1 - SmallestChange) * left.Step);
    }

    private void Move(float step)
    {
        Vectors.Combine(X, step, Direction, NewX);
        if (!NonNegative)
            return;
        for (int i = 0; i < NewX.Length; i++)
            NewX[i] = Math.Max(NewX[i], 0);
    }
}
