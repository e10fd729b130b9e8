namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>What a model keeps for backward, in numbers.</summary>
/// <param name="Layers">Its layers, in their order.</param>
/// <param name="Outside">What is kept outside of layers; the scores of a vocabulary are not in it.</param>
public sealed record ModelActivations(IReadOnlyList<LayerActivations> Layers, LayerActivations Outside)
{
    /// <summary>What is kept.</summary>
    /// <param name="recomputes">Whether layers keep their input alone.</param>
    public double Kept(bool recomputes) => Outside.Numbers + Layers.Sum(layer => recomputes ? layer.Input : layer.Numbers);

    /// <summary>The most that one layer keeps.</summary>
    public double LargestLayer => Layers.Max(layer => layer.Numbers);

    /// <summary>
    /// What is in use at most while backward passes through a layer whose activations are there or have just been computed again, as a multiple of what the largest layer keeps when all of it moves: gradients on their way,
    /// and what nobody keeps. Default 1.5; each family has a measured one (docs/memory.md).
    /// </summary>
    public double LayerAtOnce { get; init; } = 1.5;

    /// <summary>A model of equal layers.</summary>
    internal static ModelActivations Of(int layers, Func<int, LayerActivations> layer, LayerActivations outside) => new([.. Enumerable.Range(0, layers).Select(layer)], outside);
}
