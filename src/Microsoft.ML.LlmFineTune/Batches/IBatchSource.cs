namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>What training and evaluation read: the same epoch number always gives the same batches in the same order.</summary>
public interface IBatchSource
{
    /// <summary>Number of batches in an epoch (counted from 0); at least 1.</summary>
    int CountBatches(int epoch);

    /// <summary>The batches of an epoch (counted from 0), made as they are asked for.</summary>
    IEnumerable<TokenBatch> Epoch(int epoch);

    /// <summary>The batches of an epoch (counted from 0) from one of them on: where training that is resumed goes on. By default those before are made and thrown away.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="batch">The first batch that is wanted, from 0.</param>
    IEnumerable<TokenBatch> From(int epoch, int batch) => Epoch(epoch).Skip(batch);

    /// <summary>
    /// A hash of all that the source gives (data, order and cutting), so that training that is resumed notices other data. Two sources of one kind with the same hash are taken to be the same; the hash of the same data may differ between kinds of sources.
    /// By default the batches of epoch 0 are made and hashed.
    /// </summary>
    ulong Fingerprint()
    {
        BatchFingerprint hash = default;
        foreach (var batch in Epoch(0))
            hash.Add(batch);
        return hash.Value;
    }
}
