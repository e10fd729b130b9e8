namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>
/// What the graph of a layer keeps for backward, in numbers: every storage once, as the operators of the model's code save it. A linear map keeps its input where its weight moves, a product both factors, an activation
/// its input, a softmax its result.
/// </summary>
public sealed class LayerActivations
{
    private readonly SortedDictionary<ActivationKind, double> _numbers = [];

    /// <summary>What is kept, by kind.</summary>
    public IReadOnlyDictionary<ActivationKind, double> ByKind => _numbers;

    /// <summary>All that is kept.</summary>
    public double Numbers => _numbers.Values.Sum();

    /// <summary>What is kept of the layer when it is computed again in backward: its input.</summary>
    public double Input { get; private set; }

    /// <summary>The layer's input, which is the stream.</summary>
    /// <param name="numbers">Its numbers.</param>
    /// <param name="kept">Whether an operator keeps it.</param>
    public LayerActivations From(double numbers, bool kept = true)
    {
        Input = numbers;
        return Add(ActivationKind.Stream, numbers, kept);
    }

    /// <summary>A tensor.</summary>
    /// <param name="kind">What it belongs to.</param>
    /// <param name="numbers">Its numbers.</param>
    /// <param name="kept">Whether it is kept.</param>
    public LayerActivations Add(ActivationKind kind, double numbers, bool kept = true)
    {
        if (kept && numbers > 0) _numbers[kind] = _numbers.GetValueOrDefault(kind) + numbers;
        return this;
    }

    /// <summary>A root-mean-square norm: squares, what is normal where its weight moves, and what it gives where a moving map reads that.</summary>
    /// <param name="numbers">Numbers of its input, which is counted where it comes from.</param>
    /// <param name="moves">Whether its weight moves.</param>
    /// <param name="isRead">Whether what it gives is kept by what reads it.</param>
    public LayerActivations RmsNorm(double numbers, bool moves, bool isRead) =>
        Add(ActivationKind.Normalization, numbers).Add(ActivationKind.Normalization, numbers, moves).Add(ActivationKind.Normalization, numbers, isRead);

    /// <summary>Attention whose weights are tensors.</summary>
    /// <param name="queries">Numbers of queries, keys and values as the products want them.</param>
    /// <param name="weights">Numbers of the weights: rows * heads * queries * keys.</param>
    /// <param name="drops">Whether weights are dropped: those before and after are kept.</param>
    /// <param name="attended">Numbers of what is attended.</param>
    /// <param name="moves">Whether the projection that reads it moves.</param>
    public LayerActivations Attention(double queries, double weights, bool drops, double attended, bool moves) =>
        Add(ActivationKind.Attention, queries).Add(ActivationKind.Attention, weights * (drops ? 2 : 1)).Add(ActivationKind.Attention, attended, moves);

    /// <summary>A feed-forward part without a gate.</summary>
    /// <param name="inner">Numbers between its matrices.</param>
    /// <param name="activation">The activation's name.</param>
    /// <param name="moves">Whether its matrices move.</param>
    /// <param name="drops">Whether the inner numbers are dropped: then another tensor is read.</param>
    public LayerActivations FeedForward(double inner, string activation, bool moves, bool drops = false)
    {
        // The rectifier keeps its result, which is what the second matrix reads.
        if (activation == "relu") return Add(ActivationKind.FeedForward, inner).Add(ActivationKind.FeedForward, inner, moves && drops);
        return Add(ActivationKind.FeedForward, inner).Add(ActivationKind.FeedForward, inner, moves);
    }

    /// <summary>A gated feed-forward part: gate, activated gate, the other half, and their product where a moving matrix reads it.</summary>
    /// <param name="inner">Numbers of each.</param>
    /// <param name="moves">Whether its matrices move.</param>
    public LayerActivations GatedFeedForward(double inner, bool moves) => Add(ActivationKind.FeedForward, 3 * inner).Add(ActivationKind.FeedForward, inner, moves);
}
