using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) => Ops.Linear.Call(input, weights, Argument.Maybe(bias));

            public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5) =>
                Ops.LayerNorm.Call(input, normalized_shape, Argument.Maybe(weight), Argument.Maybe(bias), eps);

            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false) =>
                inplace ? Ops.Dropout_.Call(input, p, training) : Ops.Dropout.Call(input, p, training);

            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);
            public static Tensor log_softmax(Tensor x, long dim) => x.log_softmax(dim);
            public static Tensor one_hot(Tensor x, long num_classes = -1) => x.dtype == ScalarType.Int64 ? Ops.OneHot.Call(x, num_classes) : throw new ArgumentException("OneHot input tensor must have elements of type Int64");

            public static Tensor cosine_similarity(Tensor x1, Tensor x2, long dim = 1, double eps = 1e-8) => Ops.CosineSimilarity.Call(x1, x2, dim, eps);

            public static Tensor normalize(Tensor input, double p = 2, long dim = 1, double eps = 1e-12) =>
                DisposeScopeManager.Composed(() => input / Ops.NormScalarOptDim.Call(input, p, new[] { dim }, true).clamp_min(eps).expand_as(input));
        }
    }
}
