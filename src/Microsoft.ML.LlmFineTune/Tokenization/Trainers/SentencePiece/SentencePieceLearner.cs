using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>SentencePiece's own trainer: the pieces and scores that the reference implementation gives with one thread. Pieces of the same text and count that were made in two ways are taken in the order in which they came up; the reference leaves that to memory addresses.</summary>
internal static class SentencePieceLearner
{
    /// <summary>Learns from sentences.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, a text is null, or the texts don't give the vocabulary that is asked for.</exception>
    public static SentencePieceTrainingResult Learn(IEnumerable<string> texts, SentencePieceTrainerOptions options, CancellationToken cancellationToken = default)
    {
        options.Validate();
        var meta = new SentencePieceMetaPieces(options);
        var corpus = new SentencePieceCorpus(Require.NotNull(texts), options, meta, cancellationToken);
        var room = options.VocabularySize - meta.Count;
        var learnt = options.Algorithm == SentencePieceAlgorithm.Bpe
            ? new SentencePieceBpe(corpus, options, cancellationToken).Learn(room)
            : SentencePieceUnigram.Learn(corpus, options, room, cancellationToken);
        return new SentencePieceTrainingResult(meta.Combine(learnt, options), corpus.TooLong);
    }
}
