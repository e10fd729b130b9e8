// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

public sealed class BatchSizeFinderTests
{
    [Theory]
    [InlineData(1, 1, 1024, 1)]
    [InlineData(37, 1, 1024, 37)]
    [InlineData(1024, 1, 1024, 1024)]
    [InlineData(5000, 1, 1024, 1024)]
    [InlineData(3, 64, 1024, 3)]
    [InlineData(0, 1, 1024, 0)]
    [InlineData(5000, 7, 7, 7)]
    public void The_largest_that_fits_is_found(int capacity, int start, int maximum, int expected)
    {
        List<int> tried = [];
        BatchSizeSearch search = new(new BatchSizeOptions { StartRows = start, MaximumRows = maximum }, 1, null, rows =>
        {
            tried.Add(rows);
            return new BatchSizeTrial(rows, rows <= capacity ? BatchSizeOutcome.Fits : BatchSizeOutcome.OutOfMemory, null);
        });
        Assert.Equal(expected, search.Run(CancellationToken.None));
        Assert.Equal(tried, tried.Distinct());
        Assert.InRange(tried.Count, 1, 22);
    }

    [Fact]
    public void Sizes_are_whole_units()
    {
        BatchSizeSearch search = new(new BatchSizeOptions { MaximumRows = 100 }, 3, null, rows => new BatchSizeTrial(rows, rows <= 50 ? BatchSizeOutcome.Fits : BatchSizeOutcome.OutOfMemory, null));
        Assert.Equal(48, search.Run(CancellationToken.None));
        Assert.All(search.Trials, trial => Assert.Equal(0, trial.Rows % 3));
        Assert.Throws<ArgumentException>(() => new BatchSizeSearch(new BatchSizeOptions { MaximumRows = 2 }, 3, null, rows => new BatchSizeTrial(rows, BatchSizeOutcome.Fits, null)));
    }

    [Fact]
    public void What_would_grow_beyond_the_limit_is_not_tried()
    {
        List<int> tried = [];
        BatchSizeSearch search = new(new BatchSizeOptions { MaximumRows = 1000 }, 1, 1000, rows =>
        {
            tried.Add(rows);
            return new BatchSizeTrial(rows, BatchSizeOutcome.Fits, 100 + (10L * rows));
        });
        Assert.Equal(90, search.Run(CancellationToken.None));
        Assert.All(tried, rows => Assert.True(rows <= 90, $"{rows} rows were tried."));
        Assert.Contains(search.Trials, trial => trial is { Outcome: BatchSizeOutcome.Refused, Growth: > 1000 });
    }

    [Fact]
    public void A_search_ends_when_it_is_cancelled()
    {
        using CancellationTokenSource cancellation = new();
        BatchSizeSearch search = new(new BatchSizeOptions(), 1, null, rows =>
        {
            if (rows == 4) cancellation.Cancel();
            return new BatchSizeTrial(rows, BatchSizeOutcome.Fits, null);
        });
        Assert.Throws<OperationCanceledException>(() => search.Run(cancellation.Token));
    }

    [Fact]
    public void A_model_is_what_it_was_afterwards()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        float[] before = model.Values();
        BatchSizeResult result = BatchSizeFinder.Find(model, new ToyObjective(), new TrainingOptions { Device = ComputeDevice.Cpu, Optimizer = new AdamWOptions { LearningRate = 0.1 } }, new ToyBatches(3, 6, 5), new BatchSizeOptions { MaximumRows = 48 });
        Assert.Equal((48, 5), (result.Rows, result.Length));
        Assert.Equal([1, 2, 4, 8, 16, 32, 48], result.Trials.Select(trial => trial.Rows));
        Assert.Equal(before, model.Values());
        Assert.Null(model.Hidden.grad);
    }

    [Fact]
    public void Errors_of_memory_are_told_from_others()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        int calls = 0;
        ToyObjective failing = new(() => ++calls < 4 ? 1 : throw new OutOfMemoryException());
        TrainingOptions options = new() { Device = ComputeDevice.Cpu, Replicas = 1 };
        BatchSizeResult result = BatchSizeFinder.Find(model, failing, options, new ToyBatches(1, 6, 5));
        Assert.Equal(4, result.Rows);
        Assert.Contains(result.Trials, trial => trial is { Rows: 8, Outcome: BatchSizeOutcome.OutOfMemory });
        Assert.Throws<InvalidOperationException>(() => BatchSizeFinder.Find(model, new ToyObjective(() => throw new InvalidOperationException()), options, new ToyBatches(1, 6, 5)));
    }
}
