using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>
/// Documents joined by an end-of-text token (one before the first, one after each) and cut into as many streams of one length as a batch has rows: each row goes on where the same row of the batch
/// before ended, so that a recurrent model may carry its state from batch to batch. In an epoch every token after the first is a target exactly once, but for fewer tokens than rows at the end, which are left out.
/// </summary>
/// <remarks>The order of documents is drawn anew for each epoch; state may be carried within an epoch, not from one to the next.</remarks>
public sealed class ContiguousStreams : IBatchSource
{
    private readonly IReadOnlyList<int[]> _documents;
    private readonly int _endOfText;
    private readonly int _length;
    private readonly int _rows;
    private readonly RandomStreams? _random;
    private readonly int _targetsPerRow;

    /// <summary>Batches over tokenized documents, which are kept, not copied.</summary>
    /// <param name="documents">Tokens of each document; empty ones are left out.</param>
    /// <param name="endOfText">The token that stands between documents.</param>
    /// <param name="length">Tokens a row, at least 1; the last batch of an epoch may have fewer.</param>
    /// <param name="rows">Rows a batch, at least 1.</param>
    /// <param name="random">Fixes the order of documents in every epoch; null keeps the given order.</param>
    /// <exception cref="ArgumentException">There are fewer tokens than rows, or more than 2^31.</exception>
    public ContiguousStreams(IReadOnlyList<int[]> documents, int endOfText, int length, int rows, RandomStreams? random)
    {
        Require.NotNull(documents);
        _length = Require.AtLeast(length, 1);
        _rows = Require.AtLeast(rows, 1);
        _documents = DocumentStream.NotEmpty(documents);
        var tokens = DocumentStream.LengthOf(_documents);
        if (tokens <= rows)
            throw new ArgumentException($"{rows} streams need at least {rows + 1L} tokens, ends of text included; {tokens} were given. Give more text, or take fewer rows.", nameof(documents));
        (_endOfText, _random, _targetsPerRow) = (endOfText, random, (tokens - 1) / rows);
    }

    /// <inheritdoc/>
    public int CountBatches(int epoch) => 1 + ((_targetsPerRow - 1) / _length);

    /// <inheritdoc/>
    public IEnumerable<TokenBatch> Epoch(int epoch)
    {
        var stream = DocumentStream.Pack(_documents, _endOfText, _random?.Shuffle(epoch));
        for (long start = 0; start < _targetsPerRow; start += _length)
        {
            var rows = new ArraySegment<int>[_rows];
            for (var row = 0; row < rows.Length; row++)
                rows[row] = new ArraySegment<int>(stream, (row * _targetsPerRow) + (int)start, 1 + (int)Math.Min(_length, _targetsPerRow - start));
            yield return CausalRows.FromRuns(rows, _endOfText);
        }
    }

    /// <inheritdoc/>
    public ulong Fingerprint()
    {
        BatchFingerprint hash = default;
        hash.Add(_endOfText);
        hash.Add(_length);
        hash.Add(_rows);
        hash.Add(_random);
        hash.Add(_documents);
        return hash.Value;
    }
}
