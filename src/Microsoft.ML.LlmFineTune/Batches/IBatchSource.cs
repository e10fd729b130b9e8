namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>Where batches come from. The order of an epoch depends on the source's seed and the epoch alone.</summary>
public interface IBatchSource
{
    /// <summary>The batches of an epoch, in order, made as they are asked for.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    IEnumerable<TokenBatch> Epoch(int epoch);
}
