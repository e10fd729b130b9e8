using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>
/// Each document stands alone: end-of-text, its tokens, end-of-text, padded to the longest of the batch. Every token of a document and its closing end-of-text is a target exactly once.
/// A document longer than the model goes on in further rows, each with nothing but its own tokens as context.
/// </summary>
public sealed class CausalDocumentBatches : IBatchSource
{
    private readonly List<ArraySegment<int>> _runs = [];
    private readonly int[] _lengths;
    private readonly int _endOfText;
    private readonly BatchSize _size;
    private readonly RandomStreams? _random;

    /// <summary>Batches over tokenized documents.</summary>
    /// <param name="documents">Tokens of each document; an empty one is a document too (only its end is a target).</param>
    /// <param name="endOfText">The token before and after each document; also the padding.</param>
    /// <param name="maximumLength">Tokens that the model takes, at least 1.</param>
    /// <param name="size">Rows or tokens a batch.</param>
    /// <param name="random">Fixes the order of every epoch; null orders by length.</param>
    /// <exception cref="ArgumentException">There is no document.</exception>
    public CausalDocumentBatches(IReadOnlyList<int[]> documents, int endOfText, int maximumLength, BatchSize size, RandomStreams? random)
    {
        Require.NotNull(documents);
        Require.AtLeast(maximumLength, 1);
        if (documents.Count == 0)
            throw new ArgumentException("Batches need at least one document; none was given.", nameof(documents));
        foreach (var document in documents)
            _runs.AddRange(CausalRows.RunsOf(document, endOfText, maximumLength));
        _lengths = _runs.Select(run => run.Count - 1).ToArray();
        (_endOfText, _size, _random) = (endOfText, size, random);
    }

    /// <inheritdoc/>
    public int CountBatches(int epoch) => LengthBuckets.Count(_lengths, _size, _random?.Shuffle(epoch));

    /// <inheritdoc/>
    public IEnumerable<TokenBatch> Epoch(int epoch)
    {
        foreach (var rows in LengthBuckets.Plan(_lengths, _size, _random?.Shuffle(epoch)))
            yield return CausalRows.FromRuns(Array.ConvertAll(rows, row => _runs[row]), _endOfText);
    }
}
