using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// All that training a tokenizer needs but the texts: what is learnt, what stands around it, and what its <c>tokenizer_config.json</c> says. The published ones by their names (<see cref="Gpt2"/>, <see cref="BertUncased"/>,
/// <see cref="BertCased"/>, <see cref="T5"/>, <see cref="Llama"/>), everything else by <see cref="Of(TokenizerTrainerOptions, TokenizerTrainingPipeline?, TokenizerConfig?)"/>. Immutable.
/// </summary>
public abstract class TokenizerRecipe
{
    private protected TokenizerRecipe()
    {
    }

    /// <summary>Entries of the vocabulary that are asked for; texts may give fewer.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>Byte-level BPE as GPT-2's (Radford et al. 2019): any text is tokens, and tokens are the text again. The one special token is <c>&lt;|endoftext|&gt;</c>, id 0; pairs must occur twice.</summary>
    /// <param name="vocabularySize">Entries of the vocabulary, at least 257; default 50,257.</param>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary is too small for the bytes.</exception>
    public static TokenizerRecipe Gpt2(int vocabularySize = 50_257) => Of(
        ByteLevelBpeTrainer.Checked(ByteLevelBpeTrainer.Defaults with { VocabularySize = vocabularySize }),
        ByteLevelBpeTrainer.PipelineOf(null),
        new TokenizerConfig { BosToken = new("<|endoftext|>"), EosToken = new("<|endoftext|>"), CleanUpTokenizationSpaces = false });

    /// <summary>
    /// WordPiece as BERT's for lower-cased text without accents (Devlin et al. 2019): <c>[CLS] A [SEP]</c>, <c>[CLS] A [SEP] B [SEP]</c>; <c>[PAD] [UNK] [CLS] [SEP] [MASK]</c> have the ids from 0.
    /// Pairs must occur twice, and the 1,000 most frequent characters are kept.
    /// </summary>
    /// <param name="vocabularySize">Entries of the vocabulary, at least 5; default 30,522.</param>
    public static TokenizerRecipe BertUncased(int vocabularySize = 30_522) => Bert(vocabularySize, lowercase: true);

    /// <summary>As <see cref="BertUncased"/>, with case and accents kept.</summary>
    /// <param name="vocabularySize">Entries of the vocabulary, at least 5; default 28,996.</param>
    public static TokenizerRecipe BertCased(int vocabularySize = 28_996) => Bert(vocabularySize, lowercase: false);

    /// <summary>
    /// SentencePiece's Unigram as T5's (Raffel et al. 2020): <c>A &lt;/s&gt;</c>, <c>A &lt;/s&gt; B &lt;/s&gt;</c>; <c>&lt;pad&gt; &lt;/s&gt; &lt;unk&gt;</c> have the ids from 0, and <c>&lt;extra_id_0&gt;</c> the last.
    /// Every line of a text is a sentence; lines of more than a million bytes are left out.
    /// </summary>
    /// <param name="vocabularySize">Pieces at most, all characters of the texts among them; default 32,000. The sentinels are not counted.</param>
    /// <param name="sentinels">How many <c>&lt;extra_id_...&gt;</c> there are; from 0 to 100,000, default 100.</param>
    public static TokenizerRecipe T5(int vocabularySize = 32_000, int sentinels = 100) => new SentencePieceRecipe(
        Lines with { VocabularySize = vocabularySize, PaddingId = 0, EndId = 1, UnknownId = 2, BeginId = -1 },
        SentencePieceFamily.T5(Require.Within(sentinels, 0, 100_000)));

    /// <summary>
    /// SentencePiece's BPE with byte fallback as Llama's (Touvron et al. 2023): any text is tokens, digits stand alone, texts are not normalized; <c>&lt;s&gt; A</c>; <c>&lt;unk&gt; &lt;s&gt; &lt;/s&gt;</c> have the ids from 0, the bytes follow.
    /// Every line of a text is a sentence; lines of more than a million bytes are left out.
    /// </summary>
    /// <param name="vocabularySize">Pieces at most, all frequent characters of the texts among them; at least 260, default 32,000.</param>
    public static TokenizerRecipe Llama(int vocabularySize = 32_000) => new SentencePieceRecipe(
        Lines with
        {
            Algorithm = SentencePieceAlgorithm.Bpe, VocabularySize = vocabularySize, CharacterCoverage = 0.99995f, ByteFallback = true, SplitDigits = true, AllowWhitespaceOnlyPieces = true,
            Normalizer = null, RemoveExtraWhitespaces = false,
        },
        SentencePieceFamily.Llama);

    /// <summary>Any of the trainers over counted words, with what the tokenizer does around its model.</summary>
    /// <param name="trainer">What is learnt: <see cref="BpeTrainerOptions"/>, <see cref="WordPieceTrainerOptions"/>, <see cref="WordLevelTrainerOptions"/> or <see cref="UnigramTrainerOptions"/>.</param>
    /// <param name="pipeline">Normalizer, pre-tokenizer, post-processor, decoder; null, nothing: every text is one word.</param>
    /// <param name="config">What is saved beside the tokenizer; null: only the tokens that are known by their names.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static TokenizerRecipe Of(TokenizerTrainerOptions trainer, TokenizerTrainingPipeline? pipeline = null, TokenizerConfig? config = null)
    {
        Require.NotNull(trainer).Validate();
        return new WordRecipe(trainer, pipeline ?? new TokenizerTrainingPipeline(), config);
    }

    /// <summary>SentencePiece's own trainer. Every line of a text is a sentence, as it is of a file.</summary>
    /// <param name="trainer">What is learnt.</param>
    /// <param name="config">What is saved beside the tokenizer; its <c>add_bos_token</c> and <c>add_eos_token</c> put the begin and the end of a sequence around texts. Null: nothing stands around texts.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">White space as a suffix has no counterpart in a <c>tokenizer.json</c>.</exception>
    public static TokenizerRecipe Of(SentencePieceTrainerOptions trainer, TokenizerConfig? config = null) => new SentencePieceRecipe(trainer, SentencePieceFamily.Plain(config));

    /// <summary>Trains.</summary>
    /// <param name="texts">The texts; read once, one after another.</param>
    /// <param name="progress">Hears how far training has come, on the thread that trains, beside the one that the trainer's options name; null: nobody.</param>
    /// <param name="cancellationToken">Stops training; nothing is left behind.</param>
    /// <exception cref="ArgumentException">A text is null, there is no text, or the texts don't give what the options ask for.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TokenizerModel Train(IEnumerable<string> texts, IProgress<TokenizerTrainingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Train(Require.NotNull(texts), progress, out _, cancellationToken);

    /// <inheritdoc cref="Train(IEnumerable{string}, IProgress{TokenizerTrainingProgress}?, CancellationToken)"/>
    internal abstract TokenizerModel Train(IEnumerable<string> texts, IProgress<TokenizerTrainingProgress>? progress, out long leftOut, CancellationToken cancellationToken);

    private protected static IProgress<TokenizerTrainingProgress>? Both(IProgress<TokenizerTrainingProgress>? first, IProgress<TokenizerTrainingProgress>? second) =>
        first is null ? second : second is null ? first : new Listeners(first, second);

    // What is read are rows, not a file of sentences: longer lines than the trainer's default are usual, and small corpora must not fail.
    private static SentencePieceTrainerOptions Lines { get; } = new() { MaximumSentenceLength = 1 << 20, HardVocabularyLimit = false };

    private static TokenizerRecipe Bert(int vocabularySize, bool lowercase)
    {
        var trainer = new WordPieceTrainerOptions { VocabularySize = vocabularySize, MinimumFrequency = 2, AlphabetLimit = 1000, SpecialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] };
        var pipeline = new TokenizerTrainingPipeline
        {
            Normalizer = TextNormalizer.Bert(lowercase: lowercase),
            PreTokenizer = TextPreTokenizer.Bert,
            PostProcessor = TokenPostProcessor.Template("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", new Dictionary<string, int> { ["[CLS]"] = 2, ["[SEP]"] = 3 }),
            Decoder = TokenDecoder.WordPiece(),
        };
        return Of(trainer, pipeline, new TokenizerConfig
        {
            UnkToken = new("[UNK]"), SepToken = new("[SEP]"), PadToken = new("[PAD]"), ClsToken = new("[CLS]"), MaskToken = new("[MASK]"), DoLowerCase = lowercase, CleanUpTokenizationSpaces = false,
        });
    }

    private sealed class Listeners(IProgress<TokenizerTrainingProgress> first, IProgress<TokenizerTrainingProgress> second) : IProgress<TokenizerTrainingProgress>
    {
        public void Report(TokenizerTrainingProgress value)
        {
            first.Report(value);
            second.Report(value);
        }
    }
}
