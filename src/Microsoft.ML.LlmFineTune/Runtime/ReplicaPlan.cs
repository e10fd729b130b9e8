using TorchSharp;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>How a step is shared out: how many replicas of the model work at the same time, and how many threads each operator of a replica uses.</summary>
/// <param name="Replicas">How many replicas; at least 1.</param>
/// <param name="ThreadsPerReplica">Intra-operator threads of each; at least 1.</param>
/// <param name="Reason">Why, in a few words for the log.</param>
public sealed record ReplicaPlan(int Replicas, int ThreadsPerReplica, string Reason)
{
    /// <summary>Below this many tokens a replica's matrix products are too small to pay for its share of adding gradients up.</summary>
    internal const long LeastTokens = 64;

    /// <summary>Gradients of all replicas together stay below this many bytes.</summary>
    internal const long GradientBudget = 4L << 30;

    /// <summary>
    /// The rule, from sizes alone and never from a clock, so that the same program on the same machine gives the same weights:
    /// on a GPU one replica; on the CPU one replica a core (a replica with one thread waits for no other core), but no more than there are rows,
    /// than leave each replica 64 tokens, and than keep all replicas' gradients within 4 GiB. Cores left over are shared out as intra-operator threads.
    /// </summary>
    /// <param name="cores">Threads that the process may use; at least 1.</param>
    /// <param name="parameters">Trained parameters of the model.</param>
    /// <param name="rows">Rows of a batch.</param>
    /// <param name="tokens">Tokens of a batch, padding included.</param>
    /// <param name="device">Where the model is.</param>
    /// <param name="requested">How many replicas the user wants (still no more than rows); null: by the rule.</param>
    public static ReplicaPlan For(int cores, long parameters, long rows, long tokens, DeviceType device, int? requested = null)
    {
        Require.AtLeast(cores, 1);
        Require.NotNegative(parameters);
        Require.AtLeast(rows, 1);
        Require.NotNegative(tokens);
        if (requested is int wish)
        {
            Require.AtLeast(wish, 1, nameof(requested));
            int granted = (int)Math.Min(wish, rows);
            return new(granted, Math.Max(1, cores / granted), granted == wish ? "as requested" : "as requested, but no more than a batch has rows");
        }
        if (device != DeviceType.CPU) return new(1, cores, "one replica on a GPU");

        (long Limit, string Reason)[] limits =
        [
            (cores, "one replica a core"),
            (rows, "one replica a row"),
            (tokens / LeastTokens, $"at least {LeastTokens} tokens a replica"),
            (GradientBudget / Math.Max(1, parameters * sizeof(float)), "gradients of all replicas within 4 GiB"),
        ];
        (long limit, string reason) = limits.MinBy(entry => entry.Limit);
        int replicas = (int)Math.Max(1, limit);
        return new(replicas, Math.Max(1, cores / replicas), reason);
    }
}
