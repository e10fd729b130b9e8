using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>
/// A token cache cut into blocks, for predicting the next token: in an epoch every token but the first is a target exactly once. Blocks come in an order that is drawn anew for each epoch and needs no memory;
/// documents stay in theirs. Memory does not grow with the corpus.
/// </summary>
public sealed class TokenCacheBatches : IBatchSource
{
    private readonly TokenCache _cache;
    private readonly int _blockLength;
    private readonly int _rowsPerBatch;
    private readonly RandomStreams? _random;
    private readonly long _blocks;

    /// <summary>Batches over a token cache.</summary>
    /// <param name="cache">The cache; not owned.</param>
    /// <param name="blockLength">Tokens a row, at least 1.</param>
    /// <param name="rowsPerBatch">Rows a batch, at least 1; the last batch may have fewer.</param>
    /// <param name="random">Fixes the order of every epoch; null keeps that of the file.</param>
    /// <exception cref="ArgumentException">An epoch would have more than 2^31 batches.</exception>
    public TokenCacheBatches(TokenCache cache, int blockLength, int rowsPerBatch, RandomStreams? random)
    {
        _cache = Require.NotNull(cache);
        _blockLength = Require.AtLeast(blockLength, 1);
        _rowsPerBatch = Require.AtLeast(rowsPerBatch, 1);
        _random = random;
        // A cache has at least a document with a token between two ends of text.
        _blocks = 1 + ((cache.Tokens - 2) / blockLength);
        Require.Argument(1 + ((_blocks - 1) / rowsPerBatch) <= int.MaxValue, $"An epoch must have at most {int.MaxValue} batches; {cache.Tokens} tokens in batches of {rowsPerBatch} x {blockLength} make more. Take longer or more rows.", nameof(blockLength));
    }

    /// <inheritdoc/>
    public int CountBatches(int epoch) => (int)(1 + ((_blocks - 1) / _rowsPerBatch));

    /// <inheritdoc/>
    public IEnumerable<TokenBatch> Epoch(int epoch) => From(epoch, 0);

    /// <inheritdoc/>
    /// <remarks>Those before are not read.</remarks>
    public IEnumerable<TokenBatch> From(int epoch, int batch)
    {
        IndexPermutation order = new(_blocks, _random?.Shuffle(epoch));
        for (long first = (long)batch * _rowsPerBatch; first < _blocks; first += _rowsPerBatch)
        {
            var rows = new ArraySegment<int>[(int)Math.Min(_rowsPerBatch, _blocks - first)];
            for (var row = 0; row < rows.Length; row++)
                rows[row] = Block(order[first + row]);
            yield return CausalRows.FromRuns(rows, _cache.EndOfText);
        }
    }

    /// <inheritdoc/>
    public ulong Fingerprint()
    {
        BatchFingerprint hash = default;
        hash.Add((long)_cache.Fingerprint);
        hash.Add(_blockLength);
        hash.Add(_rowsPerBatch);
        hash.Add(_random?.Seed ?? 0);
        return hash.Value;
    }

    private int[] Block(long number)
    {
        var start = number * _blockLength;
        var run = new int[1 + (int)Math.Min(_blockLength, _cache.Tokens - start - 1)];
        _cache.Read(start, run);
        return run;
    }
}
