using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>A table with a row of numbers for each id. The weight is a plain parameter, so that an output head may share it and it is still one.</summary>
public sealed class Embedding : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly long? _padding;

    /// <summary>Creates the table with uninitialised weights.</summary>
    /// <param name="rows">How many ids there are; at least 1.</param>
    /// <param name="width">Size of a row; at least 1.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    /// <param name="padding">
    /// Id of padding, below <paramref name="rows"/>: its row is looked up like any other, but gets no gradient from that (<c>padding_idx</c> of torch), and its initial value is 0. Null: all rows are alike.
    /// </param>
    public Embedding(long rows, long width, Device? device = null, ScalarType dtype = ScalarType.Float32, long? padding = null)
        : base(nameof(Embedding))
    {
        weight = Weights.Uninitialized(device, dtype, Require.AtLeast(rows, 1), Require.AtLeast(width, 1));
        _padding = padding is long id ? Require.Below(id, 0, rows, nameof(padding)) : null;
        RegisterComponents();
    }

    /// <summary>[rows, width].</summary>
    public Parameter Weight => weight;

    /// <summary>Draws the table from a normal distribution of mean 0; the row of padding becomes 0.</summary>
    public void Initialize(RandomStream random, double standardDeviation)
    {
        Initialization.Normal(weight, random, standardDeviation);
        if (_padding is not long id) return;
        using Tensor table = weight.detach();
        using Tensor row = table.narrow(0, id, 1);
        row.zero_();
    }

    /// <summary>Looks rows up.</summary>
    /// <param name="ids">[..] int64, from 0 to rows - 1.</param>
    /// <returns>[.., width].</returns>
    public override Tensor forward(Tensor ids)
    {
        Tensor flat = ids.reshape(-1);
        Tensor rows = weight.index_select(0, flat);              // [ids, width]
        if (_padding is long id && rows.requires_grad) rows = where(flat.eq(id).unsqueeze(1), rows.detach(), rows);
        return ids.dim() == 1 ? rows : rows.view([.. ids.shape, rows.size(1)]);
    }

    /// <summary>Consecutive rows, without a copy.</summary>
    /// <param name="start">The first row.</param>
    /// <param name="count">How many rows.</param>
    /// <returns>[count, width].</returns>
    public Tensor Rows(long start, long count) => weight.narrow(0, start, count);
}
