using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>A table with a row of numbers for each id. The weight is a plain parameter, so that an output head may share it and it is still one.</summary>
public sealed class Embedding : nn.Module<Tensor, Tensor>
{
    private const string AdapterName = "adapter";
    private const string HeadAdapterName = "headAdapter";

    private readonly Parameter weight;
    private readonly long? _padding;
    private readonly TiedHead _head;
    private EmbeddingAdapter? _adapter;
    private LinearAdapter? _headAdapter;

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
        _head = new TiedHead(this);
        RegisterComponents();
    }

    /// <summary>[rows, width].</summary>
    public Parameter Weight => weight;

    /// <summary>The table as an output head.</summary>
    public TiedHead Head => _head;

    /// <summary>What changes the rows; null for nothing. The layer registers it, and becomes its owner.</summary>
    public EmbeddingAdapter? Adapter
    {
        get => _adapter;
        set
        {
            register_module(AdapterName, null!);
            if (value is not null) register_module(AdapterName, value);
            _adapter = value;
        }
    }

    /// <summary>What changes the scores of the tied head; null for nothing. The layer registers it, and becomes its owner.</summary>
    internal LinearAdapter? HeadAdapter
    {
        get => _headAdapter;
        set
        {
            register_module(HeadAdapterName, null!);
            if (value is not null) register_module(HeadAdapterName, value);
            _headAdapter = value;
        }
    }

    /// <summary>
    /// Gives [virtual tokens, width]: rows of tokens that no id stands for. The columns of negative ids, which stand before all others, get them. Null: there are none.
    /// </summary>
    internal Func<Tensor?>? VirtualRows { get; set; }

    /// <summary>What is added to the rows of real tokens in training mode; null: nothing.</summary>
    internal EmbeddingNoise? Noise { get; set; }

    /// <summary>Draws the table from a normal distribution of mean 0; the row of padding becomes 0.</summary>
    /// <param name="random">Where the draws come from.</param>
    /// <param name="standardDeviation">At least 0.</param>
    /// <param name="cutoff">Draws further from 0 than so many standard deviations are drawn again; greater than 0. Null: all stay.</param>
    public void Initialize(RandomStream random, double standardDeviation, double? cutoff = null)
    {
        Initialization.Normal(weight, random, standardDeviation, cutoff);
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
        if (VirtualRows is not null && ids.dim() == 2 && IsVirtual(ids) && VirtualRows() is Tensor rows)
        {
            long count = rows.size(0), real = ids.size(1) - count;
            Tensor first = rows.to(weight.dtype).unsqueeze(0).expand(ids.size(0), count, rows.size(1));   // [batch, virtual, width]
            return real == 0 ? first : cat([first, Noisy(Adapted(ids.narrow(1, count, real)), real)], 1);
        }
        return Noisy(Adapted(ids), ids.dim() == 0 ? 1 : ids.size(-1));
    }

    /// <summary>Looks the rows of texts up that stand in columns.</summary>
    /// <param name="ids">[sequence, batch] int64, from 0 to rows - 1.</param>
    /// <returns>[sequence, batch, width].</returns>
    internal Tensor LookUpColumns(Tensor ids) => Noisy(Adapted(ids), ids.size(0));

    /// <summary>Consecutive rows, without a copy where no adapter changes them.</summary>
    /// <param name="start">The first row.</param>
    /// <param name="count">How many rows.</param>
    /// <returns>[count, width].</returns>
    public Tensor Rows(long start, long count) =>
        _adapter is null ? weight.narrow(0, start, count) : _adapter.Apply(this, arange(start, start + count, dtype: ScalarType.Int64, device: weight.device));

    /// <summary>The scores of hidden states for each row: what an output head does that is tied to the table.</summary>
    /// <param name="hidden">[.., width].</param>
    /// <returns>[.., rows].</returns>
    public Tensor Scores(Tensor hidden)
    {
        Require.NotNull(hidden);
        return _headAdapter is null ? _head.ApplyBase(hidden) : _headAdapter.Apply(_head, hidden);
    }

    /// <summary>Looks rows of any table with a row for each id up.</summary>
    /// <param name="table">[rows, any width]; the row of padding gets no gradient.</param>
    /// <param name="ids">[..] int64.</param>
    /// <returns>[.., any width].</returns>
    internal Tensor Lookup(Tensor table, Tensor ids)
    {
        Tensor flat = ids.reshape(-1);
        Tensor rows = table.index_select(0, flat);               // [ids, width]
        if (_padding is long id && rows.requires_grad) rows = where(flat.eq(id).unsqueeze(1), rows.detach(), rows);
        return ids.dim() == 1 ? rows : rows.view([.. ids.shape, rows.size(1)]);
    }

    private static bool IsVirtual(Tensor ids)
    {
        using Tensor row = ids.select(0, 0);
        using Tensor first = row.select(0, 0);
        return first.item<long>() < 0;
    }

    private Tensor Noisy(Tensor rows, long length) => training && Noise is not null ? Noise.Apply(rows, length) : rows;

    private Tensor Adapted(Tensor ids) => _adapter is null ? Lookup(weight, ids) : _adapter.Apply(this, ids);
}
