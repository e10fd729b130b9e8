using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>A table with a row of numbers for each id. The weight is a plain parameter, so that an output head may share it and it is still one.</summary>
public sealed class Embedding : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;

    /// <summary>Creates the table with uninitialised weights.</summary>
    /// <param name="rows">How many ids there are; at least 1.</param>
    /// <param name="width">Size of a row; at least 1.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public Embedding(long rows, long width, Device? device = null, ScalarType dtype = ScalarType.Float32)
        : base(nameof(Embedding))
    {
        weight = Weights.Uninitialized(device, dtype, Require.AtLeast(rows, 1), Require.AtLeast(width, 1));
        RegisterComponents();
    }

    /// <summary>[rows, width].</summary>
    public Parameter Weight => weight;

    /// <summary>Draws the table from a normal distribution of mean 0.</summary>
    public void Initialize(RandomStream random, double standardDeviation) => Initialization.Normal(weight, random, standardDeviation);

    /// <summary>Looks rows up.</summary>
    /// <param name="ids">[..] int64, from 0 to rows - 1.</param>
    /// <returns>[.., width].</returns>
    public override Tensor forward(Tensor ids)
    {
        Tensor rows = weight.index_select(0, ids.reshape(-1));   // [ids, width]
        return ids.dim() == 1 ? rows : rows.view([.. ids.shape, rows.size(1)]);
    }

    /// <summary>Consecutive rows, without a copy.</summary>
    /// <param name="start">The first row.</param>
    /// <param name="count">How many rows.</param>
    /// <returns>[count, width].</returns>
    public Tensor Rows(long start, long count) => weight.narrow(0, start, count);
}
