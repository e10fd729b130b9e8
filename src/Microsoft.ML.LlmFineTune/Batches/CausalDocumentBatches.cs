using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>
/// Each document stands alone: end-of-text, its tokens, end-of-text, padded to the longest of the batch. Every token of a document and its closing end-of-text is a target exactly once.
/// A document longer than the model goes on in further rows, each with nothing but its own tokens as context.
/// </summary>
public sealed class CausalDocumentBatches : BucketedBatches
{
    private readonly ArraySegment<int>[] _runs;
    private readonly int _endOfText;

    /// <summary>Batches over tokenized documents.</summary>
    /// <param name="documents">Tokens of each document; an empty one is a document too (only its end is a target).</param>
    /// <param name="endOfText">The token before and after each document; also the padding.</param>
    /// <param name="maximumLength">Tokens that the model takes, at least 1.</param>
    /// <param name="size">Rows or tokens a batch.</param>
    /// <param name="random">Fixes the order of every epoch; null orders by length.</param>
    /// <exception cref="ArgumentException">There is no document.</exception>
    public CausalDocumentBatches(IReadOnlyList<int[]> documents, int endOfText, int maximumLength, BatchSize size, RandomStreams? random)
        : this(RunsOf(documents, endOfText, maximumLength), endOfText, size, random)
    {
    }

    private CausalDocumentBatches(ArraySegment<int>[] runs, int endOfText, BatchSize size, RandomStreams? random) : base(Array.ConvertAll(runs, run => run.Count - 1), size, random) =>
        (_runs, _endOfText) = (runs, endOfText);

    private protected override TokenBatch Gather(int epoch, int[] units) => CausalRows.FromRuns(Array.ConvertAll(units, row => _runs[row]), _endOfText);

    private protected override void AddData(ref BatchFingerprint hash)
    {
        hash.Add(_endOfText);
        foreach (var run in _runs)
            hash.Add(run.ToArray());
    }

    private static ArraySegment<int>[] RunsOf(IReadOnlyList<int[]> documents, int endOfText, int maximumLength)
    {
        Require.NotNull(documents);
        Require.AtLeast(maximumLength, 1);
        if (documents.Count == 0)
            throw new ArgumentException("Batches need at least one document; none was given.", nameof(documents));
        return documents.SelectMany(document => CausalRows.RunsOf(document, endOfText, maximumLength)).ToArray();
    }
}
