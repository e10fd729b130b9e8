using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How good the hits of a search are.</summary>
/// <param name="Queries">Queries counted; at least 1.</param>
/// <param name="QueriesWithoutRelevant">Queries left out, since nothing is relevant to them.</param>
/// <param name="AtK">The figures for each k, by rising k.</param>
public sealed record RetrievalMetrics(long Queries, long QueriesWithoutRelevant, IReadOnlyList<RetrievalAtK> AtK)
{
    /// <summary>The figures for one k.</summary>
    /// <exception cref="ArgumentException">This k wasn't asked for.</exception>
    public RetrievalAtK At(int k)
    {
        RetrievalAtK? found = AtK.FirstOrDefault(metrics => metrics.K == k);
        Require.Argument(found is not null, string.Create(CultureInfo.InvariantCulture, $"k must be one of {string.Join(", ", AtK.Select(metrics => metrics.K))}; received {k}. Name it when the accumulator is created."), nameof(k));
        return found;
    }
}
