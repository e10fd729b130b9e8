using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;
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
        Assert.Equal(nameof(TokenizerTrainingOptions.VocabularySize), Assert.Throws<ArgumentOutOfRangeException>(() => _ml.LanguageModels.TrainTokenizer(vocabularySize: 100)).ParamName);
    }

    [Fact]
    public void ItCanBeCancelled()
    {
        var options = new TokenizerTrainingOptions { Cancellation = new CancellationToken(canceled: true) };
        Assert.ThrowsAny<OperationCanceledException>(() => _ml.LanguageModels.TrainTokenizer(options).Fit(Toy.View(_ml, 10)));
    }

    private sealed class Tokenized
    {
        public string Text { get; set; } = "";

        public int[] Tokens { get; set; } = [];
    }
}
