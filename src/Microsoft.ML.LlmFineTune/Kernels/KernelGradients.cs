using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>What backward functions of kernels have in common. They run inside the native engine, where an exception would end the process.</summary>
internal static class KernelGradients
{
    [ThreadStatic]
    private static Tensor?[]? s_handedOver;

    /// <summary>
    /// Whether gradients of gradients are asked for: then backward is composed of operators, which can be differentiated again.
    /// </summary>
    public static bool NeedDerivatives => is_grad_enabled();

    /// <summary>
    /// Hands gradients to the engine. It takes references of its own after backward returns, so ours can only go later: at the next call in this thread.
    /// Left to the step's scope, they would keep the memory of every gradient until the end of the step.
    /// </summary>
    public static List<Tensor> HandOver(params Tensor?[] gradients)
    {
        Release();
        foreach (Tensor? tensor in gradients) tensor?.DetachFromDisposeScope();
        s_handedOver = gradients;
        return gradients.Select(gradient => gradient!).ToList();
    }

    /// <summary>Lets go of what was handed over last: for who has called the engine, when it has returned. The gradient of scores is too large to wait for the next call.</summary>
    public static void Release()
    {
        foreach (Tensor? tensor in s_handedOver ?? []) tensor?.Dispose();
        s_handedOver = null;
    }

    /// <summary>Gradients of a composed function that can be differentiated again.</summary>
    /// <param name="function">The function of the inputs.</param>
    /// <param name="inputs">Saved inputs, with their place in the graph.</param>
    /// <param name="gradient">Gradient of the function's result.</param>
    public static List<Tensor> Composed(Func<Tensor[], Tensor> function, Tensor[] inputs, Tensor gradient)
    {
        Tensor[] wanted = inputs.Where(input => input.requires_grad).ToArray();
        IList<Tensor> found = autograd.grad([function(inputs)], wanted, [gradient], retain_graph: true, create_graph: true);
        Queue<Tensor> queue = new(found);
        return inputs.Select(input => input.requires_grad ? queue.Dequeue() : null!).ToList();
    }

    /// <summary>The gradient as dense memory: the engine may hand over an expanded scalar.</summary>
    public static Tensor Dense(Tensor gradient) => gradient.is_contiguous() ? gradient : gradient.contiguous();

    /// <summary>Whether a kernel over memory can take these tensors.</summary>
    public static bool Fit(params ReadOnlySpan<Tensor?> tensors)
    {
        foreach (Tensor? tensor in tensors)
        {
            if (tensor is not null && !TensorMemory.IsDenseFloat(tensor)) return false;
        }
        return true;
    }
}
