using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// A learned number a head for how far a key stands from a query (Raffel et al.: "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", 2020). Near distances
/// have a bucket each, farther ones share buckets that widen logarithmically, and beyond the largest distance all share the last.
/// </summary>
public sealed class RelativePositionBias : nn.Module
{
    private readonly Parameter weight;
    private readonly int _buckets;
    private readonly int _maximumDistance;
    private readonly bool _bothSides;

    /// <summary>Creates the table with uninitialised weights.</summary>
    /// <param name="buckets">How many buckets, 4 or more; where keys stand on both sides, half of them serve each.</param>
    /// <param name="maximumDistance">From this distance on, all share a bucket; more than half of a side's buckets.</param>
    /// <param name="heads">How many heads.</param>
    /// <param name="bothSides">Whether a query sees keys behind it.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public RelativePositionBias(int buckets, int maximumDistance, int heads, bool bothSides, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(nameof(RelativePositionBias))
    {
        _buckets = Require.AtLeast(buckets, 4);
        _bothSides = bothSides;
        _maximumDistance = Require.AtLeast(maximumDistance, (bothSides ? buckets / 4 : buckets / 2) + 1);
        weight = Weights.Uninitialized(device, dtype, buckets, Require.AtLeast(heads, 1));
        RegisterComponents();
    }

    /// <summary>Draws the table from a normal distribution of mean 0.</summary>
    public void Initialize(RandomStream random, double standardDeviation) => Initialization.Normal(weight, random, standardDeviation);

    /// <summary>What is added to attention scores.</summary>
    /// <param name="queries">Positions that ask; the last ones of all.</param>
    /// <param name="keys">Positions that may be seen; at least <paramref name="queries"/>.</param>
    /// <returns>[1, heads, queries, keys].</returns>
    public Tensor Between(long queries, long keys)
    {
        Tensor places = arange(keys, dtype: ScalarType.Int64, device: weight.device);
        Tensor distances = places.unsqueeze(0) - places.narrow(0, keys - queries, queries).unsqueeze(1);   // [queries, keys]
        Tensor rows = weight.index_select(0, Buckets(distances).reshape(-1));                              // [queries * keys, heads]
        return rows.view(queries, keys, -1).permute(2, 0, 1).unsqueeze(0).contiguous();
    }

    /// <summary>The bucket of each distance.</summary>
    /// <param name="distances">Any shape of int64: the key's place less the query's.</param>
    /// <returns>The same shape, from 0 to buckets - 1.</returns>
    public Tensor Buckets(Tensor distances)
    {
        Require.NotNull(distances);
        int side = _bothSides ? _buckets / 2 : _buckets, near = side / 2;
        Tensor far = _bothSides ? distances.abs() : distances.neg().clamp_min(0);
        // In float32 and in this order, as in the reference: distances on the edge of two buckets must fall to the same side.
        Tensor widening = (far.to(ScalarType.Float32) / near).log() / Math.Log((double)_maximumDistance / near) * (side - near);
        Tensor buckets = where(far.lt(near), far, (widening.to(ScalarType.Int64) + near).clamp_max(side - 1));
        return _bothSides ? buckets + distances.gt(0).to(ScalarType.Int64).mul(side) : buckets;
    }
}
