namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>What became of a batch size.</summary>
public enum BatchSizeOutcome
{
    /// <summary>It trains.</summary>
    Fits = 0,

    /// <summary>Memory ran out, or training did not begin because it would: its estimate is above <see cref="TrainingOptions.MemoryLimit"/>, or above what the machine has.</summary>
    OutOfMemory = 1,

    /// <summary>It trained, and took more than the limit.</summary>
    AboveLimit = 2,

    /// <summary>It was not tried: the trials before let it be expected above the limit.</summary>
    Refused = 3,
}

/// <summary>One batch size of a search.</summary>
/// <param name="Rows">Its rows.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Growth">Bytes that the process grew by, at its highest, since the search began; of a size that was refused those that were expected. Null: not measured.</param>
public sealed record BatchSizeTrial(int Rows, BatchSizeOutcome Outcome, long? Growth);

/// <summary>What a search for the batch size found.</summary>
/// <param name="Rows">The largest number of rows that fits.</param>
/// <param name="Length">Tokens of a row of the trials, padding included: the longest of the data.</param>
/// <param name="Trials">All sizes that were looked at, in order.</param>
public sealed record BatchSizeResult(int Rows, int Length, IReadOnlyList<BatchSizeTrial> Trials);
