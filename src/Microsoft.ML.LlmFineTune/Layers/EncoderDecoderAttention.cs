using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Multi-head attention with its four projections, as encoder-decoders have it (Vaswani et al., 2017): a text looks at itself, or at the memory.</summary>
public sealed class EncoderDecoderAttention : nn.Module
{
    private readonly Linear query;
    private readonly Linear key;
    private readonly Linear value;
    private readonly Linear output;
    private readonly int _heads;
    private readonly DotProductAttention _attention;

    /// <summary>Creates the layer with uninitialised weights.</summary>
    /// <param name="width">Size of the hidden states.</param>
    /// <param name="heads">How many heads; at least 1.</param>
    /// <param name="headSize">Numbers a head; heads * headSize need not be <paramref name="width"/>.</param>
    /// <param name="scale">Factor on the scores; usually 1 / sqrt(headSize).</param>
    /// <param name="hasBias">Whether the projections add biases.</param>
    /// <param name="dropout">Dropout on the attention weights.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public EncoderDecoderAttention(long width, int heads, long headSize, double scale, bool hasBias, Dropout dropout, Device? device = null, ScalarType dtype = ScalarType.Float32)
        : base(nameof(EncoderDecoderAttention))
    {
        _heads = Require.AtLeast(heads, 1);
        _attention = new DotProductAttention(scale, dropout);
        query = new Linear(width, heads * headSize, hasBias, device, dtype);
        key = new Linear(width, heads * headSize, hasBias, device, dtype);
        value = new Linear(width, heads * headSize, hasBias, device, dtype);
        output = new Linear(heads * headSize, width, hasBias, device, dtype);
        RegisterComponents();
    }

    /// <summary>Each position of a text looks at the text.</summary>
    /// <param name="hidden">[batch, queries, width].</param>
    /// <param name="bias">Added to the scores, broadcasts to [batch, heads, queries, keys]; null: none.</param>
    /// <param name="layer">This layer's number in the cache, from 0.</param>
    /// <param name="cache">Keys and values of earlier positions, to which the new ones are added; null for none.</param>
    /// <returns>[batch, queries, width].</returns>
    public Tensor OnText(Tensor hidden, Tensor? bias, int layer = 0, KvCache? cache = null)
    {
        (Tensor keys, Tensor values) = Project(hidden);                                       // [batch, heads, queries, headSize] each
        if (cache is not null) (keys, values) = cache.Append(layer, keys, values);            // [batch, heads, keys, headSize] each
        return Attend(hidden, keys, values, bias);
    }

    /// <summary>Each position of a text looks at the memory, whose keys and values are computed once where there is a cache.</summary>
    /// <param name="hidden">[batch, queries, width].</param>
    /// <param name="layer">This layer's number in the cache, from 0.</param>
    /// <param name="context">The memory.</param>
    /// <returns>[batch, queries, width].</returns>
    public Tensor OnMemory(Tensor hidden, int layer, MemoryContext context)
    {
        Tensor memory = Require.NotNull(context).Memory;
        (Tensor keys, Tensor values) = context.Cache is EncoderDecoderCache cache ? cache.Memory(layer, () => Project(memory)) : Project(memory);   // [batch, heads, source, headSize] each
        return Attend(hidden, keys, values, context.Bias(hidden.device, hidden.dtype));
    }

    /// <summary>Draws the weights; biases become 0.</summary>
    /// <param name="random">Where the draws come from.</param>
    /// <param name="queryDeviation">Standard deviation of the queries' projection.</param>
    /// <param name="keyValueDeviation">Of the keys' and values' projections.</param>
    /// <param name="outputDeviation">Of the last projection.</param>
    public void Initialize(RandomStream random, double queryDeviation, double keyValueDeviation, double outputDeviation)
    {
        query.Initialize(random, queryDeviation);
        key.Initialize(random, keyValueDeviation);
        value.Initialize(random, keyValueDeviation);
        output.Initialize(random, outputDeviation);
    }

    private (Tensor Keys, Tensor Values) Project(Tensor text) => (Split(key.forward(text)), Split(value.forward(text)));

    private Tensor Attend(Tensor hidden, Tensor keys, Tensor values, Tensor? bias) =>
        output.forward(_attention.Apply(Split(query.forward(hidden)), keys, values, bias, training));

    /// <summary>[batch, sequence, heads * headSize] to [batch, heads, sequence, headSize].</summary>
    private Tensor Split(Tensor projected) => projected.view(projected.size(0), projected.size(1), _heads, -1).transpose(1, 2);
}
