using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A label, from 0 (-1 where it is missing), and the scores of all classes, in a buffer that the next row uses again.</summary>
internal readonly record struct JudgedScores(int Actual, double[] Scores, double Weight);

/// <summary>Everything that probabilities of several classes tell.</summary>
internal sealed class MulticlassMeasure : Measure<JudgedScores, MulticlassEvaluationMetrics>
{
    internal const string MissingLabel = "the label is missing; the row is left out";

    // The statistics of the macro F are three numbers a class and row.
    private const int MostClassesWithMacroStatistics = 64;

    private readonly MulticlassEvaluationOptions _options;
    private readonly IReadOnlyList<string> _names;
    private readonly ProbabilityAccumulator _probabilities;
    private readonly CalibrationAccumulator _calibration;
    private readonly MulticlassScoreAccumulator? _curves;
    private readonly SegmentStatistics? _accuracy, _logLoss, _macro;
    private readonly InputWarnings _warnings = new();
    private readonly bool _single;
    private double[] _softmax = [];
    private long _rows;

    /// <param name="names">Names of the classes.</param>
    /// <param name="single">Whether the scores are float32, whose rounding is forgiven where they should sum to one.</param>
    /// <param name="options">The options.</param>
    /// <param name="keepRows">Whether the statistics of each row are kept.</param>
    internal MulticlassMeasure(IReadOnlyList<string> names, bool single, MulticlassEvaluationOptions options, bool keepRows)
    {
        (_names, _single, _options) = (names, single, options);
        _probabilities = new ProbabilityAccumulator(names.Count, options.Probabilities, names);
        _calibration = new CalibrationAccumulator(options.CalibrationBins);
        if (options.Curves) _curves = new MulticlassScoreAccumulator(names.Count);
        if (!keepRows) return;
        _accuracy = WeightedMean.Statistics("Accuracy");
        _logLoss = WeightedMean.Statistics("Log loss");
        if (names.Count <= MostClassesWithMacroStatistics) _macro = MacroStatistics(names.Count);
    }

    internal override IEnumerable<SegmentStatistics> Segments => _accuracy is null ? [] : _macro is null ? [_accuracy, _logLoss!] : [_accuracy, _macro, _logLoss!];

    internal override IReadOnlyList<InputWarning> Warnings
    {
        get
        {
            ProbabilityMetrics metrics = _probabilities.Compute();
            return metrics.FirstRowNotSummingToOne is long first ? [.. _warnings.List, new InputWarning("the probabilities do not sum to one; they are taken as they are", metrics.RowsNotSummingToOne, first)] : _warnings.List;
        }
    }

    internal static string MacroF(ClassificationOptions? options) => string.Create(CultureInfo.InvariantCulture, $"Macro F{options?.Beta ?? 1}");

    internal override double Add(JudgedScores row)
    {
        long number = _rows++;
        if (row.Actual < 0)
        {
            _warnings.Note(MissingLabel, number);
            _accuracy?.Add([0, 0]);
            _logLoss?.Add([0, 0]);
            _macro?.Add(new double[_macro.Width]);
            return double.NaN;
        }
        double[] probabilities = _options.ScoresAreLogits ? Softmax(row.Scores, number) : row.Scores;
        if (_single && !_options.ScoresAreLogits) _probabilities.Add(Array.ConvertAll(probabilities, value => (float)value), row.Actual, row.Weight);
        else _probabilities.Add(probabilities, row.Actual, row.Weight);
        _calibration.Add(probabilities, row.Actual, row.Weight);
        _curves?.Add(probabilities, row.Actual, row.Weight);
        int answer = TensorPrimitives.IndexOfMax<double>(probabilities);
        if (_accuracy is not null) Keep(row, probabilities[row.Actual], answer);
        return answer == row.Actual ? 0 : probabilities[answer];
    }

    internal override MulticlassEvaluationMetrics Compute() => new(_probabilities.Compute(_options.Labels), _calibration.Compute(), _curves?.Compute());

    internal override IEnumerable<(string Name, double Value)> Figures(MulticlassEvaluationMetrics metrics) =>
        [("Accuracy", metrics.Labels.Accuracy), (MacroF(_options.Labels), metrics.Labels.Macro.FScore), ("Log loss", metrics.Probabilities.LogLoss), ("Expected calibration error", metrics.Calibration.ExpectedCalibrationError)];

    internal override (string Expected, string Answered) Describe(JudgedScores row) =>
        (row.Actual < 0 ? "" : _names[row.Actual], _names[TensorPrimitives.IndexOfMax<double>(row.Scores)]);

    private void Keep(JudgedScores row, double own, int answer)
    {
        double epsilon = _options.Probabilities.Epsilon;
        _accuracy!.Add([answer == row.Actual ? row.Weight : 0, row.Weight]);
        _logLoss!.Add([-row.Weight * Math.Log(Math.Clamp(own, epsilon, 1 - epsilon)), row.Weight]);
        if (_macro is null) return;
        double[] counts = new double[_macro.Width];
        if (answer == row.Actual) counts[answer] = row.Weight;
        counts[_names.Count + row.Actual] = row.Weight;
        counts[(2 * _names.Count) + answer] = row.Weight;
        _macro.Add(counts);
    }

    /// <summary>Rows are, for each class: right, actual, answered.</summary>
    private SegmentStatistics MacroStatistics(int classes)
    {
        ClassificationOptions options = _options.Labels ?? new ClassificationOptions();
        return new SegmentStatistics(MacroF(options), 3 * classes, sums =>
        {
            (double sum, int defined) = (0, 0);
            for (int i = 0; i < classes; i++)
            {
                double f = Ratio.FScore(sums[i], sums[classes + i], sums[(2 * classes) + i], options.Beta, options.ZeroDivision);
                if (double.IsNaN(f)) continue;
                sum += f;
                defined++;
            }
            return sum / defined;
        });
    }

    private double[] Softmax(double[] logits, long row)
    {
        Row.Finite(logits, row, "logit");
        if (_softmax.Length != logits.Length) _softmax = new double[logits.Length];
        TemperatureScaling.Softmax(logits, 1, _softmax);
        return _softmax;
    }
}
