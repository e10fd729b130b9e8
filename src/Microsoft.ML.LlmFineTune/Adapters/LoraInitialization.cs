namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>What the matrices of a LoRA begin with (<c>init_lora_weights</c>).</summary>
public enum LoraInitialization
{
    /// <summary>A uniform within 1 / sqrt(inputs), B 0, so that the model begins as it was; for embeddings A 0, B normal (true).</summary>
    Uniform,

    /// <summary>A normal of deviation 1 / rank, B 0 ("gaussian").</summary>
    Gaussian,

    /// <summary>Neither is 0 (false): for experiments alone, since the model begins as another.</summary>
    Random,
}
