namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Divisions and means under a rule for denominators of 0.</summary>
internal static class Ratio
{
    public static double Value(this ZeroDivision rule) => rule switch { ZeroDivision.Zero => 0, ZeroDivision.One => 1, _ => double.NaN };

    public static double Of(double part, double whole, ZeroDivision rule) => whole == 0 ? rule.Value() : part / whole;

    /// <summary>(1 + b²) tp / (b² actual + predicted): infinite beta is recall, 0 is precision.</summary>
    public static double FScore(double right, double actual, double predicted, double beta, ZeroDivision rule)
    {
        if (double.IsPositiveInfinity(beta)) return Of(right, actual, rule);
        double squared = beta * beta;
        return Of((1 + squared) * right, (squared * actual) + predicted, rule);
    }

    /// <summary>Precision, recall, F and Jaccard from sums.</summary>
    public static ClassScores Scores(double right, double actual, double predicted, double beta, ZeroDivision rule) => new(
        Of(right, predicted, rule), Of(right, actual, rule), FScore(right, actual, predicted, beta, rule), Of(right, actual + predicted - right, rule), actual);

    /// <summary>Mean of the scores that are not NaN; weights that are all 0 are as none.</summary>
    public static double Mean(IEnumerable<double> values, IEnumerable<double>? weights = null)
    {
        List<(double Value, double Weight)> defined = [.. (weights is null ? values.Select(value => (value, 1.0)) : values.Zip(weights)).Where(pair => !double.IsNaN(pair.Item1))];
        double total = defined.Sum(pair => pair.Weight);
        return defined.Count == 0 ? double.NaN : total == 0 ? defined.Average(pair => pair.Value) : defined.Sum(pair => pair.Value * pair.Weight) / total;
    }

    /// <summary>The mean of each of the scores over classes.</summary>
    public static AverageScores Mean(IReadOnlyList<ClassScores> scores, bool bySupport)
    {
        IEnumerable<double>? weights = bySupport ? scores.Select(score => score.Support) : null;
        return new AverageScores(Mean(scores.Select(s => s.Precision), weights), Mean(scores.Select(s => s.Recall), weights), Mean(scores.Select(s => s.FScore), weights), Mean(scores.Select(s => s.Jaccard), weights));
    }
}
