using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>A model that adapters can be attached to.</summary>
internal interface IAdaptable
{
    /// <summary>What is attached; null for nothing.</summary>
    IModelAttachments? Attachments { get; set; }
}

/// <summary>What adapters that are attached to a model tell of themselves.</summary>
internal interface IModelAttachments : IDisposable
{
    /// <summary>The parameters that they add to the model.</summary>
    IReadOnlyList<WeightName> WeightNames { get; }

    /// <summary>Whether the model's own weights are all that it computes with.</summary>
    bool AreInWeights { get; }

    /// <summary>Attaches adapters of the same names and shapes to a bare model of the same configuration.</summary>
    void AttachTo(nn.Module like);
}
