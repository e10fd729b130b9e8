using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A recipe for SentencePiece's own trainer, whose model becomes a tokenizer by the rules of a family.</summary>
internal sealed class SentencePieceRecipe : TokenizerRecipe
{
    private readonly SentencePieceTrainerOptions _trainer;
    private readonly SentencePieceFamily _family;

    public SentencePieceRecipe(SentencePieceTrainerOptions trainer, SentencePieceFamily family)
    {
        Require.NotNull(trainer).Validate();
        _ = new SentencePieceMetaPieces(trainer);
        if (trainer.TreatWhitespaceAsSuffix)
            throw new NotSupportedException($"White space that belongs to the word before it ({nameof(trainer.TreatWhitespaceAsSuffix)}) has no counterpart in a tokenizer.json: leave it off.");
        (_trainer, _family) = (trainer, family);
    }

    public override int VocabularySize => _trainer.VocabularySize + _family.MoreTokens;

    internal override TokenizerModel Train(IEnumerable<string> texts, IProgress<TokenizerTrainingProgress>? progress, out long leftOut, CancellationToken cancellationToken)
    {
        var trained = SentencePieceLearner.Learn(Lines(texts), _trainer with { Progress = Both(_trainer.Progress, progress) }, cancellationToken);
        leftOut = trained.TooLong;
        var model = new SentencePieceModel
        {
            Pieces = trained.Pieces,
            Trainer = new SentencePieceTrainerSpec
            {
                Algorithm = _trainer.Algorithm,
                ByteFallback = _trainer.ByteFallback,
                UnknownId = _trainer.UnknownId,
                BeginId = _trainer.BeginId,
                EndId = _trainer.EndId,
                PaddingId = _trainer.PaddingId,
                UnknownPiece = _trainer.UnknownPiece,
                BeginPiece = _trainer.BeginPiece,
                EndPiece = _trainer.EndPiece,
                PaddingPiece = _trainer.PaddingPiece,
            },
            Normalizer = new SentencePieceNormalizerSpec { AddDummyPrefix = _trainer.AddDummyPrefix, RemoveExtraWhitespaces = _trainer.RemoveExtraWhitespaces },
        };
        return _family.TokenizerOf(model, _trainer.Normalizer);
    }

    private static IEnumerable<string> Lines(IEnumerable<string> texts)
    {
        foreach (var text in texts)
        {
            if (text is null || !text.AsSpan().ContainsAny('\n', '\r'))
            {
                yield return text!;
                continue;
            }
            foreach (var line in text.Split(["\r\n", "\n", "\r"], StringSplitOptions.None))
                yield return line;
        }
    }
}
