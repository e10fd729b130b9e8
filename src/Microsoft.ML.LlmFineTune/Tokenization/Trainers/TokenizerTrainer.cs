using System.Text;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Trains tokenizers as Hugging Face's trainers do: the words of all texts are counted (on all cores, in memory that grows with the distinct words), then the model is learnt from the counts.
/// The same texts in any order give the same tokenizer, unless the words that are held are limited.
/// </summary>
public static class TokenizerTrainer
{
    /// <summary>Trains a tokenizer.</summary>
    /// <param name="texts">The texts; read once, one after another.</param>
    /// <param name="options">What is learnt: <see cref="BpeTrainerOptions"/>, <see cref="WordPieceTrainerOptions"/>, <see cref="WordLevelTrainerOptions"/> or <see cref="UnigramTrainerOptions"/>.</param>
    /// <param name="pipeline">What the tokenizer does around its model; null, nothing: every text is one word.</param>
    /// <param name="cancellationToken">Stops training; nothing is left behind.</param>
    /// <exception cref="ArgumentException">An option is out of its range, a text is null, or there is no text.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static TokenizerModel Train(IEnumerable<string> texts, TokenizerTrainerOptions options, TokenizerTrainingPipeline? pipeline = null, CancellationToken cancellationToken = default) =>
        Train(texts, options, pipeline, initialTokens: null, cancellationToken);

    /// <summary>Trains a tokenizer; BPE and WordPiece from the initial tokens that are given, in the order of their ids, if any are.</summary>
    internal static TokenizerModel Train(IEnumerable<string> texts, TokenizerTrainerOptions options, TokenizerTrainingPipeline? pipeline, IReadOnlyList<string>? initialTokens, CancellationToken cancellationToken)
    {
        Require.NotNull(options).Validate();
        pipeline ??= new TokenizerTrainingPipeline();
        var counter = new WordCounter(Splitter(pipeline), options.MaximumDistinctWords);
        var words = counter.Count(texts, options.Progress, cancellationToken);
        Require.Argument(words.Count > 0, $"Training a tokenizer needs text; {counter.Texts} texts were given, none of them with a word.", nameof(texts));
        if (pipeline.PreTokenizer is { SpellsBytesLast: true })
            words = Spelled(words);
        VocabularyModel model = options switch
        {
            BpeTrainerOptions bpe => Bpe(BpeLearner.Learn(words, bpe, initialTokens, cancellationToken), bpe, pipeline),
            WordPieceTrainerOptions wordPiece => new WordPieceModel(Ids(BpeLearner.LearnWordPiece(words, wordPiece, initialTokens, cancellationToken)), pipeline.UnknownToken ?? "[UNK]", wordPiece.ContinuingSubwordPrefix),
            WordLevelTrainerOptions wordLevel => new WordLevelModel(WordLevelLearner.Learn(words, wordLevel, cancellationToken).ToDictionary(entry => entry.Token, entry => entry.Id), pipeline.UnknownToken ?? "<unk>"),
            UnigramTrainerOptions unigram => Unigram(UnigramLearner.Learn(words, unigram, cancellationToken)),
            _ => throw new ArgumentException($"There is no trainer for {options.GetType().Name}.", nameof(options)),
        };
        var tokens = options.SpecialTokens.Distinct().Select(token => (Token: token, Id: model.IdOf(token)));
        return new TokenizerModel(new TokenizerParts(model)
        {
            Normalizer = pipeline.Normalizer,
            PreTokenizer = pipeline.PreTokenizer,
            PostProcessor = pipeline.PostProcessor,
            Decoder = pipeline.Decoder,
            AddedTokens = [.. tokens.Where(entry => entry.Id is not null).OrderBy(entry => entry.Id).Select(entry => new AddedToken(entry.Id!.Value, entry.Token))],
        });
    }

    /// <summary>Normalizes and splits as a tokenizer with the pipeline does.</summary>
    internal static WordSplitter Splitter(TokenizerTrainingPipeline pipeline)
    {
        var splitter = new TokenizerModel(new TokenizerParts(new WordLevelModel([])) { Normalizer = pipeline.Normalizer, PreTokenizer = pipeline.PreTokenizer });
        return (text, words) => splitter.Words(text, ref words);
    }

    // Bytes that are spelled last are spelled here, once for each distinct word: splitting leaves them out.
    private static WordCounts Spelled(WordCounts words)
    {
        var spelled = new WordCounts();
        var names = new char[64];
        var bytes = new byte[64];
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            if (bytes.Length < word.Length * 3L)
                (names, bytes) = (new char[word.Length * 3], new byte[word.Length * 3]);
            var length = Encoding.UTF8.GetBytes(word, bytes);
            for (var at = 0; at < length; at++)
                names[at] = ByteAlphabet.NameOf(bytes[at]);
            spelled.Add(names.AsSpan(0, length), words.CountOf(i));
        }
        return spelled;
    }

    private static BpeModel Bpe(BpeTrainingResult learnt, BpeTrainerOptions options, TokenizerTrainingPipeline pipeline) =>
        new(Ids(learnt.Vocabulary), learnt.Merges, new BpeModelOptions(UnknownToken: pipeline.UnknownToken, ContinuingPrefix: options.ContinuingSubwordPrefix, EndSuffix: options.EndOfWordSuffix));

    private static UnigramModel Unigram(UnigramTrainingResult learnt) => new(learnt.Pieces, learnt.UnknownId, byteFallback: false);

    private static Dictionary<string, int> Ids(IReadOnlyList<string> vocabulary) => vocabulary.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
}
