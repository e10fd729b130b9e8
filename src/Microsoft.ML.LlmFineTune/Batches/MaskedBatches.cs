using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>
/// Texts with some tokens hidden, other ones in every epoch: what is hidden of a text is a function of seed, epoch and the text's number, whatever the order, the batches and the replicas are.
/// </summary>
public sealed class MaskedBatches : BucketedBatches
{
    private readonly IReadOnlyList<MaskableRow> _rows;
    private readonly MaskingOptions _options;
    private readonly int _padding;
    private readonly RandomStreams _random;

    /// <summary>Batches over texts, which are kept, not copied.</summary>
    /// <param name="rows">The texts.</param>
    /// <param name="options">How tokens are hidden.</param>
    /// <param name="padding">The token to pad with; padding is masked from the model and never a target.</param>
    /// <param name="size">Rows or tokens a batch.</param>
    /// <param name="random">Fixes what is hidden in every epoch, and the order.</param>
    /// <param name="shuffles">Whether the order is drawn; false orders by length, for evaluation.</param>
    /// <exception cref="ArgumentException">There is no text, or the parts of one do not fit each other.</exception>
    public MaskedBatches(IReadOnlyList<MaskableRow> rows, MaskingOptions options, int padding, BatchSize size, RandomStreams random, bool shuffles = true)
        : base([.. Require.NotNull(rows).Select(row => row.Tokens.Length)], size, shuffles ? random : null)
    {
        Require.NotNull(options).Validate();
        (_rows, _options, _padding, _random) = (rows, options, padding, Require.NotNull(random));
        for (var row = 0; row < rows.Count; row++)
            rows[row].Validate(row, options.WholeWords);
    }

    private protected override TokenBatch Gather(int epoch, int[] units) =>
        PaddedRows.Of(Array.ConvertAll(units, row => TokenMasking.Apply(_rows[row], _random.Masking(epoch, row), _options)), _padding);

    private protected override void AddData(ref BatchFingerprint hash)
    {
        hash.Add(_random);
        hash.Add(_padding);
        hash.Add(_options.MaskToken);
        hash.Add(_options.VocabularySize);
        hash.Add(_options.Probability);
        hash.Add(_options.MaskedPart);
        hash.Add(_options.RandomPart);
        hash.Add(_options.WholeWords ? 1 : 0);
        foreach (var row in _rows)
        {
            hash.Add(row.Tokens);
            hash.Add(row.IsSpecial);
            hash.Add(row.Words);
            hash.Add(row.Segments);
        }
    }
}
