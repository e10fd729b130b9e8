using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// Finds the largest batch size that trains: each trial is a step of the <see cref="Trainer"/> (forward, backward, update, and all that training keeps) on the longest rows of the data. Rows are doubled as long as they fit; then the
/// middle between what fits and what does not is tried, until they are neighbours.
/// </summary>
/// <remarks>
/// On a GPU a size is too large when libtorch says so. On the CPU the kernel may end a process that takes too much instead, so the growth of the process is measured, and a size whose growth can be expected above
/// <see cref="BatchSizeOptions.MemoryLimit"/> is not tried.
/// </remarks>
public static class BatchSizeFinder
{
    private const double UsablePart = 0.9;

    /// <summary>Searches.</summary>
    /// <param name="model">The model; it is moved to the device of the options. Its weights, buffers, mode and what of it moves are afterwards to the bit what they were.</param>
    /// <param name="objective">What is made smaller.</param>
    /// <param name="options">
    /// How training will go; length, schedule, accumulation, validation, early stopping and checkpoints are not read. Groups of layers that join later count as if they were there from the first step on.
    /// </param>
    /// <param name="training">The training data: epoch 0 is read whole for its longest rows.</param>
    /// <param name="search">Where to look; null: from 1 row to 1024.</param>
    /// <param name="cancellation">Checked between trials.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the data has no targets.</exception>
    /// <exception cref="InsufficientMemoryException">Not even one row (or one unit of rows that belong together) fits; the message says what it was too much for.</exception>
    /// <exception cref="TrainingDivergedException">The loss of these rows, or its gradient, is not finite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static BatchSizeResult Find(nn.Module model, IObjective objective, TrainingOptions options, IBatchSource training, BatchSizeOptions? search = null, CancellationToken cancellation = default)
    {
        NativeRuntime.Initialize();
        Require.NotNull(model);
        Require.NotNull(objective);
        Require.NotNull(options).Validate();
        search ??= new BatchSizeOptions();
        search.Validate();
        TokenBatch longest = Longest(Require.NotNull(training), objective, cancellation);
        int[] units = Units(longest, objective);
        bool measures = options.Device.Resolve().type == DeviceType.CPU && PeakMemory.TryReset();
        long? limit = measures ? search.MemoryLimit ?? (long?)(UsablePart * PeakMemory.Available) : null;
        Trainer trainer = new(model, objective, OneStep(options));
        using PreservedModel preserved = new(model);
        long? start = measures ? PeakMemory.Now : null;

        Exception? ranOut = null;
        BatchSizeSearch run = new(search, longest.RowsPerUnit, limit, Try);
        int rows = run.Run(cancellation);
        return rows > 0 ? new BatchSizeResult(rows, longest.Length, run.Trials) : throw new InsufficientMemoryException(
            $"A step needs memory for at least {(longest.RowsPerUnit == 1 ? "one row" : $"{longest.RowsPerUnit} rows")} of {longest.Length} tokens; there is not enough: {Reason(run.Trials[^1])}. Take shorter rows, RecomputeActivations, 16 bits (Precision), adapters or a smaller model.", ranOut);

        // The last trial was the smallest. Each of several limits may have stopped it; a limit that was not reached would lead astray.
        string Reason(BatchSizeTrial last)
        {
            if (last.Outcome != BatchSizeOutcome.OutOfMemory)
                return $"the process grew by {last.Growth} bytes, and may by {limit} ({(search.MemoryLimit is null ? "nine tenths of what was available when the search began" : $"{nameof(BatchSizeOptions)}.{nameof(BatchSizeOptions.MemoryLimit)}")})";
            string said = ranOut!.Message.Split('\n')[0].TrimEnd('.');
            return ranOut is InsufficientMemoryException && options.MemoryLimit is not null ? $"{said} ({nameof(TrainingOptions)}.{nameof(TrainingOptions.MemoryLimit)})" : said;
        }

        BatchSizeTrial Try(int rows)
        {
            if (measures) PeakMemory.TryReset();
            try
            {
                trainer.Train(new RepeatedRows(longest, units, rows), cancellation: CancellationToken.None);
                return new BatchSizeTrial(rows, BatchSizeOutcome.Fits, PeakMemory.Highest - start);
            }
            catch (Exception error) when (OutOfMemory.Is(error))
            {
                ranOut = error;
                // A run that was not even begun has left tensors behind that nobody disposes.
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return new BatchSizeTrial(rows, BatchSizeOutcome.OutOfMemory, null);
            }
            finally
            {
                preserved.Restore();
            }
        }
    }

    private static TrainingOptions OneStep(TrainingOptions options) => options with
    {
        Epochs = 1,
        MaximumSteps = 1,
        AccumulatedBatches = 1,
        Schedule = new ConstantSchedule(),
        ValidationInterval = null,
        EarlyStopping = null,
        Checkpoints = null,
        Freezing = options.Freezing is { } freezing ? freezing with { Unfreezing = null } : null,
    };

    /// <summary>The units of a batch that there is something to learn from, those with the most first.</summary>
    private static int[] Units(TokenBatch batch, IObjective objective)
    {
        double[] weights = [.. Enumerable.Range(0, batch.Units).Select(unit => objective.Weight(batch.Slice(unit * batch.RowsPerUnit, batch.RowsPerUnit)))];
        return [.. Enumerable.Range(0, batch.Units).Where(unit => weights[unit] > 0).OrderByDescending(unit => weights[unit])];
    }

    private static TokenBatch Longest(IBatchSource training, IObjective objective, CancellationToken cancellation)
    {
        TokenBatch? longest = null;
        foreach (TokenBatch batch in training.Epoch(0))
        {
            cancellation.ThrowIfCancellationRequested();
            if (objective.Weight(batch) > 0 && (longest is null || (batch.Length, batch.TargetLength).CompareTo((longest.Length, longest.TargetLength)) > 0)) longest = batch;
        }
        return longest ?? throw new ArgumentException("Training data must have at least one target that is not ignored; it has none.", nameof(training));
    }
}
