using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

public sealed partial class EvaluationCatalog
{
    private const string GeneratedText = "GeneratedText", Reference = "Reference";

    /// <summary>BLEU of generated texts, from 0 to 100, as sacreBLEU computes it.</summary>
    /// <param name="data">The texts.</param>
    /// <param name="hypothesisColumnName">The column of generated texts, text.</param>
    /// <param name="referenceColumnName">The column of right texts, text or a vector of texts.</param>
    /// <param name="options">How BLEU is computed; default null: sacreBLEU's defaults.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<BleuMetrics> Bleu(IDataView data, string hypothesisColumnName = GeneratedText, string referenceColumnName = Reference, BleuOptions? options = null, EvaluationOptions? evaluation = null) =>
        Texts(data, hypothesisColumnName, referenceColumnName, evaluation, keep =>
        {
            BleuAccumulator accumulator = new(options, keep);
            return new CorpusMeasure<BleuMetrics>(accumulator, accumulator.Compute, accumulator.Name, metrics => metrics.Score, score => 100 - score);
        });

    /// <summary>chrF of generated texts, from 0 to 100, as sacreBLEU computes it; chrF++ with <see cref="ChrfOptions.PlusPlus"/>.</summary>
    /// <param name="data">The texts.</param>
    /// <param name="hypothesisColumnName">The column of generated texts, text.</param>
    /// <param name="referenceColumnName">The column of right texts, text or a vector of texts.</param>
    /// <param name="options">How chrF is computed; default null: sacreBLEU's defaults.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<ChrfMetrics> Chrf(IDataView data, string hypothesisColumnName = GeneratedText, string referenceColumnName = Reference, ChrfOptions? options = null, EvaluationOptions? evaluation = null) =>
        Texts(data, hypothesisColumnName, referenceColumnName, evaluation, keep =>
        {
            ChrfAccumulator accumulator = new(options, keep);
            return new CorpusMeasure<ChrfMetrics>(accumulator, accumulator.Compute, accumulator.Name, metrics => metrics.Score, score => 100 - score);
        });

    /// <summary>Translation edit rate of generated texts, in percent, as sacreBLEU computes it; the lower, the better.</summary>
    /// <param name="data">The texts.</param>
    /// <param name="hypothesisColumnName">The column of generated texts, text.</param>
    /// <param name="referenceColumnName">The column of right texts, text or a vector of texts.</param>
    /// <param name="options">How TER is computed; default null: sacreBLEU's defaults.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<TerMetrics> Ter(IDataView data, string hypothesisColumnName = GeneratedText, string referenceColumnName = Reference, TerOptions? options = null, EvaluationOptions? evaluation = null) =>
        Texts(data, hypothesisColumnName, referenceColumnName, evaluation, keep =>
        {
            TerAccumulator accumulator = new(options, keep);
            return new CorpusMeasure<TerMetrics>(accumulator, accumulator.Compute, accumulator.Name, metrics => metrics.Score, score => score);
        });

    /// <summary>ROUGE of generated texts (summaries), from 0 to 1, as rouge_score computes it; of several references the best one counts.</summary>
    /// <param name="data">The texts.</param>
    /// <param name="hypothesisColumnName">The column of generated texts, text.</param>
    /// <param name="referenceColumnName">The column of right texts, text or a vector of texts.</param>
    /// <param name="options">How ROUGE is computed; default null: rouge1, rouge2, rougeL and rougeLsum without stemming.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<RougeMetrics> Rouge(IDataView data, string hypothesisColumnName = GeneratedText, string referenceColumnName = Reference, RougeOptions? options = null, EvaluationOptions? evaluation = null) =>
        Texts(data, hypothesisColumnName, referenceColumnName, evaluation, keep => new RougeMeasure(options, keep));

    /// <summary>METEOR without synonyms of generated texts, from 0 to 1, as nltk computes it.</summary>
    /// <param name="data">The texts.</param>
    /// <param name="hypothesisColumnName">The column of generated texts, text.</param>
    /// <param name="referenceColumnName">The column of right texts, text or a vector of texts.</param>
    /// <param name="options">How METEOR is computed; default null: nltk's defaults.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<MeteorMetrics> Meteor(IDataView data, string hypothesisColumnName = GeneratedText, string referenceColumnName = Reference, MeteorOptions? options = null, EvaluationOptions? evaluation = null) =>
        Texts(data, hypothesisColumnName, referenceColumnName, evaluation, keep => new MeteorMeasure(options, keep));

    /// <summary>Word and character error rates of generated texts (transcripts); the lower, the better.</summary>
    /// <param name="data">The texts.</param>
    /// <param name="hypothesisColumnName">The column of generated texts, text.</param>
    /// <param name="referenceColumnName">The column of right texts, text.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<ErrorRateMetrics> ErrorRates(IDataView data, string hypothesisColumnName = GeneratedText, string referenceColumnName = Reference, EvaluationOptions? evaluation = null)
    {
        SchemaChecks.RequireText(Require.NotNull(data).Schema, referenceColumnName);
        return Texts(data, hypothesisColumnName, referenceColumnName, evaluation, keep => new ErrorRateMeasure(keep));
    }

    /// <summary>How varied generated texts are: distinct n-grams, repetition, entropy. There are no intervals.</summary>
    /// <param name="data">The texts.</param>
    /// <param name="textColumnName">The column of texts.</param>
    /// <param name="evaluation">Slices; default null: none.</param>
    /// <exception cref="ArgumentException">The column is missing or is no text, or there are no rows.</exception>
    public EvaluationResult<DiversityMetrics> Diversity(IDataView data, string textColumnName = GeneratedText, EvaluationOptions? evaluation = null)
    {
        DataViewSchema.Column text = SchemaChecks.RequireText(Require.NotNull(data).Schema, textColumnName);
        return ViewEvaluation.Run(data, [text], row => EvaluationColumns.TextReader(row, text), _ => new DiversityMeasure(), evaluation);
    }

    /// <summary>Self-BLEU: how like each other generated texts are, each against all others. It keeps the texts in memory.</summary>
    /// <param name="data">The texts.</param>
    /// <param name="textColumnName">The column of texts.</param>
    /// <param name="options">How BLEU is computed; default null: sacreBLEU's defaults with effective order.</param>
    /// <param name="evaluation">Slices; there are neither intervals nor worst rows. Default null: none.</param>
    /// <exception cref="ArgumentException">The column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<SelfBleuMetrics> SelfBleu(IDataView data, string textColumnName = GeneratedText, BleuOptions? options = null, EvaluationOptions? evaluation = null)
    {
        DataViewSchema.Column text = SchemaChecks.RequireText(Require.NotNull(data).Schema, textColumnName);
        return ViewEvaluation.Run(data, [text], row => EvaluationColumns.TextReader(row, text), _ => new SelfBleuMeasure(options, evaluation?.Cancellation ?? default), evaluation);
    }

    /// <summary>Exact match and F1 of answers, in percent, as SQuAD's programs compute them.</summary>
    /// <param name="data">The questions.</param>
    /// <param name="predictionColumnName">The column of predicted answers, text; empty: the question has no answer.</param>
    /// <param name="answersColumnName">The column of right answers, text or a vector of texts; an empty vector is a question without an answer (version 2.0).</param>
    /// <param name="noAnswerProbabilityColumnName">The column of how probable it is that there is no answer, a number; default null: not known.</param>
    /// <param name="options">How answers are judged; default null: version 2.0.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<SquadMetrics> QuestionAnswering(IDataView data, string predictionColumnName = "PredictedAnswer", string answersColumnName = "Answers", string? noAnswerProbabilityColumnName = null, SquadOptions? options = null, EvaluationOptions? evaluation = null)
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        DataViewSchema.Column prediction = SchemaChecks.RequireText(schema, predictionColumnName), answers = EvaluationColumns.RequireTexts(schema, answersColumnName);
        DataViewSchema.Column? probability = noAnswerProbabilityColumnName is null ? null : EvaluationColumns.RequireNumber(schema, noAnswerProbabilityColumnName);
        return ViewEvaluation.Run<JudgedAnswer, SquadMetrics>(data, Given(prediction, answers, probability), row =>
        {
            Func<string> readPrediction = EvaluationColumns.TextReader(row, prediction);
            Func<string[]> readAnswers = EvaluationColumns.TextsReader(row, answers);
            Func<double>? readProbability = probability is { } given ? EvaluationColumns.NumberReader(row, given) : null;
            return () => new JudgedAnswer(readPrediction(), readAnswers(), readProbability?.Invoke());
        }, keep => new AnswerMeasure(options, keep), evaluation);
    }

    /// <summary>Precision, recall and F of entities in token tags, as seqeval computes them. A row is a sentence.</summary>
    /// <param name="data">The sentences.</param>
    /// <param name="labelColumnName">The column of tags, a vector of texts or of keys: "B-PER", "I-PER", "O".</param>
    /// <param name="predictedLabelColumnName">The column of predicted tags, as many.</param>
    /// <param name="options">How entities are read and counted; default null: conlleval's rules.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, a row's columns differ in length, or there are no rows.</exception>
    public EvaluationResult<EntityMetrics> TokenTags(IDataView data, string labelColumnName = DefaultColumns.Label, string predictedLabelColumnName = DefaultColumns.PredictedLabel, EntityOptions? options = null, EvaluationOptions? evaluation = null)
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        DataViewSchema.Column label = EvaluationColumns.RequireTags(schema, labelColumnName), predicted = EvaluationColumns.RequireTags(schema, predictedLabelColumnName);
        return ViewEvaluation.Run<JudgedTags, EntityMetrics>(data, [label, predicted], row =>
        {
            Func<string[]> readLabel = EvaluationColumns.TagsReader(row, label), readPredicted = EvaluationColumns.TagsReader(row, predicted);
            return () => new JudgedTags(readLabel(), readPredicted());
        }, keep => new EntityMeasure(options, keep), evaluation);
    }

    /// <summary>Perplexity of rows that a language model has scored: sums over all, divided once.</summary>
    /// <param name="data">The rows, as a <see cref="CausalPretrainingTransformer"/> gives them.</param>
    /// <param name="logProbabilityColumnName">The column of log-probabilities of the texts, in nats, a number of 0 or less.</param>
    /// <param name="tokenCountColumnName">The column of predicted tokens, a number.</param>
    /// <param name="textColumnName">The text column, whose words, characters and bytes are counted; null: figures by token only.</param>
    /// <param name="evaluation">Intervals, slices, worst rows; default null: none.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public EvaluationResult<PerplexityMetrics> Perplexity(IDataView data, string logProbabilityColumnName = "LogProbability", string tokenCountColumnName = "TokenCount", string? textColumnName = "Text", EvaluationOptions? evaluation = null)
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        DataViewSchema.Column logProbability = EvaluationColumns.RequireNumber(schema, logProbabilityColumnName), tokens = EvaluationColumns.RequireNumber(schema, tokenCountColumnName);
        DataViewSchema.Column? text = textColumnName is null ? null : SchemaChecks.RequireText(schema, textColumnName);
        return ViewEvaluation.Run<JudgedLikelihood, PerplexityMetrics>(data, Given(logProbability, tokens, text), row =>
        {
            Func<double> readLog = EvaluationColumns.NumberReader(row, logProbability), readTokens = EvaluationColumns.NumberReader(row, tokens);
            Func<string>? readText = text is { } given ? EvaluationColumns.TextReader(row, given) : null;
            return () => new JudgedLikelihood(readLog(), readTokens(), readText?.Invoke());
        }, keep => new PerplexityMeasure(text is not null, keep), evaluation);
    }

    private static EvaluationResult<TMetrics> Texts<TMetrics>(IDataView data, string hypothesisColumnName, string referenceColumnName, EvaluationOptions? evaluation, Func<bool, Measure<JudgedText, TMetrics>> create)
        where TMetrics : notnull
    {
        DataViewSchema schema = Require.NotNull(data).Schema;
        DataViewSchema.Column hypothesis = SchemaChecks.RequireText(schema, hypothesisColumnName), reference = EvaluationColumns.RequireTexts(schema, referenceColumnName);
        return ViewEvaluation.Run(data, [hypothesis, reference], row =>
        {
            Func<string> readHypothesis = EvaluationColumns.TextReader(row, hypothesis);
            Func<string[]> readReferences = EvaluationColumns.ReferencesReader(row, reference);
            return () => new JudgedText(readHypothesis(), readReferences());
        }, create, evaluation);
    }
}
