using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public enum Reduction : long
        {
            None = 0,
            Mean = 1,
            Sum = 2,
        }

        public static partial class functional
        {
            public static Tensor cross_entropy(Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0.0) =>
                Ops.CrossEntropyLoss.Call(input, target, Argument.Maybe(weight), (long)reduction, ignore_index, label_smoothing);

            public static Tensor nll_loss(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean) =>
                Ops.NllLossNd.Call(input, target, Argument.Maybe(weight), (long)reduction);

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) => Ops.MseLoss.Call(input, target, (long)reduction);

            public static Tensor l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) => Ops.L1Loss.Call(input, target, (long)reduction);

            public static Tensor binary_cross_entropy_with_logits(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean, Tensor? pos_weights = null) => !input.shape.AsSpan().SequenceEqual(target.shape)
                ? throw new System.Runtime.InteropServices.ExternalException($"Target size ([{string.Join(", ", target.shape)}]) must be the same as input size ([{string.Join(", ", input.shape)}])")
                : Ops.BinaryCrossEntropyWithLogits.Call(input, target, Argument.Maybe(weight), Argument.Maybe(pos_weights), (long)reduction);

            public static Tensor kl_div(Tensor input, Tensor target, bool log_target = true, Reduction reduction = Reduction.Mean) =>
                Ops.KlDiv.Call(input, target, (long)reduction, log_target);
        }
    }
}
