using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>Rows (or units of rows that belong together) of like length in each batch, so that little is padded. The last batch may have fewer; nothing is left out.</summary>
public abstract class BucketedBatches : IBatchSource
{
    private readonly int[] _lengths;
    private readonly BatchSize _size;
    private readonly RandomStreams? _order;

    /// <summary>For the sources.</summary>
    /// <param name="lengths">Tokens of each unit's longest row.</param>
    /// <param name="size">Units a batch.</param>
    /// <param name="order">Fixes the order of every epoch; null orders by length.</param>
    private protected BucketedBatches(int[] lengths, BatchSize size, RandomStreams? order)
    {
        if (lengths.Length == 0)
            throw new ArgumentException("Batches need at least one row; none was given.", nameof(lengths));
        (_lengths, _size, _order) = (lengths, size, order);
    }

    /// <inheritdoc/>
    public int CountBatches(int epoch) => LengthBuckets.Count(_lengths, _size, _order?.Shuffle(epoch));

    /// <inheritdoc/>
    public IEnumerable<TokenBatch> Epoch(int epoch)
    {
        foreach (var units in LengthBuckets.Plan(_lengths, _size, _order?.Shuffle(epoch)))
            yield return Gather(epoch, units);
    }

    /// <inheritdoc/>
    public ulong Fingerprint()
    {
        BatchFingerprint hash = default;
        hash.Add(_size.MaximumRows);
        hash.Add(_size.MaximumTokens);
        hash.Add(_order);
        AddData(ref hash);
        return hash.Value;
    }

    /// <summary>The batch of some units, in their order.</summary>
    private protected abstract TokenBatch Gather(int epoch, int[] units);

    /// <summary>Adds all that the batches are made of.</summary>
    private protected abstract void AddData(ref BatchFingerprint hash);
}
