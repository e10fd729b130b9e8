using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>A model whose weights checkpoints can hold.</summary>
public interface ICheckpointModel : IParameterRoles
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

    /// <summary>By its kind and its name in a checkpoint: "bias" anywhere in it makes a bias, a table of relative positions included.</summary>
    ParameterRole? IParameterRoles.RoleOf(string parameter)
    {
        WeightName? found = WeightNames.FirstOrDefault(name => name.Parameter == parameter);
        if (found is null) return null;
        if (found.File.Contains("bias", StringComparison.OrdinalIgnoreCase)) return ParameterRole.Bias;
        return found.Kind switch
        {
            WeightKind.Normalization => ParameterRole.Normalization,
            WeightKind.Embedding or WeightKind.Position => ParameterRole.Embedding,
            WeightKind.Output => ParameterRole.Output,
            _ => ParameterRole.Weight,
        };
    }
}
