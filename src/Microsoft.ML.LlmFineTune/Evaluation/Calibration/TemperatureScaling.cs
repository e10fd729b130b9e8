using System.Numerics.Tensors;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>What became of fitting a temperature.</summary>
public enum TemperatureOutcome
{
    /// <summary>The loss has its minimum at a temperature.</summary>
    Fitted,

    /// <summary>The label has the largest logit in every row: the loss falls for ever as the temperature goes to 0.</summary>
    Separable,

    /// <summary>The logits say nothing true about the labels: the loss falls for ever as the temperature grows.</summary>
    Uninformative,

    /// <summary>All logits of each row are equal: the loss doesn't depend on the temperature.</summary>
    Flat,
}

/// <summary>The temperature that logits are divided by so that their softmax is calibrated; it changes no answer. Source: Guo et al., 2017 ("On calibration of modern neural networks").</summary>
/// <param name="Outcome">Whether there is such a temperature.</param>
/// <param name="Temperature">Above 0; null where the loss has no minimum.</param>
/// <param name="LossBefore">Mean negative log-likelihood of the labels at the temperature 1, in nats.</param>
/// <param name="LossAfter">At the fitted temperature; null where there is none.</param>
public sealed record TemperatureScaling(TemperatureOutcome Outcome, double? Temperature, double LossBefore, double? LossAfter)
{
    /// <summary>Probabilities of a row: softmax(logits / temperature).</summary>
    /// <param name="logits">[classes].</param>
    /// <param name="probabilities">[classes]: filled.</param>
    /// <exception cref="InvalidOperationException">No temperature could be fitted.</exception>
    public void Apply(ReadOnlySpan<double> logits, Span<double> probabilities)
    {
        Require.State(Temperature is not null, $"Scaling needs a fitted temperature; there is none: {Outcome}.");
        Softmax(logits, 1 / Temperature.Value, probabilities);
    }

    /// <summary>softmax(scale * logits), without overflow.</summary>
    internal static void Softmax(ReadOnlySpan<double> logits, double scale, Span<double> probabilities)
    {
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max(logits), probabilities);
        TensorPrimitives.Multiply(probabilities, scale, probabilities);
        TensorPrimitives.Exp(probabilities, probabilities);
        TensorPrimitives.Divide(probabilities, TensorPrimitives.Sum<double>(probabilities), probabilities);
    }
}
