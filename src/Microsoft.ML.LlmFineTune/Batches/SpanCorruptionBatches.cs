using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>Texts with spans taken out for an encoder-decoder to write, other ones in every epoch: which is a function of seed, epoch and the text's number, whatever the order, the batches and the replicas are.</summary>
public sealed class SpanCorruptionBatches : BucketedBatches
{
    private readonly IReadOnlyList<int[]> _texts;
    private readonly SpanCorruptionOptions _options;
    private readonly int _padding;
    private readonly RandomStreams _random;

    /// <summary>Batches over texts.</summary>
    /// <param name="texts">Tokens of each text, without the token that ends it. Longer texts than the source has room for are cut into pieces; a piece of fewer than two tokens is left out.</param>
    /// <param name="options">How spans are taken out.</param>
    /// <param name="padding">The token to pad with.</param>
    /// <param name="inputLength">Tokens of the source, the end of text included; at least 3. T5: 512.</param>
    /// <param name="size">Rows or tokens (of the source) a batch.</param>
    /// <param name="random">Fixes what is taken out in every epoch, and the order.</param>
    /// <param name="shuffles">Whether the order is drawn; false orders by length, for evaluation.</param>
    /// <exception cref="ArgumentException">No text has two tokens, or the longest piece needs more sentinels than there are.</exception>
    public SpanCorruptionBatches(IReadOnlyList<int[]> texts, SpanCorruptionOptions options, int padding, int inputLength, BatchSize size, RandomStreams random, bool shuffles = true)
        : this(Pieces(texts, options, inputLength), options, padding, size, random, shuffles)
    {
    }

    private SpanCorruptionBatches(int[][] pieces, SpanCorruptionOptions options, int padding, BatchSize size, RandomStreams random, bool shuffles)
        : base(Array.ConvertAll(pieces, piece => SourceLength(piece, options)), size, shuffles ? random : null) =>
        (_texts, _options, _padding, _random) = (pieces, options, padding, Require.NotNull(random));

    private protected override TokenBatch Gather(int epoch, int[] units) => PaddedRows.Of(Array.ConvertAll(units, row => Corrupted(epoch, row)), _padding);

    private protected override void AddData(ref BatchFingerprint hash)
    {
        hash.Add(_random);
        hash.Add(_padding);
        hash.Add(_options.FirstSentinel);
        hash.Add(_options.EndOfText);
        hash.Add(_options.Density);
        hash.Add(_options.MeanSpanLength);
        hash.Add(_options.ClosesTargets ? 1 : 0);
        hash.Add(_texts);
    }

    private TokenRow Corrupted(int epoch, int row) =>
        SpanCorruption.Apply(_texts[row], SpanCorruption.RandomSpans(_texts[row].Length, _options.Density, _options.MeanSpanLength, _random.Masking(epoch, row)), _options);

    private static int[][] Pieces(IReadOnlyList<int[]> texts, SpanCorruptionOptions options, int inputLength)
    {
        Require.NotNull(texts);
        Require.NotNull(options).Validate();
        var length = SpanCorruption.Lengths(inputLength, options.Density, options.MeanSpanLength).TextLength;
        int[][] pieces = [.. texts.SelectMany(text => text.Chunk(length)).Where(piece => piece.Length >= 2)];
        Require.Argument(pieces.Length > 0, $"Taking spans out needs a text of at least two tokens; received {texts.Count} texts without one.", nameof(texts));
        var spans = SpanCorruption.Counts(pieces.Max(piece => piece.Length), options.Density, options.MeanSpanLength).Spans + (options.ClosesTargets ? 1 : 0);
        Require.Argument(spans <= options.Sentinels, $"A source of {inputLength} tokens has up to {spans} spans; there are {options.Sentinels} sentinels. Take a shorter source or longer spans.", nameof(options));
        return pieces;
    }

    private static int SourceLength(int[] piece, SpanCorruptionOptions options)
    {
        var (noise, spans) = SpanCorruption.Counts(piece.Length, options.Density, options.MeanSpanLength);
        return piece.Length - noise + spans + 1;
    }
}
