using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A recipe for <see cref="TokenizerTrainer"/>.</summary>
internal sealed class WordRecipe(TokenizerTrainerOptions trainer, TokenizerTrainingPipeline pipeline, TokenizerConfig? config) : TokenizerRecipe
{
    public override int VocabularySize => trainer switch
    {
        BpeTrainerOptions bpe => bpe.VocabularySize,
        WordPieceTrainerOptions wordPiece => wordPiece.VocabularySize,
        WordLevelTrainerOptions wordLevel => wordLevel.VocabularySize,
        UnigramTrainerOptions unigram => unigram.VocabularySize,
        _ => throw new NotSupportedException($"There is no trainer for {trainer.GetType().Name}."),
    };

    internal override TokenizerModel Train(IEnumerable<string> texts, IProgress<TokenizerTrainingProgress>? progress, out long leftOut, CancellationToken cancellationToken)
    {
        leftOut = 0;
        var tokenizer = TokenizerTrainer.Train(texts, trainer with { Progress = Both(trainer.Progress, progress) }, pipeline, cancellationToken);
        foreach (var (token, id) in pipeline.PostProcessor?.SpecialTokens ?? [])
        {
            Require.Argument(tokenizer.TokenOf(id) == token,
                $"The post-processor must name tokens by their ids; it has {id} for '{token}', which is the id of '{tokenizer.TokenOf(id)}'. Special tokens have the first ids, in their order.", nameof(TokenizerTrainingPipeline.PostProcessor));
        }
        return config is null ? tokenizer : tokenizer.WithConfig(config with { TokenizerClass = config.TokenizerClass ?? TokenizerConfig.GenericClass });
    }
}
