using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Turns the hidden states of each row into one.</summary>
public static class SequencePooling
{
    /// <summary>Pools as asked.</summary>
    /// <param name="pooling">How.</param>
    /// <param name="hidden">[batch, sequence, width].</param>
    /// <param name="tokens">[batch, sequence] int64.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; null: nothing is padded.</param>
    /// <param name="padding">Id of the padding token, or null.</param>
    /// <returns>[batch, width].</returns>
    public static Tensor Apply(Pooling pooling, Tensor hidden, Tensor tokens, Tensor? mask, int? padding) => pooling switch
    {
        Pooling.FirstToken => hidden.select(1, 0),
        Pooling.Mean => Mean(hidden, tokens, mask, padding),
        _ => LastToken(hidden, tokens, mask, padding),
    };

    /// <summary>The hidden state of each row's last token that differs from the padding id, whatever the mask says; of the first token in a row of padding alone.</summary>
    /// <param name="hidden">[batch, sequence, width].</param>
    /// <param name="tokens">[batch, sequence] int64.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; looked at when there is no padding id. Null: nothing is padded.</param>
    /// <param name="padding">Id of the padding token, or null.</param>
    /// <returns>[batch, width].</returns>
    public static Tensor LastToken(Tensor hidden, Tensor tokens, Tensor? mask, int? padding)
    {
        (long batch, long sequence, long width) = (hidden.size(0), hidden.size(1), hidden.size(2));
        Tensor? isReal = padding is int id ? tokens.ne(id) : mask;                                     // [batch, sequence]
        if (isReal is null) return hidden.select(1, sequence - 1);
        using Tensor places = arange(sequence, dtype: ScalarType.Int64, device: tokens.device);
        using Tensor last = isReal.to(ScalarType.Int64).mul(places).argmax(1);                         // [batch]
        using Tensor firsts = arange(batch, dtype: ScalarType.Int64, device: tokens.device).mul(sequence);
        return hidden.reshape(batch * sequence, width).index_select(0, last + firsts);
    }

    /// <summary>The mean over each row's tokens that are not padding; 0 for a row of padding alone.</summary>
    /// <param name="hidden">[batch, sequence, width].</param>
    /// <param name="tokens">[batch, sequence] int64.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; null: the padding id decides.</param>
    /// <param name="padding">Id of the padding token, looked at when there is no mask; null: nothing is padded.</param>
    /// <returns>[batch, width].</returns>
    public static Tensor Mean(Tensor hidden, Tensor tokens, Tensor? mask, int? padding)
    {
        Tensor? isReal = mask ?? (padding is int id ? tokens.ne(id) : null);                           // [batch, sequence]
        if (isReal is null) return hidden.mean([1]);
        Tensor counted = isReal.to(hidden.dtype).unsqueeze(-1);                                        // [batch, sequence, 1]
        return hidden.mul(counted).sum(1) / counted.sum(1).clamp_min(1);
    }
}
