using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Tests.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

public sealed class TokenizerTrainingTests
{
    private readonly MLContext _ml = new(1);

    [Fact]
    public void TokensAreThoseOfTheTokenizer()
    {
        var data = Toy.View(_ml, 100);
        var transformer = _ml.Transforms.Text.TrainTokenizer("Text", 300).Fit(data);
        Assert.Equal(300, transformer.Tokenizer.VocabularySize);
        var rows = _ml.Data.CreateEnumerable<Tokenized>(transformer.Transform(data), reuseRowObject: false, ignoreMissingColumns: true).ToList();
        Assert.Equal(100, rows.Count);
        Assert.All(rows, row => Assert.Equal(transformer.Tokenizer.EncodeToIds(row.Text), row.Tokens));
        Assert.All(rows, row => Assert.Equal(row.Text, transformer.Tokenizer.Decode(row.Tokens)));
    }

    [Fact]
    public void ItSurvivesAModelFileAndAFolder()
    {
        var data = Toy.View(_ml, 100);
        var transformer = _ml.LanguageModels.TrainTokenizer("Text", 300).Fit(data);
        string folder = ScratchFolder.New(), path = Path.Combine(folder, "model.zip");
        _ml.Model.Save(transformer, data.Schema, path);
        transformer.SaveFolder(folder);
        foreach (var loaded in (ITransformer[])[new MLContext().Model.Load(path, out _), new MLContext().LanguageModels.LoadTransformer(folder)])
        {
            var tokenizer = Assert.IsType<TokenizerTrainingTransformer>(loaded).Tokenizer;
            Assert.Equal(transformer.Tokenizer.EncodeToIds("ripe cherry in the rain"), tokenizer.EncodeToIds("ripe cherry in the rain"));
        }
    }

    [Fact]
    public void TheShapeIsChecked()
    {
        var estimator = _ml.LanguageModels.TrainTokenizer("Class");
        var error = Assert.Throws<ArgumentException>(() => _ml.LanguageModels.TrainTokenizer("Words").Append(estimator).Fit(Toy.View(_ml, 10)));
        Assert.Contains("'Words' is missing", error.Message);
    }

    [Fact]
    public void NoTextIsAnError()
    {
        var rows = Enumerable.Repeat(new LabeledRow(), 5).ToList();
        Assert.Throws<ArgumentException>(() => _ml.LanguageModels.TrainTokenizer().Fit(_ml.Data.LoadFromEnumerable(rows)));
        Assert.Throws<ArgumentException>(() => _ml.LanguageModels.TrainTokenizer().Fit(_ml.Data.LoadFromEnumerable<LabeledRow>([])));
        Assert.Equal(nameof(BpeTrainerOptions.VocabularySize), Assert.Throws<ArgumentOutOfRangeException>(() => _ml.LanguageModels.TrainTokenizer(vocabularySize: 100)).ParamName);
    }

    [Fact]
    public void ItCanBeCancelled()
    {
        var options = new TokenizerTrainingOptions { Cancellation = new CancellationToken(canceled: true) };
        Assert.ThrowsAny<OperationCanceledException>(() => _ml.LanguageModels.TrainTokenizer(options).Fit(Toy.View(_ml, 10)));
    }

    /// <summary>Each recipe gives in the pipeline what it gives of a list, and every tokenizer reads its own texts.</summary>
    [Theory]
    [InlineData("gpt2")]
    [InlineData("bert-uncased")]
    [InlineData("bert-cased")]
    [InlineData("t5")]
    [InlineData("llama")]
    [InlineData("word-level")]
    [InlineData("plain-bpe")]
    [InlineData("unigram")]
    [InlineData("sentencepiece")]
    public void EveryRecipeTrainsInAPipeline(string name)
    {
        var recipe = RecipeOf(name);
        var data = Toy.View(_ml, 200);
        var transformer = _ml.Transforms.Text.TrainTokenizer(recipe).Fit(data);
        var direct = recipe.Train(Toy.Rows(200).Select(row => row.Text), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(direct.Vocabulary.OrderBy(entry => entry.Value), transformer.Tokenizer.Vocabulary.OrderBy(entry => entry.Value));
        Assert.InRange(transformer.Tokenizer.VocabularySize, 19, recipe.VocabularySize);
        var rows = _ml.Data.CreateEnumerable<Tokenized>(transformer.Transform(data), reuseRowObject: false, ignoreMissingColumns: true).ToList();
        Assert.All(rows, row => Assert.Equal(direct.EncodeToIds(row.Text), row.Tokens));
        Assert.All(rows, row => Assert.Equal(row.Text, transformer.Tokenizer.Decode(row.Tokens)));
        // All of it comes back from its files, special tokens and what stands around a text included.
        string folder = ScratchFolder.New();
        transformer.Tokenizer.SaveFolder(folder);
        var loaded = TokenizerModel.LoadFolder(folder);
        Assert.Equal(transformer.Tokenizer.Encode("ripe cherry").Ids, loaded.Encode("ripe cherry").Ids);
        Assert.Equal((transformer.Tokenizer.EndOfText, transformer.Tokenizer.Padding, transformer.Tokenizer.Unknown), (loaded.EndOfText, loaded.Padding, loaded.Unknown));
    }

    [Fact]
    public void TheRecipesHaveTheirPublishedSpecialTokens()
    {
        IEnumerable<string> texts = Toy.Rows(200).Select(row => row.Text);
        TokenizerModel Train(TokenizerRecipe recipe) => recipe.Train(texts, cancellationToken: TestContext.Current.CancellationToken);

        var gpt2 = Train(TokenizerRecipe.Gpt2(300));
        Assert.Equal((0, null, null), (gpt2.EndOfText, gpt2.Padding, gpt2.Unknown));
        Assert.Equal("caf\u00e9 \U0001F600\n", gpt2.Decode(gpt2.EncodeToIds("caf\u00e9 \U0001F600\n")));

        var bert = Train(TokenizerRecipe.BertUncased(200));
        Assert.Equal((0, 1, 2, 3, 4), (bert.Padding, bert.Unknown, bert.IdOf("[CLS]"), bert.IdOf("[SEP]"), bert.IdOf("[MASK]")));
        var pair = bert.Encode(("RIPE", "PL\u00dcM"));
        Assert.Equal(["[CLS]", "ripe", "[SEP]", "plum", "[SEP]"], pair.Tokens);
        Assert.Equal([0, 0, 0, 1, 1], pair.TypeIds);
        Assert.Equal(["[CLS]", "[UNK]", "[SEP]"], Train(TokenizerRecipe.BertCased(200)).Encode("RIPE").Tokens);

        var t5 = Train(TokenizerRecipe.T5(200, sentinels: 3));
        Assert.Equal((0, 1, 2), (t5.Padding, t5.EndOfText, t5.Unknown));
        Assert.Equal([t5.VocabularySize - 1, t5.VocabularySize - 3], [t5.IdOf("<extra_id_0>")!.Value, t5.IdOf("<extra_id_2>")!.Value]);
        Assert.Equal("</s>", t5.Encode("ripe plum").Tokens[^1]);
        // NFKC: full-width letters are letters.
        Assert.Equal(t5.EncodeToIds("plum"), t5.EncodeToIds("\uff50\uff4c\uff55\uff4d"));

        var llama = Train(TokenizerRecipe.Llama(400));
        Assert.Equal((0, 2, 1), (llama.Unknown, llama.EndOfText, llama.IdOf("<s>")));
        Assert.Equal((3, 258), (llama.IdOf("<0x00>"), llama.IdOf("<0xFF>")));
        Assert.Equal("<s>", llama.Encode("ripe").Tokens[0]);
        Assert.Equal("caf\u00e9 \U0001F600\n12", llama.Decode(llama.EncodeToIds("caf\u00e9 \U0001F600\n12")));
    }

    [Fact]
    public void DefaultsOfRecipes() =>
        Assert.Equal([50_257, 30_522, 28_996, 32_100, 32_000], new[] { TokenizerRecipe.Gpt2(), TokenizerRecipe.BertUncased(), TokenizerRecipe.BertCased(), TokenizerRecipe.T5(), TokenizerRecipe.Llama() }.Select(recipe => recipe.VocabularySize));

    [Fact]
    public void RecipesAreCheckedWhenTheyAreMade()
    {
        foreach (Action make in (Action[])
        [
            () => TokenizerRecipe.Gpt2(256), () => TokenizerRecipe.BertUncased(4), () => TokenizerRecipe.T5(2), () => TokenizerRecipe.T5(100, -1), () => TokenizerRecipe.Llama(258),
            () => TokenizerRecipe.Of(new BpeTrainerOptions { VocabularySize = 0 }), () => TokenizerRecipe.Of(new SentencePieceTrainerOptions { CharacterCoverage = 2 }),
        ])
            Assert.ThrowsAny<ArgumentException>(make);
        Assert.Contains("TreatWhitespaceAsSuffix", Assert.Throws<NotSupportedException>(() => TokenizerRecipe.Of(new SentencePieceTrainerOptions { TreatWhitespaceAsSuffix = true })).Message);
    }

    [Fact]
    public void APostProcessorWithIdsOfOtherTokensIsRefused()
    {
        var recipe = TokenizerRecipe.Of(
            new WordLevelTrainerOptions { SpecialTokens = ["<unk>", "<s>"] },
            new TokenizerTrainingPipeline { PreTokenizer = TextPreTokenizer.Whitespace, PostProcessor = TokenPostProcessor.Template("<s> $A", "<s> $A $B", new Dictionary<string, int> { ["<s>"] = 0 }) });
        Assert.Contains("'<s>'", Assert.Throws<ArgumentException>(() => _ml.Transforms.Text.TrainTokenizer(recipe).Fit(Toy.View(_ml, 10))).Message);
    }

    [Fact]
    public void TheLogHearsOfIt()
    {
        var log = new LogLines(_ml);
        var heard = new List<TokenizerTrainingPhase>();
        _ml.Transforms.Text.TrainTokenizer(new TokenizerTrainingOptions { Recipe = TokenizerRecipe.Gpt2(300), Progress = new Heard(heard) }).Fit(Toy.View(_ml, 100));
        Assert.Equal([TokenizerTrainingPhase.CountingWords, TokenizerTrainingPhase.CountingPairs, TokenizerTrainingPhase.Merging], heard.Distinct());
        Assert.Contains(log.All, line => line.Text == "Texts read: 100.");
        Assert.Contains(log.All, line => line.Text.StartsWith("Entries of the vocabulary: ", StringComparison.Ordinal));
        Assert.Contains(log.All, line => line.Text == "Trained a tokenizer of 300 entries; 300 were asked for.");
        Assert.Empty(log.Warnings);
        _ml.Transforms.Text.TrainTokenizer(TokenizerRecipe.Of(new SentencePieceTrainerOptions { MaximumSentenceLength = 40, HardVocabularyLimit = false })).Fit(Toy.View(_ml, 100));
        int longer = Toy.Rows(100).Count(row => row.Text.Length > 40);
        Assert.InRange(longer, 1, 99);
        Assert.Equal([$"{longer} lines were left out of training: they are longer than the trainer's options allow."], log.Warnings);
    }

    [Fact]
    public void TextsAreReadOnceAndOneAfterTheOther()
    {
        var view = new CountingView(5000);
        var transformer = _ml.Transforms.Text.TrainTokenizer(TokenizerRecipe.Of(new WordLevelTrainerOptions { SpecialTokens = ["<unk>"] }, new TokenizerTrainingPipeline { PreTokenizer = TextPreTokenizer.Whitespace })).Fit(view);
        Assert.Equal(["Text"], Assert.Single(view.Asked));
        Assert.Equal(5000, view.RowsMoved);
        // The word "text", a number a row, and the unknown token.
        Assert.Equal(5002, transformer.Tokenizer.VocabularySize);
    }

    [Fact]
    public void ItIsCancelledInTheMiddle()
    {
        using var cancellation = new CancellationTokenSource();
        var options = new TokenizerTrainingOptions { Recipe = TokenizerRecipe.Gpt2(300), Cancellation = cancellation.Token, Progress = new Heard([], TokenizerTrainingPhase.Merging, cancellation) };
        Assert.ThrowsAny<OperationCanceledException>(() => _ml.Transforms.Text.TrainTokenizer(options).Fit(Toy.View(_ml, 100)));
    }

    private static TokenizerRecipe RecipeOf(string name)
    {
        var words = new TokenizerTrainingPipeline { PreTokenizer = TextPreTokenizer.Whitespace };
        var spaces = new TokenizerTrainingPipeline { PreTokenizer = TextPreTokenizer.Metaspace(), Decoder = TokenDecoder.Metaspace() };
        return name switch
        {
            "gpt2" => TokenizerRecipe.Gpt2(300),
            "bert-uncased" => TokenizerRecipe.BertUncased(200),
            "bert-cased" => TokenizerRecipe.BertCased(200),
            "t5" => TokenizerRecipe.T5(200),
            "llama" => TokenizerRecipe.Llama(400),
            "word-level" => TokenizerRecipe.Of(new WordLevelTrainerOptions { SpecialTokens = ["<unk>"] }, words),
            "plain-bpe" => TokenizerRecipe.Of(new BpeTrainerOptions { VocabularySize = 150, SpecialTokens = ["[UNK]"], EndOfWordSuffix = "</w>" }, words with { UnknownToken = "[UNK]", Decoder = TokenDecoder.Bpe() }),
            "unigram" => TokenizerRecipe.Of(new UnigramTrainerOptions { VocabularySize = 150, SpecialTokens = ["<unk>", "</s>"], UnknownToken = "<unk>" }, spaces),
            _ => TokenizerRecipe.Of(new SentencePieceTrainerOptions { VocabularySize = 150, HardVocabularyLimit = false }, new TokenizerConfig { AddEosToken = true }),
        };
    }

    private sealed class Heard(List<TokenizerTrainingPhase> phases, TokenizerTrainingPhase? cancelAt = null, CancellationTokenSource? cancellation = null) : IProgress<TokenizerTrainingProgress>
    {
        public void Report(TokenizerTrainingProgress value)
        {
            phases.Add(value.Phase);
            if (value.Phase == cancelAt)
                cancellation!.Cancel();
        }
    }

    private sealed class Tokenized
    {
        public string Text { get; set; } = "";

        public int[] Tokens { get; set; } = [];
    }
}
