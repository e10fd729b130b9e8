using System.Buffers;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Tests.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Tokenizers;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

public sealed class TextTokenizationTests
{
    private readonly MLContext _ml = new(1);

    /// <summary>Ids by hand: words of one letter each, [PAD] [UNK] [CLS] [SEP], then a to e as 4 to 8.</summary>
    private static TokenizerModel Bert { get; } = TokenizerRecipe.Of(
        new WordLevelTrainerOptions { SpecialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] },
        new TokenizerTrainingPipeline
        {
            Normalizer = TextNormalizer.Lowercase,
            PreTokenizer = TextPreTokenizer.Whitespace,
            PostProcessor = TokenPostProcessor.Template("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", new Dictionary<string, int> { ["[CLS]"] = 2, ["[SEP]"] = 3 }),
            UnknownToken = "[UNK]",
        },
        new TokenizerConfig { PadToken = new("[PAD]"), ClsToken = new("[CLS]"), SepToken = new("[SEP]"), ChatTemplates = new Dictionary<string, string> { ["default"] = "{{ messages }}" } })
        .Train(["a b c d e a b c d a b c a b a"], cancellationToken: CancellationToken.None);

    private static TextTokenizationOptions Everything { get; } = new()
    {
        TokensColumnName = "Tokens", AttentionMaskColumnName = "Attention", SpecialTokensMaskColumnName = "Special", TypeIdsColumnName = "Types", WordIdsColumnName = "Words", StartsColumnName = "Starts", EndsColumnName = "Ends",
        TokenCountColumnName = "Count", TruncatedTokensColumnName = "Truncated",
    };

    [Fact]
    public void EveryColumnOfAText()
    {
        var row = Assert.Single(Rows(Everything, new TextRow { Text = "A  zz b" }));
        Assert.Equal([2, 4, 1, 5, 3], row.Ids);
        Assert.Equal(["[CLS]", "a", "[UNK]", "b", "[SEP]"], row.Tokens);
        Assert.Equal([1, 1, 1, 1, 1], row.Attention);
        Assert.Equal([1, 0, 0, 0, 1], row.Special);
        Assert.Equal([0, 0, 0, 0, 0], row.Types);
        Assert.Equal([-1, 0, 1, 2, -1], row.Words);
        Assert.Equal([0, 0, 3, 6, 0], row.Starts);
        Assert.Equal([0, 1, 5, 7, 0], row.Ends);
        Assert.Equal((5, 0), (row.Count, row.Truncated));
    }

    [Fact]
    public void PairsCutAndPadded()
    {
        var options = Everything with { PairColumnName = "Pair", MaximumTokens = 7, PadToMaximum = true };
        var data = View(new TextRow { Text = "a b c d", Pair = "e" }, new TextRow { Text = "a", Pair = "b" });
        var transformer = _ml.Transforms.Text.TokenizeWith(Bert, options).Fit(data);
        Assert.Equal(7, ((VectorDataViewType)transformer.Transform(data).Schema["Types"].Type).Size);
        var rows = Read(transformer.Transform(data));
        // The longer text loses one of its four tokens.
        Assert.Equal([2, 4, 5, 6, 3, 8, 3], rows[0].Ids);
        Assert.Equal([0, 0, 0, 0, 0, 1, 1], rows[0].Types);
        Assert.Equal([-1, 0, 1, 2, -1, 0, -1], rows[0].Words);
        Assert.Equal((7, 1), (rows[0].Count, rows[0].Truncated));
        Assert.Equal([2, 4, 3, 5, 3, 0, 0], rows[1].Ids);
        Assert.Equal(["[CLS]", "a", "[SEP]", "b", "[SEP]", "[PAD]", "[PAD]"], rows[1].Tokens);
        Assert.Equal([1, 1, 1, 1, 1, 0, 0], rows[1].Attention);
        Assert.Equal([1, 0, 1, 0, 1, 1, 1], rows[1].Special);
        Assert.Equal((5, 0), (rows[1].Count, rows[1].Truncated));
    }

    [Fact]
    public void SidesAndStrategies()
    {
        Assert.Equal([2, 7, 8, 3], Rows(Everything with { MaximumTokens = 4, TruncationSide = TruncationSide.Left }, new TextRow { Text = "a b c d e" })[0].Ids);
        Assert.Equal([0, 0, 4], Rows(Everything with { MaximumTokens = 3, PadToMaximum = true, PaddingSide = PaddingSide.Left, AddSpecialTokens = false }, new TextRow { Text = "a" })[0].Ids);
        Assert.Equal([4, 1, 1], Rows(Everything with { MaximumTokens = 3, PadToMaximum = true, PaddingId = 1, AddSpecialTokens = false }, new TextRow { Text = "a" })[0].Ids);
        var pair = new TextRow { Text = "a b c", Pair = "d e d e" };
        Assert.Equal([4, 5, 6, 7], Rows(Everything with { PairColumnName = "Pair", AddSpecialTokens = false, MaximumTokens = 4, TruncationStrategy = TruncationStrategy.OnlySecond }, pair)[0].Ids);
        Assert.Equal([4, 7, 8, 7, 8], Rows(Everything with { PairColumnName = "Pair", AddSpecialTokens = false, MaximumTokens = 5, TruncationStrategy = TruncationStrategy.OnlyFirst }, pair)[0].Ids);
    }

    [Fact]
    public void EmptyAndMissingTexts()
    {
        var rows = Rows(Everything, new TextRow { Text = "" }, new TextRow { Text = null! }, new TextRow { Text = "a" });
        Assert.All(rows.Take(2), row => Assert.Equal([2, 3], row.Ids));
        Assert.Equal([2, 4, 3], rows[2].Ids);
        Assert.All(Rows(Everything with { AddSpecialTokens = false }, new TextRow { Text = "" }, new TextRow { Text = null! }), row => Assert.Empty(row.Ids));
        Assert.All(Rows(Everything with { PairColumnName = "Pair" }, new TextRow { Text = "", Pair = null! }), row => Assert.Equal([2, 3, 3], row.Ids));
    }

    [Fact]
    public void LoneSurrogatesAreReplaced() => Assert.Equal([2, 4, 1, 3], Rows(Everything, new TextRow { Text = "a \ud800" })[0].Ids);

    [Fact]
    public void NumbersOfEveryType()
    {
        var data = View(new TextRow { Text = "a b" });
        IDataView Transform(TokenIdType type) => _ml.Transforms.Text.TokenizeWith(Bert, Everything with { IdType = type }).Fit(data).Transform(data);
        foreach (var (name, expected) in new Dictionary<string, int[]> { ["Ids"] = [2, 4, 5, 3], ["Attention"] = [1, 1, 1, 1], ["Special"] = [1, 0, 0, 1], ["Types"] = [0, 0, 0, 0] })
        {
            Assert.Equal(expected, Transform(TokenIdType.Int32).GetColumn<int[]>(name).Single());
            Assert.Equal(expected.Select(value => (long)value), Transform(TokenIdType.Int64).GetColumn<long[]>(name).Single());
            Assert.Equal(expected.Select(value => (float)value), Transform(TokenIdType.Single).GetColumn<float[]>(name).Single());
        }
        Assert.Equal([1, 1, 1, 1], Transform(TokenIdType.Key).GetColumn<int[]>("Attention").Single());
    }

    [Fact]
    public void KeysMapBackToTokens()
    {
        var data = View(new TextRow { Text = "b zz" });
        var chain = _ml.Transforms.Text.TokenizeWith(Bert, new TextTokenizationOptions { IdType = TokenIdType.Key }).Append(_ml.Transforms.Conversion.MapKeyToValue("Words", "Ids"));
        var transformed = chain.Fit(data).Transform(data);
        var type = Assert.IsType<KeyDataViewType>(((VectorDataViewType)transformed.Schema["Ids"].Type).ItemType);
        Assert.Equal((ulong)Bert.VocabularySize, type.Count);
        Assert.Equal([3u, 6u, 2u, 4u], transformed.GetColumn<uint[]>("Ids").Single());
        Assert.Equal(["[CLS]", "b", "[UNK]", "[SEP]"], transformed.GetColumn<ReadOnlyMemory<char>[]>("Words").Single().Select(word => word.ToString()));
    }

    [Fact]
    public void NumbersAreFeatures()
    {
        var options = new TextTokenizationOptions { IdsColumnName = null, AttentionMaskColumnName = "Features", IdType = TokenIdType.Single, MaximumTokens = 16, PadToMaximum = true };
        var data = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 60).Select(row => new LabeledRow { Text = string.Join(' ', Enumerable.Repeat("a", row % 3 * 5)), Class = $"{row % 3}" }));
        var pipeline = _ml.Transforms.Conversion.MapValueToKey("Label", "Class").Append(_ml.Transforms.Text.TokenizeWith(Bert, options)).Append(_ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy());
        Assert.Equal(1, _ml.MulticlassClassification.Evaluate(pipeline.Fit(data).Transform(data)).MicroAccuracy);
    }

    [Fact]
    public void APredictionEngineGivesOneRow()
    {
        var model = _ml.Transforms.Text.TokenizeWith(Bert).Fit(View());
        var engine = _ml.Model.CreatePredictionEngine<TextRow, TextTokenizationPrediction>(model);
        Assert.Equal([2, 8, 3], engine.Predict(new TextRow { Text = "e" }).Ids);
        Assert.Equal([2, 4, 5, 3], engine.Predict(new TextRow { Text = "a b" }).Ids);
    }

    [Fact]
    public void APredictionEngineReadsPairsAndTellsOfTheFirstCutText()
    {
        var log = new LogLines(_ml);
        var engine = _ml.Model.CreatePredictionEngine<TextRow, TextTokenizationPrediction>(_ml.Transforms.Text.TokenizeWith(Bert, new TextTokenizationOptions { PairColumnName = "Pair", MaximumTokens = 6 }).Fit(View()));
        Assert.Equal([2, 4, 3, 5, 3], engine.Predict(new TextRow { Text = "a", Pair = "b" }).Ids);
        Assert.Empty(log.Warnings);
        Assert.Equal([2, 4, 5, 3, 8, 3], engine.Predict(new TextRow { Text = "a b c d", Pair = "e" }).Ids);
        Assert.Equal([2, 4, 3, 5, 6, 3], engine.Predict(new TextRow { Text = "a", Pair = "b c d" }).Ids);
        Assert.Equal(["A text was truncated, 2 tokens cut; no more are told of."], log.Warnings);
    }

    [Theory]
    [InlineData("\"MaximumTokens\": 9", "\"MaximumTokens\": -9", "MaximumTokens")]
    [InlineData("\"IdType\": \"Int32\"", "\"IdType\": \"Int33\"", "IdType")]
    [InlineData("\"options\"", "\"other\"", "task.json")]
    public void AnImpossibleValueOfTheTaskIsNamed(string good, string bad, string named)
    {
        string folder = ScratchFolder.New(), path = Path.Combine(folder, "task.json");
        _ml.Transforms.Text.TokenizeWith(Bert, new TextTokenizationOptions { MaximumTokens = 9 }).Fit(View()).SaveFolder(folder);
        string text = File.ReadAllText(path);
        Assert.Contains(good, text);
        File.WriteAllText(path, text.Replace(good, bad, StringComparison.Ordinal));
        Assert.Contains(named, Assert.Throws<InvalidDataException>(() => _ml.LanguageModels.LoadTransformer(folder)).Message);
    }

    [Fact]
    public void TruncatedTextsAreLogged()
    {
        var log = new LogLines(_ml);
        var data = View([.. Enumerable.Range(0, 50).Select(row => new TextRow { Text = row % 5 == 0 ? "a b c d" : "a" })]);
        var transformed = _ml.Transforms.Text.TokenizeWith(Bert, new TextTokenizationOptions { MaximumTokens = 4 }).Fit(data).Transform(data);
        Assert.Empty(log.Warnings);
        Assert.Equal(50, transformed.GetColumn<int[]>("Ids").Count());
        Assert.Equal(["10 of 50 texts were truncated, 20 tokens cut."], log.Warnings);
        Assert.Equal(50, transformed.GetColumn<int[]>("Ids").Count());
        Assert.Equal(2, log.Warnings.Count());
    }

    [Fact]
    public void ManyRowsAreReadAsTheyAreAskedFor()
    {
        var view = new CountingView(100_000);
        var transformed = _ml.Transforms.Text.TokenizeWith(Toy.Tokenizer).Fit(view).Transform(view);
        using (var cursor = transformed.GetRowCursor([transformed.Schema["Ids"]]))
        {
            Assert.True(cursor.MoveNext());
            Assert.Equal(16, view.RowsMoved);
        }
        var row = 0;
        foreach (var ids in transformed.GetColumn<int[]>("Ids").Take(3000))
            Assert.Equal(Toy.Tokenizer.EncodeToIds(CountingView.TextOf(row++)), ids);
        Assert.InRange(view.RowsMoved, 3000, 8000);
    }

    [Fact]
    public void ReadingIsCancelled()
    {
        using var cancellation = new CancellationTokenSource();
        var view = new CountingView(10_000);
        foreach (Tokenizer tokenizer in (Tokenizer[])[Bert, new Letters()])
        {
            var transformed = _ml.Transforms.Text.TokenizeWith(tokenizer, new TextTokenizationOptions { Cancellation = cancellation.Token }).Fit(view).Transform(view);
            using var cursor = transformed.GetRowCursor(transformed.Schema);
            if (!cancellation.IsCancellationRequested)
                Assert.True(cursor.MoveNext());
            cancellation.Cancel();
            Assert.ThrowsAny<OperationCanceledException>(() =>
            {
                while (cursor.MoveNext())
                {
                }
            });
        }
    }

    [Fact]
    public void WrongColumnsAreRefusedBeforeARowIsRead()
    {
        var view = new CountingView(10);
        Assert.Contains("'Words' is missing", Assert.Throws<ArgumentException>(() => _ml.Transforms.Text.TokenizeWith(Bert, "Words").Fit(view)).Message);
        Assert.Contains("'Id' has to be text", Assert.Throws<ArgumentException>(() => _ml.Transforms.Text.TokenizeWith(Bert, new TextTokenizationOptions { PairColumnName = "Id" }).Fit(view)).Message);
        var chain = _ml.Transforms.Text.TokenizeWith(Bert).Append(_ml.Transforms.Text.TokenizeWith(Bert, "Ids", "More"));
        Assert.Contains("'Ids' has to be text", Assert.Throws<ArgumentException>(() => chain.Fit(view)).Message);
        Assert.Contains("'Id' has to be text", Assert.Throws<ArgumentException>(() => _ml.Transforms.Text.TokenizeWith(Bert, new TextTokenizationOptions { PairColumnName = "Id" }).Append(_ml.Transforms.Text.TokenizeWith(Bert)).Fit(view)).Message);
        Assert.Empty(view.Asked);
        Assert.Contains("at least 2", Assert.Throws<ArgumentException>(() => _ml.Transforms.Text.TokenizeWith(Bert, new TextTokenizationOptions { MaximumTokens = 1 })).Message);
        Assert.Contains("PaddingId", Assert.Throws<ArgumentException>(() => _ml.Transforms.Text.TokenizeWith(Toy.Tokenizer, new TextTokenizationOptions { MaximumTokens = 4, PadToMaximum = true })).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Transforms.Text.TokenizeWith(Bert, new TextTokenizationOptions { MaximumTokens = 4, PadToMaximum = true, PaddingId = 900 }));
    }

    [Fact]
    public void AnyTokenizerGivesWhatTheBaseClassTells()
    {
        var data = View(new TextRow { Text = "bad" }, new TextRow { Text = "cabbage" }, new TextRow { Text = null! });
        var options = new TextTokenizationOptions
        {
            TokensColumnName = "Tokens", AttentionMaskColumnName = "Attention", StartsColumnName = "Starts", EndsColumnName = "Ends", TokenCountColumnName = "Count", TruncatedTokensColumnName = "Truncated",
            MaximumTokens = 4, PadToMaximum = true, Facts = new TokenizerFacts(27, Padding: 26),
        };
        var rows = Read(_ml.Transforms.Text.TokenizeWith(new Letters(), options).Fit(data).Transform(data));
        Assert.Equal([1, 0, 3, 26], rows[0].Ids);
        Assert.Equal(["b", "a", "d", "{"], rows[0].Tokens);
        Assert.Equal([1, 1, 1, 0], rows[0].Attention);
        Assert.Equal([0, 1, 2, 0], rows[0].Starts);
        Assert.Equal([1, 2, 3, 0], rows[0].Ends);
        Assert.Equal((3, 0), (rows[0].Count, rows[0].Truncated));
        Assert.Equal([2, 0, 1, 1], rows[1].Ids);
        Assert.Equal((4, 3), (rows[1].Count, rows[1].Truncated));
        Assert.Equal([26, 26, 26, 26], rows[2].Ids);
        Assert.Equal([1, 0, 6, 4], Read(_ml.Transforms.Text.TokenizeWith(new Letters(), options with { TruncationSide = TruncationSide.Left }).Fit(data).Transform(data))[1].Ids);
        Assert.Equal([2u, 1u, 4u], _ml.Transforms.Text.TokenizeWith(new Letters(), new TextTokenizationOptions { IdType = TokenIdType.Key, Facts = new TokenizerFacts(26) }).Fit(data).Transform(data).GetColumn<uint[]>("Ids").First());
    }

    [Fact]
    public void WhatTheBaseClassDoesNotTellIsRefused()
    {
        TextTokenizationEstimator Make(TextTokenizationOptions options, bool normalizes = false) => _ml.Transforms.Text.TokenizeWith(new Letters(normalizes), options);
        foreach (var (options, name) in ((TextTokenizationOptions, string)[])
        [
            (new() { PairColumnName = "Pair" }, "PairColumnName"), (new() { SpecialTokensMaskColumnName = "x" }, "SpecialTokensMaskColumnName"), (new() { TypeIdsColumnName = "x" }, "TypeIdsColumnName"), (new() { WordIdsColumnName = "x" }, "WordIdsColumnName"),
        ])
        {
            string message = Assert.Throws<NotSupportedException>(() => Make(options)).Message;
            Assert.Contains(name, message);
            Assert.Contains("Letters", message);
        }
        Assert.Contains("normalizer", Assert.Throws<NotSupportedException>(() => Make(new() { EndsColumnName = "x" }, normalizes: true)).Message);
        Assert.Contains("Facts", Assert.Throws<ArgumentException>(() => Make(new() { IdType = TokenIdType.Key })).Message);
        Assert.Contains("PaddingId", Assert.Throws<ArgumentException>(() => Make(new() { MaximumTokens = 3, PadToMaximum = true })).Message);
        var data = View(new TextRow { Text = "az" });
        var wrong = Make(new() { Facts = new TokenizerFacts(20) }).Fit(data).Transform(data);
        Assert.Contains("the id 25", Assert.Throws<InvalidOperationException>(() => wrong.GetColumn<int[]>("Ids").Count()).Message);
        var model = Make(new()).Fit(data);
        Assert.Contains("Letters", Assert.Throws<NotSupportedException>(() => model.SaveFolder(ScratchFolder.New())).Message);
        Assert.ThrowsAny<Exception>(() => _ml.Model.Save(model, data.Schema, Path.Combine(ScratchFolder.New(), "model.zip")));
    }

    [Fact]
    public void AChainSurvivesAModelFileInAFreshProcess()
    {
        var data = View(new TextRow { Text = "a" });
        var options = Everything with { PairColumnName = "Pair", MaximumTokens = 6, PadToMaximum = true, TruncationSide = TruncationSide.Left, IdsColumnName = null };
        var chain = _ml.Transforms.Text.TokenizeWith(Bert, options).Append(_ml.Transforms.Text.TokenizeWith(Bert, new TextTokenizationOptions { IdsColumnName = "Keys", IdType = TokenIdType.Key }))
            .Append(_ml.Transforms.Conversion.MapKeyToValue("Names", "Keys")).Fit(data);
        string path = Path.Combine(ScratchFolder.New(), "model.zip");
        _ml.Model.Save(chain, data.Schema, path);
        FreshProcess.Run(typeof(TextTokenizationTests), nameof(TheFreshProcess), path);
        Assert.Equal(Summary(chain), JsonSerializer.Deserialize<string[]>(File.ReadAllText(path + ".rows")));
    }

    /// <summary>What <see cref="AChainSurvivesAModelFileInAFreshProcess"/> starts.</summary>
    [Fact]
    public void TheFreshProcess()
    {
        string path = FreshProcess.ModelPath();
        var loaded = new MLContext().Model.Load(path, out _);
        File.WriteAllText(path + ".rows", JsonSerializer.Serialize(Summary(loaded)));
    }

    [Fact]
    public void AFolderKeepsTokenizerAndOptions()
    {
        string folder = ScratchFolder.New();
        var options = Everything with { PairColumnName = "Pair", IdType = TokenIdType.Int64, AddSpecialTokens = false, MaximumTokens = 9, TruncationStrategy = TruncationStrategy.OnlySecond, PaddingSide = PaddingSide.Left, PaddingId = 1, PadToMaximum = true, Facts = new(9, 1, 2, 3) };
        _ml.Transforms.Text.TokenizeWith(Bert, options).Fit(View()).SaveFolder(folder);
        Assert.Equal(["task.json", "tokenizer.json", "tokenizer_config.json"], Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var loaded = Assert.IsType<TextTokenizationTransformer>(_ml.LanguageModels.LoadTransformer(folder));
        Assert.Equal(options, loaded.Options);
        var tokenizer = Assert.IsType<TokenizerModel>(loaded.Tokenizer);
        Assert.Equal((0, "{{ messages }}"), (tokenizer.Padding, tokenizer.Config!.ChatTemplate));
    }

    private static string[] Summary(ITransformer model)
    {
        var ml = new MLContext();
        var transformed = model.Transform(ml.Data.LoadFromEnumerable([new TextRow { Text = "a b c d", Pair = "e e" }, new TextRow { Text = "c", Pair = "" }]));
        return [.. transformed.Schema.Where(column => !column.IsHidden && column.Type is VectorDataViewType).SelectMany(column => ((VectorDataViewType)column.Type).ItemType switch
        {
            KeyDataViewType => transformed.GetColumn<uint[]>(column).Select(values => $"{column.Name} {string.Join(' ', values)}"),
            TextDataViewType => transformed.GetColumn<ReadOnlyMemory<char>[]>(column).Select(values => $"{column.Name} {string.Join(' ', values)}"),
            _ => transformed.GetColumn<int[]>(column).Select(values => $"{column.Name} {string.Join(' ', values)}"),
        })];
    }

    private IDataView View(params TextRow[] rows) => _ml.Data.LoadFromEnumerable(rows);

    private List<AllColumns> Rows(TextTokenizationOptions options, params TextRow[] rows) => Read(_ml.Transforms.Text.TokenizeWith(Bert, options).Fit(View()).Transform(View(rows)));

    private List<AllColumns> Read(IDataView view) => [.. _ml.Data.CreateEnumerable<AllColumns>(view, reuseRowObject: false, ignoreMissingColumns: true)];

    private sealed class TextRow
    {
        public string Text { get; set; } = "";

        public string Pair { get; set; } = "";
    }

    private sealed class AllColumns
    {
        public int[] Ids { get; set; } = [];

        public string[] Tokens { get; set; } = [];

        public int[] Attention { get; set; } = [];

        public int[] Special { get; set; } = [];

        public int[] Types { get; set; } = [];

        public int[] Words { get; set; } = [];

        public int[] Starts { get; set; } = [];

        public int[] Ends { get; set; } = [];

        public int Count { get; set; }

        public int Truncated { get; set; }
    }

    /// <summary>A tokenizer of somebody else: a lower-case letter a token.</summary>
    private sealed class Letters(bool normalizes = false) : Tokenizer
    {
        public override Normalizer? Normalizer => normalizes ? new LowerCaseNormalizer() : null;

        public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
        {
            (idsConsumed, charsWritten) = (0, 0);
            foreach (int id in ids)
            {
                if (charsWritten == destination.Length)
                    return OperationStatus.DestinationTooSmall;
                destination[charsWritten++] = (char)('a' + id);
                idsConsumed++;
            }
            return OperationStatus.Done;
        }

        protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
        {
            string letters = text ?? textSpan.ToString();
            return new EncodeResults<EncodedToken> { Tokens = [.. letters.Select((letter, i) => new EncodedToken(letter - 'a', letter.ToString(), i..(i + 1)))], CharsConsumed = letters.Length };
        }
    }
}
