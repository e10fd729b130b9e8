using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>Value of a function at a point; the gradient is written.</summary>
internal delegate float Objective(float[] point, float[] gradient);

/// <summary>Limited-memory BFGS. Derived classes differ in the direction they start from and in the line search.</summary>
internal abstract class Minimizer
{
    private readonly Objective _objective;
    private readonly CurvatureHistory _history;
    private float[] _gradient;
    private float[] _newGradient;

    protected Minimizer(IChannel channel, Objective objective, float[] start, int historySize, bool nonNegative)
    {
        Channel = channel;
        _objective = objective;
        _history = new CurvatureHistory(historySize);
        NonNegative = nonNegative;
        X = (float[])start.Clone();
        NewX = new float[start.Length];
        _gradient = new float[start.Length];
        _newGradient = new float[start.Length];
        Direction = new float[start.Length];
        Steepest = new float[start.Length];
    }

    /// <summary>The newest point that was evaluated.</summary>
    public float[] NewX { get; private set; }

    public float Value { get; protected set; }

    /// <summary>The value that the running line search started from.</summary>
    public float LastValue { get; private set; }

    public int Iteration { get; private set; } = 1;

    protected IChannel Channel { get; }

    protected bool NonNegative { get; }

    protected float[] X { get; private set; }

    protected float[] Gradient => _gradient;

    protected float[] NewGradient => _newGradient;

    protected float[] Direction { get; }

    protected float[] Steepest { get; }

    /// <summary>The first step is one unit long, later ones are as long as the curvature says.</summary>
    protected float FirstStep => Iteration == 1 ? 1 / Vectors.Norm(Direction) : 1;

    public void Minimize(MeanImprovement criterion)
    {
        Channel.Info(MessageSensitivity.None, "Beginning optimization");
        Channel.Info(MessageSensitivity.None, "num vars: {0}", X.Length);
        Channel.Info(MessageSensitivity.None, "improvement criterion: {0}", criterion.Name);
        Value = LastValue = Evaluate(X, _gradient);
        CheckFinite(LastValue);
        ChooseDirection();
        while (true)
        {
            if (!Search(force: false))
            {
                // Rounding in earlier gradients may have spoiled the direction: start over with steepest descent.
                _history.Clear();
                ChooseDirection();
                Search(force: true);
            }
            if (criterion.Met(this))
                return;
            Shift();
            ChooseDirection();
        }
    }

    protected float EvaluateNew() => Value = Evaluate(NewX, _newGradient);

    protected virtual float Evaluate(float[] point, float[] gradient) => _objective(point, gradient);

    protected void CheckFinite(float value)
    {
        if (!float.IsFinite(value))
            throw Channel.Except($"Optimizer unable to proceed with loss function yielding {value}");
    }

    protected void CheckDescent(float slope)
    {
        if (slope == 0)
            throw new PrematureConvergenceException("Directional derivative is zero. You may be sitting on the optimum.");
        Channel.Check(slope < 0, "L-BFGS chose a non-descent direction.");
    }

    /// <summary>Writes the direction of steepest descent.</summary>
    protected abstract void DescendSteepest();

    /// <summary>Whether components that steepest descent leaves alone stay so under the curvature.</summary>
    protected abstract bool KeepsZeros { get; }

    protected abstract bool Search(bool force);

    private void ChooseDirection()
    {
        DescendSteepest();
        Steepest.CopyTo(Direction, 0);
        _history.Precondition(Direction);
        if (!KeepsZeros)
            return;
        for (int i = 0; i < Direction.Length; i++)
        {
            if (Steepest[i] == 0)
                Direction[i] = 0;
        }
    }

    private void Shift()
    {
        if (!_history.Add(X, NewX, _gradient, _newGradient))
            throw new PrematureConvergenceException("ro equals zero. Is your function linear?");
        (LastValue, Value) = (Value, LastValue);
        (X, NewX) = (NewX, X);
        (_gradient, _newGradient) = (_newGradient, _gradient);
        Iteration++;
    }
}
