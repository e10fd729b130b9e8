using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// Finds a scale for the loss under which gradients of float16 neither vanish nor overflow. In each step: multiply the loss by <see cref="Scale"/> before backward,
/// divide the gradients by it, leave the step out where they are not finite, and say so to <see cref="Update"/>.
/// </summary>
public sealed class DynamicLossScale
{
    private readonly LossScaleOptions _options;

    /// <summary>Begins with the first scale.</summary>
    /// <param name="options">The settings; null: the defaults.</param>
    public DynamicLossScale(LossScaleOptions? options = null)
    {
        _options = options ?? new LossScaleOptions();
        _options.Validate();
        Scale = (float)_options.InitialScale;
    }

    /// <summary>What the next loss is multiplied by.</summary>
    public double Scale { get; private set; }

    /// <summary>Finite steps in a row since the scale last changed.</summary>
    public long GrowthTracker { get; private set; }

    /// <summary>Draws the conclusion from a step.</summary>
    /// <param name="isFinite">Whether all its gradients were finite.</param>
    public void Update(bool isFinite)
    {
        if (!isFinite)
        {
            (Scale, GrowthTracker) = ((float)(Scale * _options.BackoffFactor), 0);
            return;
        }
        if (++GrowthTracker < _options.GrowthInterval) return;
        float grown = (float)(Scale * _options.GrowthFactor);
        if (float.IsFinite(grown)) Scale = grown;
        GrowthTracker = 0;
    }

    /// <summary>Continues from a saved state.</summary>
    /// <param name="scale">What <see cref="Scale"/> was; greater than 0.</param>
    /// <param name="growthTracker">What <see cref="GrowthTracker"/> was; 0 or greater.</param>
    public void Restore(double scale, long growthTracker) => (Scale, GrowthTracker) = (Require.Positive(scale), Require.NotNegative(growthTracker));
}
