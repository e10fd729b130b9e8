using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Losses;

/// <summary>A validation is of the data: how many rows of it are read at a time changes nothing, but for objectives that compare the rows of a batch.</summary>
public sealed class ValidationTests
{
    public ValidationTests() => NativeRuntime.Initialize();

    public static TheoryData<string> All => [.. ObjectiveExamples.Names.Select(name => name.Data).Where(name => !ObjectiveExamples.ComparesRows(name))];

    [Theory]
    [MemberData(nameof(All))]
    public void The_size_of_batches_does_not_matter(string name)
    {
        ObjectiveExample example = ObjectiveExamples.Of(name);
        using nn.Module model = example.Model();
        using ReplicaPool pool = new(2, 1);
        TrainingValidation whole = Of(example.Rows().Length / example.RowsPerUnit, null);
        Same(Of(1, null));
        Same(Of(3, null));
        Same(Of(3, pool));

        TrainingValidation Of(int unitsPerBatch, ReplicaPool? replicas) =>
            ModelEvaluation.Run(model, example.Objective(), new RowBatches(example.Rows(), 0, BatchSize.OfRows(unitsPerBatch * example.RowsPerUnit), random: null, example.RowsPerUnit), replicas, TestContext.Current.CancellationToken);

        void Same(TrainingValidation other)
        {
            Assert.Equal(whole.Targets, other.Targets, 1e-9);
            Assert.Equal(whole.Loss, other.Loss, 1e-6 * Math.Max(1, Math.Abs(whole.Loss)));
            Assert.Equal(whole.Metrics.Keys.Order(StringComparer.Ordinal), other.Metrics.Keys.Order(StringComparer.Ordinal));
            Assert.All(whole.Metrics, metric => Assert.Equal(metric.Value, other.Metrics[metric.Key], 1e-6 * Math.Max(1, Math.Abs(metric.Value))));
        }
    }
}
