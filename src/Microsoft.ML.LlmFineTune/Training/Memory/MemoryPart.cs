namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>What memory is needed for in training.</summary>
public enum MemoryPart
{
    /// <summary>The model's weights, shared by all replicas; of 16 bits where training computes in them.</summary>
    Weights,

    /// <summary>What adapters add to the weights.</summary>
    Adapters,

    /// <summary>Copies of 32 bits of weights and gradients of 16.</summary>
    Masters,

    /// <summary>Gradients of what moves, of each replica.</summary>
    Gradients,

    /// <summary>What the optimizer remembers.</summary>
    OptimizerState,

    /// <summary>Copies of the weights: the last good ones, the best ones, a running average, those of the start.</summary>
    Snapshots,

    /// <summary>What layers keep for backward.</summary>
    Activations,

    /// <summary>Scores of the vocabulary and their gradient.</summary>
    Scores,

    /// <summary>What backward needs besides: gradients on their way.</summary>
    Temporaries,

    /// <summary>Code and buffers that the first steps bring into memory.</summary>
    Runtime,

    /// <summary>Memory that the allocator has touched and cannot use again.</summary>
    AllocatorSlack,
}
