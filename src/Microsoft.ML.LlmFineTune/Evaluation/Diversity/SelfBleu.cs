using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Self-BLEU of some texts (Zhu et al., SIGIR 2018).</summary>
/// <param name="Each">BLEU of each text against all others as its references, from 0 to 100; empty for fewer than two texts.</param>
/// <param name="Mean">Their mean; lower is more varied. Null for fewer than two texts.</param>
public sealed record SelfBleuMetrics(IReadOnlyList<double> Each, double? Mean);

/// <summary>Self-BLEU: how much texts repeat each other. All texts are needed at once; time and memory grow with their n-grams, not with the pairs of texts.</summary>
public static class SelfBleu
{
    private static readonly BleuOptions s_defaults = new() { EffectiveOrder = true };

    /// <summary>Computes it.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="options">How BLEU is computed; default null: sacreBLEU's sentence BLEU, with effective order.</param>
    /// <param name="cancellation">Stops between two texts.</param>
    /// <exception cref="ArgumentException">A text is null, or an option is out of its range.</exception>
    public static SelfBleuMetrics Compute(IReadOnlyList<string> texts, BleuOptions? options = null, CancellationToken cancellation = default)
    {
        BleuAccumulator bleu = new(options ?? s_defaults);
        TokenTable vocabulary = new();
        List<int[]> tokens = [];
        for (int i = 0; i < Require.NotNull(texts).Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Require.Argument(texts[i] is not null, string.Create(CultureInfo.InvariantCulture, $"A text must not be null; that of row {i} (counted from 0) is."), nameof(texts));
            tokens.Add([.. bleu.Tokens(texts[i], vocabulary)]);
        }
        if (tokens.Count < 2) return new SelfBleuMetrics([], null);
        int orders = bleu.Options.MaximumOrder;
        LargestCounts counts = new(orders);
        for (int i = 0; i < tokens.Count; i++) counts.Add(i, tokens[i]);
        SortedDictionary<int, int> lengths = [];
        foreach (int[] text in tokens) lengths[text.Length] = lengths.GetValueOrDefault(text.Length) + 1;
        int[] sorted = [.. lengths.Keys];
        List<double> scores = [];
        double[] statistics = new double[2 + (2 * orders)];
        for (int i = 0; i < tokens.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            statistics[0] = tokens[i].Length;
            statistics[1] = lengths[tokens[i].Length] > 1 ? tokens[i].Length : Neighbour(sorted, tokens[i].Length);
            counts.Matches(i, tokens[i], statistics.AsSpan(2, orders));
            for (int n = 0; n < orders; n++) statistics[2 + orders + n] = NGramOverlap.Total(tokens[i].Length, n + 1);
            scores.Add(bleu.Score(statistics));
        }
        return new SelfBleuMetrics(scores, scores.Average());
    }

    /// <summary>The other length that is closest, the shorter of two.</summary>
    private static int Neighbour(int[] sorted, int length)
    {
        int at = Array.BinarySearch(sorted, length);
        if (at == 0) return sorted[1];
        return at == sorted.Length - 1 || length - sorted[at - 1] <= sorted[at + 1] - length ? sorted[at - 1] : sorted[at + 1];
    }
}
