using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Trains models of SentencePiece as its own trainer does with one thread (Kudo and Richardson 2018, arXiv:1808.06226; the reference implementation is google/sentencepiece).</summary>
public static class SentencePieceTrainer
{
    /// <summary>Learns pieces from sentences.</summary>
    /// <param name="texts">The sentences; read once. Empty ones, ones that are too long and ones with the reserved character U+2585 are left out.</param>
    /// <param name="options">
    /// How to train. A model's file holds rules of normalization as a table only: <see cref="SentencePieceTrainerOptions.Normalizer"/> must be null or a table (<see cref="TextNormalizer.Parse"/> with that of an existing model).
    /// </param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The model; <see cref="SentencePieceProcessor.Save"/> writes it.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, the normalizer is not a table, a text is null, or the texts don't give the vocabulary that is asked for.</exception>
    public static SentencePieceProcessor Train(IEnumerable<string> texts, SentencePieceTrainerOptions options, CancellationToken cancellationToken = default)
    {
        Require.NotNull(texts);
        var table = Require.NotNull(options).Normalizer as PrecompiledNormalizer;
        Require.Argument(options.Normalizer is null || table is not null,
            $"{nameof(options.Normalizer)} must be null or a table of replacements (\"Precompiled\"), for a model's file holds no other rules; received a normalizer of another kind. Normalize the texts before and set it to null, or take the table of an existing model.", nameof(options));
        var pieces = SentencePieceLearner.Learn(texts, options, cancellationToken).Pieces;
        return new SentencePieceProcessor(new SentencePieceModel { Pieces = pieces, Trainer = TrainerSpec(options), Normalizer = NormalizerSpec(options, table) }, "the trained model");
    }

    private static SentencePieceTrainerSpec TrainerSpec(SentencePieceTrainerOptions options) => new()
    {
        Algorithm = options.Algorithm,
        TreatWhitespaceAsSuffix = options.TreatWhitespaceAsSuffix,
        ByteFallback = options.ByteFallback,
        UnknownId = options.UnknownId,
        BeginId = options.BeginId,
        EndId = options.EndId,
        PaddingId = options.PaddingId,
        UnknownPiece = options.UnknownPiece,
        BeginPiece = options.BeginPiece,
        EndPiece = options.EndPiece,
        PaddingPiece = options.PaddingPiece,
    };

    private static SentencePieceNormalizerSpec NormalizerSpec(SentencePieceTrainerOptions options, PrecompiledNormalizer? table) => new()
    {
        Name = table is null ? "identity" : "user_defined",
        CharsMap = table?.CharsMap ?? [],
        AddDummyPrefix = options.AddDummyPrefix,
        RemoveExtraWhitespaces = options.RemoveExtraWhitespaces,
    };
}
