namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>A model whose weights checkpoints can hold.</summary>
public interface ICheckpointModel
{
    /// <summary>The numbers that fix the model's shape, labels included.</summary>
    ModelConfig Config { get; }

    /// <summary>What its output is for.</summary>
    ModelHead Head { get; }

    /// <summary>Which tensor of a checkpoint is which parameter: every parameter once.</summary>
    IReadOnlyList<WeightName> WeightNames { get; }

    /// <summary>The name that <see cref="WeightNames"/> has for a tensor of a checkpoint; null for one that this model can do without.</summary>
    /// <param name="file">The tensor's name in the checkpoint.</param>
    string? CanonicalName(string file);
}
