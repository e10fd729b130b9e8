using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>Windows at random places of one long token stream, drawn with replacement: nanoGPT's way of feeding a model. An epoch is a given number of batches.</summary>
public sealed class RandomWindowBatches : IBatchSource
{
    private readonly int[] _stream;
    private readonly int _blockLength;
    private readonly int _rowsPerBatch;
    private readonly int _batchesPerEpoch;
    private readonly RandomStreams _random;

    /// <summary>Batches over a token stream, which is kept, not copied.</summary>
    /// <param name="stream">All tokens in order, more than <paramref name="blockLength"/> of them.</param>
    /// <param name="blockLength">Tokens a row, at least 1.</param>
    /// <param name="rowsPerBatch">Rows a batch, at least 1.</param>
    /// <param name="batchesPerEpoch">Batches an epoch, at least 1.</param>
    /// <param name="random">Fixes the places of every epoch.</param>
    public RandomWindowBatches(int[] stream, int blockLength, int rowsPerBatch, int batchesPerEpoch, RandomStreams random)
    {
        Require.NotNull(stream);
        Require.NotNull(random);
        Require.AtLeast(blockLength, 1);
        Require.AtLeast(rowsPerBatch, 1);
        Require.AtLeast(batchesPerEpoch, 1);
        if (stream.Length <= blockLength)
            throw new ArgumentException($"Windows of {blockLength} tokens and their targets need a stream of at least {blockLength + 1L} tokens; {stream.Length} were given.", nameof(stream));
        (_stream, _blockLength, _rowsPerBatch, _batchesPerEpoch, _random) = (stream, blockLength, rowsPerBatch, batchesPerEpoch, random);
    }

    /// <inheritdoc/>
    public int CountBatches(int epoch) => _batchesPerEpoch;

    /// <inheritdoc/>
    public IEnumerable<TokenBatch> Epoch(int epoch)
    {
        var random = _random.Shuffle(epoch);
        for (var batch = 0; batch < _batchesPerEpoch; batch++)
        {
            var windows = new ArraySegment<int>[_rowsPerBatch];
            for (var row = 0; row < windows.Length; row++)
                windows[row] = new ArraySegment<int>(_stream, random.NextInt32(_stream.Length - _blockLength), _blockLength + 1);
            yield return CausalRows.FromRuns(windows, padding: 0);
        }
    }

    /// <inheritdoc/>
    public ulong Fingerprint()
    {
        BatchFingerprint hash = default;
        hash.Add(_blockLength);
        hash.Add(_rowsPerBatch);
        hash.Add(_batchesPerEpoch);
        hash.Add(_random);
        hash.Add(_stream);
        return hash.Value;
    }
}
