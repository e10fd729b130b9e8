namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>In what gradual unfreezing counts.</summary>
public enum UnfreezingUnit
{
    /// <summary>Passes over the training data.</summary>
    Epochs = 0,

    /// <summary>Optimizer steps.</summary>
    Steps = 1,
}
