// <example>
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Training;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The example of docs/training.md, word for word between the marks.</summary>
internal static class TrainingExample
{
    public static TextClassificationOptions Run(TextClassificationOptions classification, string folder)
    {
        // <example>

        var options = classification with
        {
            // Only the last layer and the head move at first; the layers below join epoch by epoch, at rates that fall from layer to layer.
            Freezing = new FreezingOptions { Unfreezing = new GradualUnfreezing { GroupsAtStart = 2 }, RateDecay = 1 / 2.6 },
            // A run that is cut off goes on from here, and ends with the same weights, bit by bit.
            Checkpoints = new CheckpointOptions { Folder = Path.Combine(folder, "run"), EverySteps = 100 },
            // Four batches make a step, in the memory of one.
            AccumulatedBatches = 4,
            // Whatever else training can be told.
            Configure = training => training with { WeightAverage = new WeightAverageOptions { Decay = 0.99 }, StartPenalty = 0.01 },
        };
        // </example>
        return options;
    }
}
