namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>What mutual information is divided by.</summary>
public enum MutualInformationNormalizer
{
    /// <summary>The mean of the two entropies (scikit-learn's default).</summary>
    Arithmetic,

    /// <summary>Their geometric mean.</summary>
    Geometric,

    /// <summary>The smaller.</summary>
    Minimum,

    /// <summary>The larger.</summary>
    Maximum,
}

/// <summary>How far two ways of grouping the same rows agree, whatever the groups are called. Source: scikit-learn's <c>sklearn.metrics.cluster</c>, whose functions are named at each member. Of no rows the values are scikit-learn's, too.</summary>
public sealed record ClusteringMetrics
{
    private const double Epsilon = 2.220446049250313e-16;
    private readonly double _classEntropy;
    private readonly double _clusterEntropy;
    private readonly bool _trivial;

    internal ClusteringMetrics(IReadOnlyCollection<(int Class, int Cluster, long Rows)> cells)
    {
        Rows = cells.Sum(cell => cell.Rows);
        Dictionary<int, long> classes = Totals(cells, cell => cell.Class), clusters = Totals(cells, cell => cell.Cluster);
        double count = Rows, both = Squares(cells.Select(cell => cell.Rows)), inClasses = Squares(classes.Values), inClusters = Squares(clusters.Values);
        // Ordered pairs of rows: together in both, in the classes only, in the clusters only, in neither.
        (double together, double classOnly, double clusterOnly, double apart) = (both - count, inClasses - both, inClusters - both, (count * count) - inClasses - inClusters + both);
        double pairs = count * (count - 1);
        RandIndex = classOnly == 0 && clusterOnly == 0 ? 1 : (together + apart) / pairs;
        AdjustedRandIndex = classOnly == 0 && clusterOnly == 0 ? 1
            : 2 * ((together * apart) - (classOnly * clusterOnly)) / (((together + classOnly) * (classOnly + apart)) + ((together + clusterOnly) * (clusterOnly + apart)));
        FowlkesMallowsIndex = together == 0 ? 0 : Math.Sqrt(together / (together + clusterOnly)) * Math.Sqrt(together / (together + classOnly));
        (_classEntropy, _clusterEntropy) = (Entropy(classes.Values, count), Entropy(clusters.Values, count));
        double information = cells.Sum(cell =>
        {
            double term = cell.Rows / count * (Math.Log(cell.Rows) - Math.Log(count) + ((2 * Math.Log(count)) - Math.Log(classes[cell.Class]) - Math.Log(clusters[cell.Cluster])));
            return Math.Abs(term) < Epsilon ? 0 : term;
        });
        MutualInformation = Math.Max(information, 0);
        _trivial = classes.Count <= 1 && clusters.Count <= 1;
    }

    /// <summary>Rows.</summary>
    public long Rows { get; }

    /// <summary>Share of the pairs of rows on which both agree (together in both, or apart in both), 0 to 1 (<c>rand_score</c>).</summary>
    public double RandIndex { get; }

    /// <summary>The same less what chance gives: -0.5 to 1, chance is 0 (<c>adjusted_rand_score</c>).</summary>
    public double AdjustedRandIndex { get; }

    /// <summary>Geometric mean of precision and recall over pairs of rows that are together, 0 to 1 (<c>fowlkes_mallows_score</c>).</summary>
    public double FowlkesMallowsIndex { get; }

    /// <summary>In nats; 0 or greater (<c>mutual_info_score</c>).</summary>
    public double MutualInformation { get; }

    /// <summary>Whether each cluster has rows of one class only, 0 to 1 (<c>homogeneity_score</c>).</summary>
    public double Homogeneity => _classEntropy == 0 ? 1 : MutualInformation / _classEntropy;

    /// <summary>Whether the rows of each class are in one cluster, 0 to 1 (<c>completeness_score</c>).</summary>
    public double Completeness => _clusterEntropy == 0 ? 1 : MutualInformation / _clusterEntropy;

    /// <summary>(1 + beta) h c / (beta h + c) of homogeneity and completeness, 0 to 1 (<c>v_measure_score</c>).</summary>
    /// <param name="beta">Above 1 completeness weighs more. Default 1; 0 or greater.</param>
    public double VMeasure(double beta = 1)
    {
        Runtime.Require.NotNegative(beta);
        return Homogeneity + Completeness == 0 ? 0 : (1 + beta) * Homogeneity * Completeness / ((beta * Homogeneity) + Completeness);
    }

    /// <summary>Mutual information as a share of the entropies, 0 to 1 (<c>normalized_mutual_info_score</c>).</summary>
    /// <param name="normalizer">What it is divided by. Default: the arithmetic mean.</param>
    public double NormalizedMutualInformation(MutualInformationNormalizer normalizer = MutualInformationNormalizer.Arithmetic)
    {
        if (_trivial) return 1;
        if (MutualInformation <= Epsilon) return 0;
        return MutualInformation / normalizer switch
        {
            MutualInformationNormalizer.Arithmetic => (_classEntropy + _clusterEntropy) / 2,
            MutualInformationNormalizer.Geometric => Math.Sqrt(_classEntropy * _clusterEntropy),
            MutualInformationNormalizer.Minimum => Math.Min(_classEntropy, _clusterEntropy),
            _ => Math.Max(_classEntropy, _clusterEntropy),
        };
    }

    private static Dictionary<int, long> Totals(IEnumerable<(int Class, int Cluster, long Rows)> cells, Func<(int Class, int Cluster, long Rows), int> of) => cells.GroupBy(of).ToDictionary(group => group.Key, group => group.Sum(cell => cell.Rows));

    private static double Squares(IEnumerable<long> counts) => counts.Sum(count => (double)count * count);

    private static double Entropy(IReadOnlyCollection<long> counts, double all) => counts.Count <= 1 ? 0 : -counts.Sum(count => count / all * (Math.Log(count) - Math.Log(all)));
}
