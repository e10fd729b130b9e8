using TorchSharp.Native;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Rows of a table. Reading weight makes a new wrapper, which is not the object in parameters().</summary>
    public sealed class Embedding : nn.Module<Tensor, Tensor>
    {
        private HeldTensor _table;
        private readonly long _padding;
        private readonly double? _maxNorm;
        private readonly double _normType;
        private readonly bool _scale, _sparse;

        internal Embedding(HeldTensor table, long? padding, double? maxNorm, double normType, bool scale, bool sparse) : base("torch::nn::EmbeddingImpl")
        {
            (_table, _padding, _maxNorm, _normType, _scale, _sparse) = (table, padding ?? -1, maxNorm, normType, scale, sparse);
            register_parameter(nameof(weight), new Parameter(table.Share()));
        }

        internal static HeldTensor Draw(long rows, long width, long? padding, Device? device, ScalarType? dtype) => HeldTensor.Make(() =>
        {
            if (padding is { } p && (p >= rows || p < -rows)) throw new System.Runtime.InteropServices.ExternalException("Padding_idx must be within num_embeddings");
            var table = empty(rows, width).normal_();
            if (padding is { } row) table[row].zero_();
            return dtype is null && device is null ? table : table.to(dtype ?? table.dtype, device ?? CPU);
        });

        [System.Diagnostics.CodeAnalysis.DisallowNull]
        public Parameter? weight
        {
            get => new(_table.Share());
            set
            {
                _table = new HeldTensor(value);
                ConditionallyRegisterParameter(nameof(weight), value);
            }
        }

        private protected override void ConvertHeld(ScalarType? dtype, Device? device) => _table.Convert(dtype, device);

        public override Tensor forward(Tensor input) => DisposeScopeManager.Composed(() =>
        {
            RequireAlive();
            using var table = new Tensor(_table.Share());
            if (_maxNorm is { } norm)
            {
                using var still = no_grad();
                Ops.EmbeddingRenorm_.InPlace(table, table, input, norm, _normType);
            }
            return Ops.Embedding.Call(table, input, _padding, _scale, _sparse);
        });
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Embedding Embedding(long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null, double norm_type = 2.0, bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null) =>
                new(Modules.Embedding.Draw(num_embeddings, embedding_dims, padding_idx, device, dtype), padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse);
        }
    }
}
