using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>
/// The product of a linear map. While scores are made a chunk at a time (<see cref="ChunkedCrossEntropy"/>), the gradient of a large matrix goes straight into the sum over all chunks: as a tensor of its own, added
/// afterwards, it would cost as much as hundreds of rows.
/// </summary>
internal static class SummedProduct
{
    /// <summary>Below this many elements a gradient of its own costs little.</summary>
    private const long LeastElements = 1 << 20;

    [ThreadStatic]
    private static Dictionary<nint, Tensor>? s_sums;

    /// <summary>Begins to sum gradients of this thread; null ends it.</summary>
    /// <param name="sums">Sums of gradients by the handle of their matrix.</param>
    /// <returns>What was there before.</returns>
    public static Dictionary<nint, Tensor>? Exchange(Dictionary<nint, Tensor>? sums)
    {
        Dictionary<nint, Tensor>? before = s_sums;
        s_sums = sums;
        return before;
    }

    /// <summary>x W^T + b.</summary>
    /// <param name="input">[.., inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs], or null.</param>
    public static Tensor Apply(Tensor input, Tensor weight, Tensor? bias)
    {
        if (s_sums is not { } sums || !is_grad_enabled() || !weight.requires_grad || !weight.is_leaf || weight.numel() < LeastElements || input.dim() != 2 || !KernelGradients.Fit(input, weight)) return F.linear(input, weight, bias);
        if (!sums.TryGetValue(weight.Handle, out Tensor? sum)) sums[weight.Handle] = sum = zeros_like(weight).detach().DetachFromDisposeScope();
        Tensor product = SummedProductFunction.apply(input, weight, sum);
        return bias is null ? product : product.add_(bias);
    }
}

/// <summary>A product whose backward adds the matrix's gradient to a sum, and says that there is none.</summary>
internal sealed class SummedProductFunction : autograd.SingleTensorFunction<SummedProductFunction>
{
    private const string Sum = "sum";

    public override string Name => nameof(SummedProductFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        (Tensor input, Tensor weight) = ((Tensor)vars[0], (Tensor)vars[1]);
        ctx.save_for_backward([input, weight]);
        ctx.save_data(Sum, vars[2]);
        return F.linear(input, weight);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        List<Tensor> saved = ctx.get_saved_variables();
        using Tensor input = saved[0].detach(), weight = saved[1].detach(), above = grad_output.detach(), transposed = above.t();
        ((Tensor)ctx.get_data(Sum)).addmm_(transposed, input);
        Tensor? gradient = saved[0].requires_grad ? above.mm(weight) : null;
        foreach (Tensor tensor in saved) tensor.Dispose();
        return KernelGradients.HandOver(gradient, null, null);
    }
}
