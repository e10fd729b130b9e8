using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Which parameters weight decay shrinks.</summary>
public enum WeightDecayScope
{
    /// <summary>Those of two and more dimensions: no vector, whatever it is for.</summary>
    Matrices = 0,

    /// <summary>All but biases (tables of relative positions included) and the weights of norms: the rule of Hugging Face's Trainer, by <see cref="ParameterRole"/>.</summary>
    AllButBiasesAndNorms = 1,

    /// <summary>All.</summary>
    All = 2,
}
