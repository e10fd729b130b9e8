// <example>
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Training;
// </example>
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/optimizers.md, word for word between the marks.</summary>
internal static class OptimizersExample
{
    public static TrainingOptions Options()
    {
        // <example>

        var options = new TrainingOptions
        {
            Optimizer = new AdamWOptions { LearningRate = 5e-4, Beta2 = 0.99, WeightDecay = 0.1, Decays = WeightDecayScope.AllButBiasesAndNorms },
            Schedule = new CosineSchedule { WarmupFraction = 0.05, Floor = 0.1 },
        };
        // </example>
        return options;
    }

    public static (RateCurve Curve, double? Rate) Find(nn.Module model, IObjective objective, TrainingOptions options, IBatchSource batches)
    {
        // <example>

        RateCurve curve = LearningRateFinder.Run(model, objective, options, batches);
        double? rate = curve.Suggest();
        // </example>
        return (curve, rate);
    }
}
