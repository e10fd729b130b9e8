using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>One of SentencePiece's four ways to split a normalized text.</summary>
internal abstract class SentencePieceSegmenter
{
    public static SentencePieceSegmenter Of(SentencePieceModel model, SentencePieceVocabulary vocabulary) => model.Trainer.Algorithm switch
    {
        SentencePieceAlgorithm.Unigram => new UnigramSegmenter(model, vocabulary),
        SentencePieceAlgorithm.Bpe => new BpeSegmenter(vocabulary),
        SentencePieceAlgorithm.Word => new WordSegmenter(vocabulary),
        _ => new CharacterSegmenter(vocabulary),
    };

    /// <summary>The pieces of a text that is not empty.</summary>
    public abstract List<SentencePieceSegment> Split(ReadOnlySpan<byte> text);

    /// <summary>A random split; null where this way of splitting has only one.</summary>
    /// <param name="text">A text that is not empty.</param>
    /// <param name="alpha">Unigram: the exponent of the probabilities; BPE: the probability that a merge is left out.</param>
    /// <param name="random">Where chance comes from.</param>
    public virtual List<SentencePieceSegment>? Sample(ReadOnlySpan<byte> text, float alpha, RandomStream random) => null;

    /// <summary>The best splits, best first, with the logarithms of their probabilities; null where splits have no probabilities.</summary>
    public virtual List<(List<SentencePieceSegment> Segments, float Score)>? Best(ReadOnlySpan<byte> text, int count) => null;
}
