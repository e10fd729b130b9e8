namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>What training and evaluation read: the same epoch number always gives the same batches in the same order.</summary>
public interface IBatchSource
{
    /// <summary>Number of batches in an epoch (counted from 0); at least 1.</summary>
    int CountBatches(int epoch);

    /// <summary>The batches of an epoch (counted from 0), made as they are asked for.</summary>
    IEnumerable<TokenBatch> Epoch(int epoch);
}
