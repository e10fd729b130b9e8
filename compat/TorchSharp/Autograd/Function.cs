namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>An operation whose forward and backward are managed code.</summary>
        public abstract class Function<T> where T : Function<T>, new()
        {
            private static readonly T Shared = new();

            public abstract string Name { get; }
            internal abstract List<Tensor> Forward(AutogradContext context, object[] vars);
            internal abstract List<Tensor> Backward(AutogradContext context, List<Tensor> gradients);

            public static List<Tensor> apply_internal(params object[] vars) => FunctionCall.Apply(Shared.Name, vars, Shared.Forward, Shared.Backward);
        }

        public abstract class SingleTensorFunction<T> : Function<T> where T : SingleTensorFunction<T>, new()
        {
            public static Tensor apply(params object[] vars) => apply_internal(vars)[0];
            public abstract Tensor forward(AutogradContext ctx, params object[] vars);
            public abstract List<Tensor> backward(AutogradContext ctx, Tensor grad_output);
            internal sealed override List<Tensor> Forward(AutogradContext context, object[] vars) => [forward(context, vars)];
            internal sealed override List<Tensor> Backward(AutogradContext context, List<Tensor> gradients) => backward(context, gradients[0]);
        }

        public abstract class MultiTensorFunction<T> : Function<T> where T : MultiTensorFunction<T>, new()
        {
            public static List<Tensor> apply(params object[] vars) => apply_internal(vars);
            public abstract List<Tensor> forward(AutogradContext ctx, params object[] vars);
            public abstract List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs);
            internal sealed override List<Tensor> Forward(AutogradContext context, object[] vars) => forward(context, vars);
            internal sealed override List<Tensor> Backward(AutogradContext context, List<Tensor> gradients) => backward(context, gradients);
        }
    }
}
