using Microsoft.ML.LlmFineTune.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>A layer that keeps its inputs alone; see <see cref="ActivationCheckpoints"/>. Arguments: the <see cref="ActivationCheckpoint"/>, the anchor or null, the layer's input, the shared tensors or nulls.</summary>
internal sealed class ActivationCheckpointFunction : autograd.SingleTensorFunction<ActivationCheckpointFunction>
{
    private const string Checkpoint = "checkpoint";
    private const string Given = "given";
    private const int FirstInput = 2;

    public override string Name => nameof(ActivationCheckpointFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var checkpoint = (ActivationCheckpoint)vars[0];
        Tensor?[] inputs = [.. vars.Skip(FirstInput).Select(input => (Tensor?)input)];
        ctx.save_data(Checkpoint, checkpoint);
        ctx.save_data(Given, inputs.Select(input => input is not null).ToArray());
        ctx.save_for_backward([.. inputs.OfType<Tensor>()]);
        return checkpoint.Forward(inputs[0]!, inputs[1..]);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var checkpoint = (ActivationCheckpoint)ctx.get_data(Checkpoint);
        Queue<Tensor> saved = new(ctx.get_saved_variables());
        Tensor?[] inputs = [.. ((bool[])ctx.get_data(Given)).Select(given => given ? saved.Dequeue() : null)];
        Tensor?[] gradients;
        try
        {
            gradients = Gradients(checkpoint, inputs, grad_output);
        }
        catch (Exception exception)
        {
            // Nothing may be thrown here. Whoever called backward is told afterwards, and nobody can take this for a gradient.
            checkpoint.Owner.Fail(exception);
            using IDisposable withoutGradients = no_grad();
            gradients = [.. inputs.Select(input => input is { requires_grad: true } ? full_like(input, double.NaN) : null)];
        }
        foreach (Tensor? input in inputs) input?.Dispose();
        return KernelGradients.HandOver([null, null, .. gradients]);
    }

    private static Tensor?[] Gradients(ActivationCheckpoint checkpoint, Tensor?[] inputs, Tensor above)
    {
        if (KernelGradients.NeedDerivatives) throw new NotSupportedException("Gradients of gradients do not pass through checkpointed activations. Set RecomputesActivations to false.");
        using IDisposable scope = NewDisposeScope();
        using IDisposable withGradients = enable_grad();
        Tensor?[] leaves = [.. inputs.Select(input => input?.detach().requires_grad_(input.requires_grad))];
        Tensor output;
        // What forward leaves behind goes before backward begins: the graph keeps what it needs.
        using (NewDisposeScope()) output = checkpoint.Again(leaves[0]!, leaves[1..]).MoveToOuterDisposeScope();
        // Parameters get their part on the way.
        if (output.requires_grad) autograd.backward([output], [above]);
        return [.. leaves.Select(leaf => leaf is { requires_grad: true } ? leaf.grad?.DetachFromDisposeScope() : null)];
    }
}
