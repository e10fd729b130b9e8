using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>What is added in training to the negative log-likelihood of tokens. Evaluation leaves it out, so that perplexity stays what it is.</summary>
public sealed record TokenLossOptions
{
    /// <summary>The part of a target that all tokens of the vocabulary share in equal parts, from 0 to less than 1; default 0. Transformers for translation: 0.1.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Factor on the square of the logits' log sum exp, which keeps them from drifting ("z-loss": Chowdhery et al., "PaLM", 2022: 1e-4); at least 0; default 0.</summary>
    public double NormalizerPenalty { get; init; }

    /// <summary>
    /// Bytes that the scores of the vocabulary may take at once, in evaluation too; greater than 0. A batch whose scores need more is scored a chunk at a time (<see cref="ChunkedCrossEntropy"/>), with the same loss. Default: 64 MiB.
    /// </summary>
    public long ScoreBudget { get; init; } = ChunkedCrossEntropy.DefaultBudget;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Below(LabelSmoothing, 0.0, 1.0);
        Require.NotNegative(NormalizerPenalty);
        Require.AtLeast(ScoreBudget, 1);
    }
}
