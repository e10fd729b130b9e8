using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Trainers;

public sealed class TokenizerTrainerTests
{
    private static readonly string[] Texts = [.. Enumerable.Range(0, 40).Select(number => $"a rose is a rose, read by roses {number % 7}; reading red roses is a rosy thing {number % 3}")];
    private static readonly TokenizerTrainingPipeline Words = new() { PreTokenizer = TextPreTokenizer.Metaspace(), Decoder = TokenDecoder.Metaspace() };

    private static CancellationToken None => TestContext.Current.CancellationToken;

    public static TheoryData<TokenizerTrainerOptions> All =>
    [
        new BpeTrainerOptions { VocabularySize = 60, SpecialTokens = ["<unk>"] },
        new WordPieceTrainerOptions { VocabularySize = 80, SpecialTokens = ["[UNK]"] },
        new WordLevelTrainerOptions { VocabularySize = 20, SpecialTokens = ["<unk>"] },
        new UnigramTrainerOptions { VocabularySize = 50, SpecialTokens = ["<unk>"], UnknownToken = "<unk>" },
    ];

    [Fact]
    public void Defaults_are_the_reference_s()
    {
        var bpe = new BpeTrainerOptions();
        Assert.Equal((30_000, 0L, (int?)null, (string?)null, (string?)null, (int?)null), (bpe.VocabularySize, bpe.MinimumFrequency, bpe.AlphabetLimit, bpe.ContinuingSubwordPrefix, bpe.EndOfWordSuffix, bpe.MaximumTokenLength));
        Assert.Empty(bpe.InitialAlphabet);
        Assert.Empty(bpe.SpecialTokens);
        Assert.Null(bpe.MaximumDistinctWords);
        Assert.Null(bpe.Progress);
        var wordPiece = new WordPieceTrainerOptions();
        Assert.Equal((30_000, 0L, (int?)null, "##", (string?)null), (wordPiece.VocabularySize, wordPiece.MinimumFrequency, wordPiece.AlphabetLimit, wordPiece.ContinuingSubwordPrefix, wordPiece.EndOfWordSuffix));
        var wordLevel = new WordLevelTrainerOptions();
        Assert.Equal((30_000, 0L), (wordLevel.VocabularySize, wordLevel.MinimumFrequency));
        var unigram = new UnigramTrainerOptions();
        Assert.Equal((8_000, (string?)null, 0.75, 16, 2, 1_000_000), (unigram.VocabularySize, unigram.UnknownToken, unigram.ShrinkingFactor, unigram.MaximumPieceLength, unigram.SubIterations, unigram.SeedSize));
        var byteLevel = ByteLevelBpeTrainer.Defaults;
        Assert.Equal((4096, 2L, 256), (byteLevel.VocabularySize, byteLevel.MinimumFrequency, byteLevel.InitialAlphabet.Count));
        Assert.Equal(["<|endoftext|>"], byteLevel.SpecialTokens);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_order_of_texts_does_not_matter(TokenizerTrainerOptions options)
    {
        Assert.Equal(Saved(Texts), Saved([.. Texts.Reverse()]));

        byte[] Saved(string[] texts)
        {
            using var stream = new MemoryStream();
            TokenizerTrainer.Train(texts, options, Words, None).Save(stream);
            return stream.ToArray();
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_gigantic_vocabulary_costs_nothing_and_stops_where_the_words_do(TokenizerTrainerOptions options)
    {
        TokenizerTrainerOptions gigantic = options switch
        {
            BpeTrainerOptions bpe => bpe with { VocabularySize = int.MaxValue },
            WordPieceTrainerOptions wordPiece => wordPiece with { VocabularySize = int.MaxValue },
            WordLevelTrainerOptions wordLevel => wordLevel with { VocabularySize = int.MaxValue },
            _ => (UnigramTrainerOptions)options with { VocabularySize = int.MaxValue },
        };
        Assert.InRange(TokenizerTrainer.Train(Texts, gigantic, Words, None).VocabularySize, 20, 500);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void It_can_be_stopped_while_it_reads_and_later(TokenizerTrainerOptions options)
    {
        using var reading = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => TokenizerTrainer.Train(Endless(reading), options, Words, reading.Token));
        if (options is WordLevelTrainerOptions)
            return;
        using var later = new CancellationTokenSource();
        var stopper = new Reports(progress => { if (progress.Phase != TokenizerTrainingPhase.CountingWords) later.Cancel(); });
        Assert.ThrowsAny<OperationCanceledException>(() => TokenizerTrainer.Train(Texts, options with { Progress = stopper }, Words, later.Token));

        static IEnumerable<string> Endless(CancellationTokenSource source)
        {
            for (var i = 0; ; i++)
            {
                if (i == 10_000)
                    source.Cancel();
                yield return "endless";
            }
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Texts_without_words_are_refused(TokenizerTrainerOptions options)
    {
        var error = Assert.Throws<ArgumentException>(() => TokenizerTrainer.Train(["", ""], options, Words, None));
        Assert.Contains("2 texts were given", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lone_surrogates_are_replacement_characters()
    {
        var trained = TokenizerTrainer.Train(["a\uD800b \uDC00"], new BpeTrainerOptions(), new TokenizerTrainingPipeline { PreTokenizer = TextPreTokenizer.WhitespaceSplit }, None);
        Assert.Equal(["a", "b", "\uFFFD"], trained.Vocabulary.OrderBy(entry => entry.Value).Take(3).Select(entry => entry.Key));
    }

    [Fact]
    public void Reports_go_up_to_the_vocabulary()
    {
        var reports = new Reports();
        var trained = TokenizerTrainer.Train(Texts, new BpeTrainerOptions { VocabularySize = 60, Progress = reports }, Words, None);
        Assert.Equal(new TokenizerTrainingProgress(TokenizerTrainingPhase.CountingWords, 40, 0), reports.Seen.Last(report => report.Phase == TokenizerTrainingPhase.CountingWords));
        Assert.Equal(new TokenizerTrainingProgress(TokenizerTrainingPhase.Merging, trained.VocabularySize, 60), reports.Seen[^1]);
    }

    [Fact]
    public void A_token_has_at_most_the_length_asked_for()
    {
        var trained = TokenizerTrainer.Train(Enumerable.Repeat("internationalization", 5), new BpeTrainerOptions { MaximumTokenLength = 4 }, null, None);
        Assert.Equal(4, trained.Vocabulary.Keys.Max(token => token.Length));
    }

    [Fact]
    public void Wrong_options_say_what_is_wrong()
    {
        static string Message(TokenizerTrainerOptions options) => Assert.ThrowsAny<ArgumentException>(() => TokenizerTrainer.Train(Texts, options, Words, None)).Message;
        Assert.Contains("VocabularySize must be at least 1; received 0", Message(new BpeTrainerOptions { VocabularySize = 0 }), StringComparison.Ordinal);
        Assert.Contains("the number of special tokens, 2; received 1", Message(new BpeTrainerOptions { VocabularySize = 1, SpecialTokens = ["a", "b"] }), StringComparison.Ordinal);
        Assert.Contains("MinimumFrequency must be at least 0; received -1", Message(new WordPieceTrainerOptions { MinimumFrequency = -1 }), StringComparison.Ordinal);
        Assert.Contains("AlphabetLimit must be at least 1; received 0", Message(new BpeTrainerOptions { AlphabetLimit = 0 }), StringComparison.Ordinal);
        Assert.Contains("MaximumTokenLength must be at least 2; received 1", Message(new BpeTrainerOptions { MaximumTokenLength = 1 }), StringComparison.Ordinal);
        Assert.Contains("SpecialTokens must have at least one character", Message(new WordLevelTrainerOptions { SpecialTokens = [""] }), StringComparison.Ordinal);
        Assert.Contains("MaximumDistinctWords must be at least 1; received 0", Message(new WordLevelTrainerOptions { MaximumDistinctWords = 0 }), StringComparison.Ordinal);
        Assert.Contains("ShrinkingFactor must be more than 0 and less than 1; received 1", Message(new UnigramTrainerOptions { ShrinkingFactor = 1 }), StringComparison.Ordinal);
        Assert.Contains("SubIterations must be at least 1; received 0", Message(new UnigramTrainerOptions { SubIterations = 0 }), StringComparison.Ordinal);
        Assert.Contains("different characters; received 5", Message(new UnigramTrainerOptions { VocabularySize = 5 }), StringComparison.Ordinal);
        Assert.Contains("at least 257; received 256", Assert.ThrowsAny<ArgumentException>(() => new ByteLevelBpeTrainer(ByteLevelBpeTrainer.Defaults with { VocabularySize = 256 })).Message, StringComparison.Ordinal);
    }
}
