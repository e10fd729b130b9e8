namespace Microsoft.ML.LlmFineTune.Data;

/// <summary>What a text is for.</summary>
public enum DataPart
{
    /// <summary>Weights are fitted to it.</summary>
    Train,

    /// <summary>Training is steered by it: early stopping, the choice of options.</summary>
    Validation,

    /// <summary>The result is measured on it, once.</summary>
    Test,
}
