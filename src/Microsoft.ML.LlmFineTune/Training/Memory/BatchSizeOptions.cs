using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>How the largest batch size is looked for.</summary>
public sealed record BatchSizeOptions
{
    /// <summary>Rows of the first trial, at least 1; rounded up to whole units (<see cref="Batches.TokenBatch.RowsPerUnit"/>). Where they are too many, it goes on with half of them. Default 1.</summary>
    public int StartRows { get; init; } = 1;

    /// <summary>The most rows that are wanted, at least <see cref="StartRows"/>; rounded down to whole units. Default 1024.</summary>
    public int MaximumRows { get; init; } = 1024;

    /// <summary>
    /// Bytes that the process may grow by while it trains; greater than 0. Read on the CPU, where the kernel ends a process that takes too much, and where it can be measured (<see cref="PeakMemory"/>). Default null: nine tenths of what is available when the search begins.
    /// </summary>
    public long? MemoryLimit { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.AtLeast(StartRows, 1);
        Require.AtLeast(MaximumRows, StartRows);
        if (MemoryLimit is long limit) Require.Positive(limit, nameof(MemoryLimit));
    }
}
