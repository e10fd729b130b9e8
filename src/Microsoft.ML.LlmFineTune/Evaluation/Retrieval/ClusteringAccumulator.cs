using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Agreement of two ways of grouping the same rows: rows counted by class and cluster. Memory: one number for each pair of class and cluster that was seen.</summary>
/// <typeparam name="TClass">The classes' names.</typeparam>
/// <typeparam name="TCluster">The clusters' names.</typeparam>
public sealed class ClusteringAccumulator<TClass, TCluster> where TClass : notnull where TCluster : notnull
{
    private readonly Dictionary<(TClass Class, TCluster Cluster), long> _cells = [];

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Counts a row.</summary>
    /// <param name="actual">Its class.</param>
    /// <param name="cluster">The cluster that it was put into.</param>
    public void Add(TClass actual, TCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(actual);
        ArgumentNullException.ThrowIfNull(cluster);
        CollectionsMarshal.GetValueRefOrAddDefault(_cells, (actual, cluster), out _)++;
        Rows++;
    }

    /// <summary>Counts rows.</summary>
    /// <param name="actual">Their classes.</param>
    /// <param name="clusters">The clusters that they were put into, as many.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void AddRange(IReadOnlyList<TClass> actual, IReadOnlyList<TCluster> clusters)
    {
        Row.SameLength(Require.NotNull(actual).Count, Require.NotNull(clusters).Count);
        for (int i = 0; i < actual.Count; i++) Add(actual[i], clusters[i]);
    }

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    public void Merge(ClusteringAccumulator<TClass, TCluster> other)
    {
        Row.Other(this, other);
        foreach ((var cell, long rows) in other._cells.ToArray()) CollectionsMarshal.GetValueRefOrAddDefault(_cells, cell, out _) += rows;
        Rows += other.Rows;
    }

    /// <summary>The metrics of what was seen.</summary>
    public ClusteringMetrics Compute()
    {
        Dictionary<TClass, int> classes = [];
        Dictionary<TCluster, int> clusters = [];
        return new ClusteringMetrics([.. _cells.Select(cell => (Number(classes, cell.Key.Class), Number(clusters, cell.Key.Cluster), cell.Value))]);

        static int Number<T>(Dictionary<T, int> numbers, T name) where T : notnull
        {
            numbers.TryAdd(name, numbers.Count);
            return numbers[name];
        }
    }
}
