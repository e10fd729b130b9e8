using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>Texts with one class each: batches of texts of like length, padded to the longest of the batch. The last batch may have fewer rows; no row is left out.</summary>
public sealed class ClassificationBatches : BucketedBatches
{
    private readonly IReadOnlyList<int[]> _texts;
    private readonly IReadOnlyList<int> _classes;
    private readonly int _padding;
    private readonly int _maximumLength;

    /// <summary>Batches over tokenized texts, which are kept, not copied.</summary>
    /// <param name="texts">Tokens of each text.</param>
    /// <param name="classes">The class of each text, counted from 0.</param>
    /// <param name="padding">The token to pad with; padding is masked.</param>
    /// <param name="maximumLength">Tokens that the model takes; longer texts lose their end (see <see cref="Truncation"/>).</param>
    /// <param name="size">Rows or tokens a batch.</param>
    /// <param name="random">Fixes the order of every epoch; null orders by length.</param>
    /// <exception cref="ArgumentException">There is no text, or not one class for each.</exception>
    public ClassificationBatches(IReadOnlyList<int[]> texts, IReadOnlyList<int> classes, int padding, int maximumLength, BatchSize size, RandomStreams? random)
        : base(LengthsOf(texts, classes, maximumLength), size, random)
    {
        (_texts, _classes, _padding, _maximumLength) = (texts, classes, padding, maximumLength);
        Truncation = TruncationReport.Of(texts, maximumLength);
    }

    /// <summary>What was cut away of the texts.</summary>
    public TruncationReport Truncation { get; }

    private protected override TokenBatch Gather(int epoch, int[] units) =>
        PaddedRows.Of(Array.ConvertAll(units, row => _texts[row]), Array.ConvertAll(units, row => _classes[row]), _padding, _maximumLength);

    private protected override void AddData(ref BatchFingerprint hash)
    {
        hash.Add(_padding);
        hash.Add(_maximumLength);
        hash.Add(_texts);
        hash.Add<int>([.. _classes]);
    }

    private static int[] LengthsOf(IReadOnlyList<int[]> texts, IReadOnlyList<int> classes, int maximumLength)
    {
        Require.NotNull(texts);
        Require.NotNull(classes);
        Require.AtLeast(maximumLength, 1);
        if (texts.Count == 0)
            throw new ArgumentException("Batches need at least one text; none was given.", nameof(texts));
        if (texts.Count != classes.Count)
            throw new ArgumentException($"{texts.Count} texts need as many classes; {classes.Count} were given.", nameof(classes));
        return texts.Select(text => Math.Clamp(text.Length, 1, maximumLength)).ToArray();
    }
}
