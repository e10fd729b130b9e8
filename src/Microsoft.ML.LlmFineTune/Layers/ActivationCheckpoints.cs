using System.Runtime.ExceptionServices;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>
/// Activation checkpointing (Chen et al.: "Training Deep Nets with Sublinear Memory Cost", 2016): of each layer only the inputs are kept, and backward computes the rest again. It costs the layer's
/// forward pass a second time. One instance belongs to one instance of a model.
/// </summary>
/// <remarks>
/// What a layer looks at is given as tensors, which the graph keeps and frees with itself, so that nothing else has to live until backward. Parameters get their gradients while backward computes a layer
/// again: <c>backward</c> is supported, gradients for chosen tensors alone (<c>autograd.grad</c>) and gradients of gradients are not.
/// </remarks>
public sealed class ActivationCheckpoints
{
    private readonly ModelRandom _random;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Creates the checkpoints of a model instance.</summary>
    /// <param name="random">What the model's dropout draws from: the second time it gives the same draws.</param>
    public ActivationCheckpoints(ModelRandom random) => _random = Require.NotNull(random);

    /// <summary>Whether layers are computed again in backward. Default false. It has no effect in evaluation mode and without gradients.</summary>
    public bool Enabled { get; set; }

    /// <summary>Applies a layer.</summary>
    /// <param name="layer">The layer; it draws random numbers from the model's stream alone.</param>
    /// <param name="hidden">Its input.</param>
    /// <param name="shared">Every other tensor that it looks at and that is no parameter of its own; null for what it does without. Where one has a gradient, it gets it.</param>
    /// <param name="forward">Applies the layer to the input and the shared tensors, in their order; called again in backward, when all else that the forward pass has made may be gone.</param>
    /// <param name="repeatable">Whether a second call changes nothing, as it would with a cache; false: the layer is applied as usual.</param>
    /// <returns>What the layer gives.</returns>
    public Tensor Run(nn.Module layer, Tensor hidden, ReadOnlySpan<Tensor?> shared, Func<Tensor, Tensor?[], Tensor> forward, bool repeatable = true)
    {
        Require.NotNull(layer);
        Require.NotNull(forward);
        if (Enabled && repeatable && layer.training) return Recomputed(layer, hidden, shared, forward);
        ThrowIfFailed();
        return forward(hidden, [.. shared]);
    }

    /// <summary><see cref="Run"/> whatever <see cref="Enabled"/> says, for what takes too much memory in any case.</summary>
    internal Tensor Recomputed(nn.Module layer, Tensor hidden, ReadOnlySpan<Tensor?> shared, Func<Tensor, Tensor?[], Tensor> forward)
    {
        ThrowIfFailed();
        Tensor?[] inputs = [hidden, .. shared];
        if (!is_grad_enabled()) return forward(hidden, inputs[1..]);
        bool reached = inputs.Any(input => input is { requires_grad: true });
        if (!reached && !layer.parameters().Any(parameter => parameter.requires_grad)) return forward(hidden, inputs[1..]);
        ActivationCheckpoint checkpoint = new(this, forward, _random, _random.Stream.Key, _random.Stream.Position);
        // The engine comes back only where an input has a gradient; where parameters alone do, as adapters in the first layers, this one stands for them.
        using Tensor? anchor = reached ? null : zeros(1).requires_grad_(true);
        return ActivationCheckpointFunction.apply([checkpoint, anchor!, .. inputs.Select(input => input!)]);
    }

    /// <summary>Throws what went wrong when backward computed a layer again, where nothing may be thrown. Gradients are NaN then.</summary>
    public void ThrowIfFailed() => Interlocked.Exchange(ref _failure, null)?.Throw();

    /// <summary>Keeps the first exception of backward.</summary>
    internal void Fail(Exception exception) => Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
}

/// <summary>How to compute a layer again.</summary>
/// <param name="Owner">Who hears of failures.</param>
/// <param name="Forward">The layer.</param>
/// <param name="Random">What its dropout draws from.</param>
/// <param name="Key">The stream's key at the beginning of the layer.</param>
/// <param name="Position">The stream's position there.</param>
internal sealed record ActivationCheckpoint(ActivationCheckpoints Owner, Func<Tensor, Tensor?[], Tensor> Forward, ModelRandom Random, ulong Key, ulong Position)
{
    /// <summary>Computes the layer again, with the draws of the first time.</summary>
    public Tensor Again(Tensor hidden, Tensor?[] shared)
    {
        RandomStream now = Random.Stream;
        Random.Reseed(new RandomStream(Key, Position));
        try
        {
            return Forward(hidden, shared);
        }
        finally
        {
            Random.Reseed(now);
        }
    }
}
