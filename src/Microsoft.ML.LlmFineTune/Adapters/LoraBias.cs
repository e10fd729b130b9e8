namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>Which biases of the model are trained with a LoRA (<c>bias</c>).</summary>
public enum LoraBias
{
    /// <summary>None ("none").</summary>
    None,

    /// <summary>All of the model ("all"): every parameter with "bias" in its name.</summary>
    All,

    /// <summary>Those of the layers that the adapter changes ("lora_only").</summary>
    AdaptedLayers,
}
