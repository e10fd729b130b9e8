using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>
/// A scalar whose gradients were made on the way forward: backward multiplies them by what comes from above. Arguments: the value, a function that composes it of the inputs (for gradients of gradients), a list of
/// the gradients, and the inputs in the same order.
/// </summary>
internal sealed class KnownGradientFunction : autograd.SingleTensorFunction<KnownGradientFunction>
{
    private const string Composition = "composition";
    private const int FirstInput = 3;

    public override string Name => nameof(KnownGradientFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var gradients = (IReadOnlyList<Tensor>)vars[2];
        ctx.save_data(Composition, vars[1]);
        // The graph owns them, and frees them with itself.
        ctx.save_for_backward([.. gradients, .. vars.Skip(FirstInput).Cast<Tensor>()]);
        return ((Tensor)vars[0]).clone();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        List<Tensor> saved = ctx.get_saved_variables();
        int count = saved.Count / 2;
        Tensor?[] none = new Tensor?[FirstInput];
        if (KernelGradients.NeedDerivatives)
            return [.. none.Select(nothing => nothing!), .. KernelGradients.Composed((Func<Tensor[], Tensor>)ctx.get_data(Composition), [.. saved.Skip(count)], grad_output)];
        bool isWhole = grad_output.item<float>() == 1;
        Tensor[] gradients = [.. saved.Take(count).Select(gradient => isWhole ? gradient : gradient.mul(grad_output.to(gradient.dtype)))];
        foreach (Tensor tensor in isWhole ? saved.Skip(count) : saved) tensor.Dispose();
        return KernelGradients.HandOver([.. none, .. gradients]);
    }
}
