using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>
/// Documents joined by an end-of-text token (one before the first, one after each) and cut into blocks. In an epoch every token of every document, and every closing end-of-text, is a target exactly once.
/// The order of documents, and then that of blocks, is drawn anew for each epoch.
/// </summary>
public sealed class CausalPackedBatches : IBatchSource
{
    private readonly IReadOnlyList<int[]> _documents;
    private readonly int _endOfText;
    private readonly int _blockLength;
    private readonly int _rowsPerBatch;
    private readonly RandomStreams? _random;
    private readonly int _streamLength;

    /// <summary>Batches over tokenized documents, which are kept, not copied.</summary>
    /// <param name="documents">Tokens of each document; empty ones are left out.</param>
    /// <param name="endOfText">The token that stands between documents.</param>
    /// <param name="blockLength">Tokens a row, at least 1.</param>
    /// <param name="rowsPerBatch">Rows a batch, at least 1; the last batch may have fewer.</param>
    /// <param name="random">Fixes the order of every epoch; null keeps the given order.</param>
    /// <exception cref="ArgumentException">No document has a token, or all together are more than 2^31 tokens.</exception>
    public CausalPackedBatches(IReadOnlyList<int[]> documents, int endOfText, int blockLength, int rowsPerBatch, RandomStreams? random)
    {
        Require.NotNull(documents);
        Require.AtLeast(blockLength, 1);
        Require.AtLeast(rowsPerBatch, 1);
        _documents = DocumentStream.NotEmpty(documents);
        (_endOfText, _blockLength, _rowsPerBatch, _random, _streamLength) = (endOfText, blockLength, rowsPerBatch, random, DocumentStream.LengthOf(_documents));
    }

    /// <summary>Tokens that are a target in an epoch.</summary>
    public int TargetsPerEpoch => _streamLength - 1;

    private int Blocks => 1 + (TargetsPerEpoch - 1) / _blockLength;

    /// <inheritdoc/>
    public int CountBatches(int epoch) => 1 + (Blocks - 1) / _rowsPerBatch;

    /// <inheritdoc/>
    public IEnumerable<TokenBatch> Epoch(int epoch)
    {
        var order = _random?.Shuffle(epoch);
        var stream = DocumentStream.Pack(_documents, _endOfText, order);
        // Shuffled as well: with one long document the order of documents is no order at all.
        var blocks = EpochOrder.Of(Blocks, order);
        foreach (var rows in blocks.Chunk(_rowsPerBatch))
            yield return CausalRows.Gather(stream, rows, _blockLength, _endOfText);
    }

    /// <inheritdoc/>
    public ulong Fingerprint()
    {
        BatchFingerprint hash = default;
        hash.Add(_endOfText);
        hash.Add(_blockLength);
        hash.Add(_rowsPerBatch);
        hash.Add(_random);
        hash.Add(_documents);
        return hash.Value;
    }
}
