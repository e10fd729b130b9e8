using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Generation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

/// <summary>A missing text is the empty text, as it is for ML.NET's own, at every door: data with either gives the same. Where the empty text can be none, the column and the row are named.</summary>
public sealed class MissingTextsTests : IDisposable
{
    private readonly MLContext _ml = new(1);
    private readonly LanguageModel _model = Toy.Model();
    private readonly TextEncoder _encoder = Toy.Encoder();

    public void Dispose()
    {
        _model.Dispose();
        _encoder.Dispose();
    }

    [Fact]
    public void Pretraining_leaves_them_out() => Same(view =>
    {
        LogLines log = new(_ml);
        var fitted = _ml.LanguageModels.PretrainCausalLanguageModel(_model, Toy.Pretraining with { Seed = 1, ValidationData = view }).Fit(view);
        Assert.Contains(log.All, line => line.Text.EndsWith("2 empty rows left out.", StringComparison.Ordinal));
        return [fitted.Training!.FinalLoss, fitted.Training.Best!.Loss, .. fitted.Transform(view).GetColumn<float>("LogProbability")];
    });

    [Fact]
    public void Classification_reads_them_as_texts_without_words() => Same(view =>
    {
        var fitted = Toy.Pipeline(_ml, _encoder, Toy.Classification with { Epochs = 1, Seed = 1, ValidationData = view, ValidationLabelColumnName = nameof(Row.Class) }).Fit(view);
        return [fitted.OfType<TextClassificationTransformer>().Single().Training!.Best!.Loss, .. fitted.Transform(view).GetColumn<float[]>("Score").SelectMany(score => score)];
    });

    [Fact]
    public void An_engine_does_too()
    {
        var fitted = Toy.Pipeline(_ml, _encoder, Toy.Classification with { Epochs = 1 }).Fit(View(""));
        using var engine = _ml.Model.CreatePredictionEngine<Row, TextClassificationPrediction>(fitted);
        Assert.Equal(engine.Predict(new Row { Text = "" }).Score, engine.Predict(new Row()).Score);
    }

    [Fact]
    public void Rates_are_found_with_them() => Same(view => [.. _ml.LanguageModels.FindLearningRate(_model, view, Toy.Pretraining with { Seed = 1 }, new() { Steps = 3 }).Points.Select(point => point.Loss)]);

    [Fact]
    public void Generation_begins_with_nothing() => Same(view => [.. _ml.LanguageModels.GenerateText(_model, new TextGenerationOptions { PromptColumnName = "Text", Generation = new() { MaxNewTokens = 3, Temperature = 0 } }).Fit(view).Transform(view).GetColumn<string>("GeneratedText").Select(text => (double)text.Length)]);

    [Fact]
    public void Embedding_and_tokenizing_know_them() => Same(view =>
    [
        .. _ml.LanguageModels.EmbedText(_encoder).Fit(view).Transform(view).GetColumn<float[]>("Embedding").SelectMany(vector => vector),
        .. _ml.LanguageModels.TokenizeWith(Toy.BertTokenizer).Fit(view).Transform(view).GetColumn<int[]>("Ids").SelectMany(ids => ids),
        .. _ml.LanguageModels.TrainTokenizer(vocabularySize: 280).Fit(view).Transform(view).GetColumn<int[]>("Tokens").Select(ids => ids.Length),
        _ml.LanguageModels.Evaluate(_model, view).Perplexity!.Value,
    ]);

    [Fact]
    public void Evaluations_compare_with_them() => Same(view =>
    [
        _ml.Evaluation.Bleu(view, "Text", "References").Metrics.Score, _ml.Evaluation.Bleu(view, "Text", "Text").Metrics.Score, _ml.Evaluation.Chrf(view, "Text", "References").Metrics.Score, _ml.Evaluation.Ter(view, "Text", "References").Metrics.Score,
        _ml.Evaluation.Rouge(view, "Text", "References").Metrics.Rouge1!.FScore, _ml.Evaluation.Meteor(view, "Text", "References").Metrics.Score,
        _ml.Evaluation.QuestionAnswering(view, "Text", "References").Metrics.F1, _ml.Evaluation.Diversity(view, "Text").Metrics.Tokens,
    ]);

    [Fact]
    public void What_the_empty_text_cannot_be_is_refused_by_column_and_row()
    {
        IDataView without = _ml.Data.LoadFromEnumerable<Row>([new Row { Text = "a", References = ["a"] }, new Row { Text = "b", References = null }]);
        foreach (Func<object> evaluate in (Func<object>[])[() => _ml.Evaluation.Bleu(without, "Text", "References"), () => _ml.Evaluation.Rouge(without, "Text", "References"), () => _ml.Evaluation.Meteor(without, "Text", "References")])
            Assert.Contains("Column 'References' has no reference at row 1 (counted from 0): every text needs at least one. Leave the row out", Assert.Throws<ArgumentException>(evaluate).Message, StringComparison.Ordinal);
        IDataView untagged = _ml.Data.LoadFromEnumerable<Row>([new Row { References = ["O"] }, new Row { References = ["B-PER", null] }]);
        Assert.Contains("Column 'References' has a missing tag at row 1 (counted from 0): every token needs one, O where", Assert.Throws<ArgumentException>(() => _ml.Evaluation.TokenTags(untagged, "References", "References")).Message, StringComparison.Ordinal);
        Assert.Contains("prompt 1 (counted from 0) is null", Assert.Throws<ArgumentException>(() => new TextGenerator(_model.Decoder, _model.Tokenizer).Generate(["a", null!], cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        IDataView nothing = _ml.Data.LoadFromEnumerable<Row>([new Row(), new Row()]);
        Assert.Contains("all 2 rows of 'Text' are empty", Assert.Throws<ArgumentException>(() => _ml.LanguageModels.PretrainCausalLanguageModel(_model).Fit(nothing)).Message, StringComparison.Ordinal);
    }

    private IDataView View(string? missing) => _ml.Data.LoadFromEnumerable<Row>(
    [
        new Row { Text = missing, Class = "car", References = [missing] },
        .. Toy.Rows(18).Select(row => new Row { Text = row.Text, Class = row.Class, References = [row.Text, missing] }),
        new Row { Text = missing, Class = "fruit", References = [missing, "apple"] },
    ]);

    private void Same(Func<IDataView, double[]> measure)
    {
        double[] numbers = measure(View(null));
        Assert.NotEmpty(numbers);
        Assert.Equal(measure(View("")), numbers);
    }

    private sealed class Row
    {
        public string? Text { get; set; }

        public string? Class { get; set; }

        public string?[]? References { get; set; }
    }
}
