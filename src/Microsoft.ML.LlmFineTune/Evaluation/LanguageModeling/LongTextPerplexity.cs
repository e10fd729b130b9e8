using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>The perplexity of a text that is longer than a model can read at once.</summary>
public static class LongTextPerplexity
{
    /// <summary>Reads a text in overlapping windows and counts each token's prediction once, with as much context as its window gives.</summary>
    /// <param name="model">The model; it reads in evaluation mode.</param>
    /// <param name="tokens">The text; ids below the vocabulary size.</param>
    /// <param name="length">Length of a window; default null: all positions of the model.</param>
    /// <param name="stride">Tokens from one window to the next; default null: half a window.</param>
    /// <param name="cancellation">Stops between two windows.</param>
    /// <returns>The sums; words and bytes of the text can be added.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A window is longer than the model's positions, or a stride longer than a window.</exception>
    public static PerplexityAccumulator Evaluate(DecoderModel model, IReadOnlyList<int> tokens, int? length = null, int? stride = null, CancellationToken cancellation = default)
    {
        Require.NotNull(model);
        Require.NotNull(tokens);
        int windowLength = Require.Within(length ?? model.Config.MaximumLength, 1, model.Config.MaximumLength, nameof(length));
        bool wasTraining = model.training;
        model.eval();
        try
        {
            PerplexityAccumulator sums = new();
            foreach (SlidingWindow window in SlidingWindow.Over(tokens.Count, windowLength, stride ?? Math.Max(1, windowLength / 2)))
            {
                cancellation.ThrowIfCancellationRequested();
                if (window.Predicted > 0) sums.Add(NegativeLogLikelihood(model, tokens, window), window.Predicted);
            }
            return sums;
        }
        finally
        {
            model.train(wasTraining);
        }
    }

    /// <summary>Of the window's predicted tokens, in nats.</summary>
    internal static double NegativeLogLikelihood(DecoderModel model, IReadOnlyList<int> tokens, SlidingWindow window)
    {
        using IDisposable withoutGradients = no_grad();
        using IDisposable scope = NewDisposeScope();
        long[] read = [.. tokens.Skip(window.Begin).Take(window.End - window.Begin).Select(token => (long)Require.Below(token, 0, model.Config.VocabularySize, nameof(tokens)))];
        Tensor hidden = model.Forward(tensor(read, [1, read.Length], device: model.Device));                   // [1, length, width]
        Tensor before = hidden[0].narrow(0, read.Length - 1 - window.Predicted, window.Predicted);             // [predicted, width]: each stands before its target
        Tensor targets = tensor(read[^window.Predicted..], device: model.Device);                              // [predicted]
        return SoftmaxCrossEntropy.Sum(model.Logits(before).to(ScalarType.Float64), targets).item<double>();
    }
}
