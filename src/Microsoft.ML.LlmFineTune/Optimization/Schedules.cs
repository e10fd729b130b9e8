using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// Learning-rate schedules: pure functions from the number of steps taken before (0 for the first) to a factor of the peak learning rate.
/// With warm-up the first factor is 0: that step moves the moments, not the weights.
/// </summary>
public static class Schedules
{
    /// <summary>0 to 1 over the warm-up steps, then 1.</summary>
    /// <param name="warmupSteps">Steps of warm-up, 0 or more; default 0.</param>
    public static Func<long, double> Constant(long warmupSteps = 0)
    {
        Require.NotNegative(warmupSteps);
        return step => step < warmupSteps ? Rise(step, warmupSteps) : 1;
    }

    /// <summary>0 to 1 over the warm-up steps, then down a straight line to <paramref name="floor"/> at the last step, and that from there on.</summary>
    /// <param name="totalSteps">Steps in all, warm-up included; at least 1.</param>
    /// <param name="warmupSteps">Steps of warm-up, 0 or more; default 0.</param>
    /// <param name="floor">The factor at the end, from 0 to 1; default 0.</param>
    public static Func<long, double> Linear(long totalSteps, long warmupSteps = 0, double floor = 0)
    {
        Check(totalSteps, warmupSteps, floor);
        return step => step < warmupSteps ? Rise(step, warmupSteps) : floor + ((1 - floor) * Math.Max(0, (double)(totalSteps - step) / Math.Max(1, totalSteps - warmupSteps)));
    }

    /// <summary>0 to 1 over the warm-up steps, then along a cosine to <paramref name="floor"/> (Loshchilov, Hutter: "SGDR", 2017). Beyond the last step the curve goes on, and rises again.</summary>
    /// <param name="totalSteps">Steps in all, warm-up included; at least 1.</param>
    /// <param name="warmupSteps">Steps of warm-up, 0 or more; default 0.</param>
    /// <param name="floor">The smallest factor, from 0 to 1; default 0.</param>
    /// <param name="cycles">How many waves fit between warm-up and the last step; greater than 0; default 0.5, from the top to the bottom once.</param>
    public static Func<long, double> Cosine(long totalSteps, long warmupSteps = 0, double floor = 0, double cycles = 0.5)
    {
        Check(totalSteps, warmupSteps, floor);
        Require.Positive(cycles);
        return step => step < warmupSteps
            ? Rise(step, warmupSteps)
            : floor + ((1 - floor) * Math.Max(0, 0.5 * (1 + Math.Cos(2 * Math.PI * cycles * Progress(step, totalSteps, warmupSteps)))));
    }

    private static double Rise(long step, long warmupSteps) => (double)step / Math.Max(1, warmupSteps);

    private static double Progress(long step, long totalSteps, long warmupSteps) => (double)(step - warmupSteps) / Math.Max(1, totalSteps - warmupSteps);

    private static void Check(long totalSteps, long warmupSteps, double floor)
    {
        Require.AtLeast(totalSteps, 1);
        Require.NotNegative(warmupSteps);
        Require.Within(floor, 0.0, 1.0);
    }
}
