namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>In what numbers the model computes while it is trained.</summary>
public enum TrainingPrecision
{
    /// <summary>32 bits throughout.</summary>
    Float32 = 0,

    /// <summary>
    /// bfloat16, with the weights and the sums of gradients that the optimizer works on in 32 bits ("mixed precision": Micikevicius et al., 2018; Kalamkar et al., 2019). Half the memory of weights and activations;
    /// faster where the processor or GPU has instructions for it, slower elsewhere.
    /// </summary>
    BFloat16 = 1,

    /// <summary>As <see cref="BFloat16"/>, in float16, whose small numbers end sooner: the loss is scaled up as far as gradients allow. GPUs only.</summary>
    Float16 = 2,
}
