namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Ranks and the coefficients that are made of them.</summary>
internal static class Ranks
{
    /// <summary>Ranks from 1; equal values share the mean of theirs. Where a value is NaN, all are. Source: scipy's <c>rankdata</c>.</summary>
    public static double[] Average(IReadOnlyList<double> values)
    {
        double[] ranks = new double[values.Count];
        if (values.Any(double.IsNaN))
        {
            Array.Fill(ranks, double.NaN);
            return ranks;
        }
        int[] order = [.. Enumerable.Range(0, values.Count).OrderBy(i => values[i])];
        for (int start = 0, end; start < order.Length; start = end)
        {
            end = start + 1;
            while (end < order.Length && values[order[end]] == values[order[start]]) end++;
            for (int i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2.0;
        }
        return ranks;
    }

    /// <summary>Pearson's coefficient; NaN where a side is constant or not finite. Deviations are scaled by their largest, so that tiny and huge ones neither vanish nor overflow.</summary>
    public static double Pearson(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        if (Normalized(x) is not { } left || Normalized(y) is not { } right) return double.NaN;
        double product = 0;
        for (int i = 0; i < left.Length; i++) product += left[i] * right[i];
        return Math.Clamp(product, -1, 1);
    }

    /// <summary>Kendall's tau-b and tau-c by merge sort (Knight, 1966); NaN where a side is constant or has NaN. Source: scipy's <c>kendalltau</c>.</summary>
    public static (double TauB, double TauC) Kendall(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        double[] left = Average(x), right = Average(y);
        int count = left.Length;
        if (count == 0 || double.IsNaN(left[0]) || double.IsNaN(right[0])) return (double.NaN, double.NaN);
        int[] order = [.. Enumerable.Range(0, count).OrderBy(i => left[i]).ThenBy(i => right[i])];
        double all = Pairs(count), tiedLeft = Tied(left.CountBy(rank => rank)), tiedRight = Tied(right.CountBy(rank => rank)), tiedBoth = Tied(left.Zip(right).CountBy(pair => pair));
        if (tiedLeft == all || tiedRight == all) return (double.NaN, double.NaN);
        double[] sorted = [.. order.Select(i => right[i])];
        double balance = all - tiedLeft - tiedRight + tiedBoth - (2.0 * Inversions(sorted));
        double tauB = balance / Math.Sqrt(all - tiedLeft) / Math.Sqrt(all - tiedRight);
        double fewest = Math.Min(left.Distinct().Count(), right.Distinct().Count());
        double tauC = 2 * balance / ((double)count * count * ((fewest - 1) / fewest));
        return (Math.Clamp(tauB, -1, 1), Math.Clamp(tauC, -1, 1));

        static double Pairs(double count) => count * (count - 1) / 2;
        static double Tied<T>(IEnumerable<KeyValuePair<T, int>> groups) => groups.Sum(group => Pairs(group.Value));
    }

    /// <summary>Deviations from the mean, of length 1; null where there are none.</summary>
    private static double[]? Normalized(IReadOnlyList<double> values)
    {
        if (values.Count == 0 || !values.All(double.IsFinite) || values.All(value => value == values[0])) return null;
        double mean = values.Average();
        double[] deviations = [.. values.Select(value => value - mean)];
        double largest = deviations.Max(Math.Abs);
        double length = largest * Math.Sqrt(deviations.Sum(deviation => deviation / largest * (deviation / largest)));
        return [.. deviations.Select(deviation => deviation / length)];
    }

    /// <summary>Pairs in falling order; sorts the list.</summary>
    private static long Inversions(double[] list)
    {
        double[] buffer = new double[list.Length];
        long inversions = 0;
        for (int width = 1; width < list.Length; width *= 2)
        {
            for (int start = 0; start < list.Length; start += 2 * width)
            {
                int middle = Math.Min(start + width, list.Length), end = Math.Min(start + (2 * width), list.Length);
                for (int i = start, j = middle, to = start; to < end; to++)
                {
                    bool takeLeft = j >= end || (i < middle && list[i] <= list[j]);
                    if (!takeLeft) inversions += middle - i;
                    buffer[to] = takeLeft ? list[i++] : list[j++];
                }
            }
            buffer.CopyTo(list, 0);
        }
        return inversions;
    }
}
