using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>softmax(q k^T / sqrt(d) + mask) v. libtorch 1.13 has no such operator; there it is composed.</summary>
            public static Tensor scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask = null, double p = 0.0, bool is_casual = false)
            {
                if (p < 0) throw new ArgumentException("Dropout probability must be greater than or equal to zero.");
                if (is_casual && attn_mask is not null) throw new ArgumentException("Casual attention masking cannot pass a mask.");
                return Ops.ScaledDotProductAttention.Exists
                    ? Ops.ScaledDotProductAttention.Call(query, key, value, Argument.Maybe(attn_mask), p, is_casual)
                    : DisposeScopeManager.Composed(() => Composed(query, key, value, attn_mask, p, is_casual));
            }

            private static Tensor Composed(Tensor query, Tensor key, Tensor value, Tensor? mask, double p, bool causal)
            {
                var scale = Math.Sqrt(1 / Math.Sqrt(query.shape[^1]));
                var scores = query.mul(scale).matmul(key.transpose(-2, -1).mul(scale));
                if (causal) mask = ones([query.shape[^2], key.shape[^2]], ScalarType.Bool, query.device).tril();
                Tensor weights;
                if (mask is { dtype: ScalarType.Bool })
                {
                    // A row without visible keys has weight zero everywhere.
                    var hidden = mask.logical_not();
                    weights = scores.masked_fill(hidden, double.NegativeInfinity).softmax(-1).masked_fill(hidden.all(-1, true), 0);
                }
                else
                {
                    weights = (mask is null ? scores : scores.add(mask)).softmax(-1);
                }
                return (p > 0 ? dropout(weights, p) : weights).matmul(value);
            }
        }
    }
}
