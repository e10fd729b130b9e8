// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Adapters;
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

    [Fact]
    public void What_was_too_much_for_what_is_said()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        using DecoderModel decoder = Adapted.Model(Adapted.Gpt2);
        TrainingOptions options = new() { Device = ComputeDevice.Cpu, Replicas = 1 };
        // The model's own limit, which training knows of before it begins, though the search has one that would do.
        string estimated = Message(() => BatchSizeFinder.Find(decoder, new NextTokenObjective(), options with { MemoryLimit = 1_000_000 }, new CausalPackedBatches([[1, 2, 3, 4, 5, 6, 7]], 0, 4, 1, null), new BatchSizeOptions { MemoryLimit = 123_456_789_012 }));
        Assert.Contains("there are 1.0 MB (TrainingOptions.MemoryLimit)", estimated, StringComparison.Ordinal);
        Assert.DoesNotContain("123456789012", estimated, StringComparison.Ordinal);
        string ranOut = Message(() => BatchSizeFinder.Find(model, new ToyObjective(() => throw new OutOfMemoryException("[enforce fail] not enough memory: you tried to allocate 7 bytes.")), options, new ToyBatches(1, 6, 5), new BatchSizeOptions { MemoryLimit = 123_456_789_012 }));
        Assert.Contains("there is not enough: [enforce fail] not enough memory: you tried to allocate 7 bytes. Take", ranOut, StringComparison.Ordinal);
        Assert.DoesNotContain("123456789012", ranOut, StringComparison.Ordinal);
        if (!PeakMemory.TryReset()) return;
        byte[]? held = null;
        string grew = Message(() => BatchSizeFinder.Find(model, new ToyObjective(() => (held = GC.AllocateUninitializedArray<byte>(1 << 26)).AsSpan().IndexOfAnyExcept((byte)1) + 1), options, new ToyBatches(1, 6, 5), new BatchSizeOptions { MemoryLimit = 1 }));
        Assert.Matches(@"the process grew by \d+ bytes, and may by 1 \(BatchSizeOptions\.MemoryLimit\)", grew);
        GC.KeepAlive(held);

        static string Message(Action search) => Assert.Throws<InsufficientMemoryException>(search).Message;
    }
}
