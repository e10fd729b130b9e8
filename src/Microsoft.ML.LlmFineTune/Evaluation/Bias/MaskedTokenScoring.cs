using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Asks masked language models.</summary>
public static class MaskedTokenScoring
{
    /// <summary>A model as a <see cref="MaskedTokenScorer"/>.</summary>
    /// <param name="model">The model, in evaluation mode; it stays the caller's.</param>
    /// <param name="maskToken">Id of the token that stands for a hidden one, for example that of [MASK].</param>
    /// <param name="batchSize">How many positions are asked for at once; at least 1.</param>
    public static MaskedTokenScorer Of(MaskedLanguageModel model, int maskToken, int batchSize = 32)
    {
        Require.NotNull(model);
        Require.Below(maskToken, 0, model.Config.VocabularySize);
        Require.AtLeast(batchSize, 1);
        return (ids, positions) =>
        {
            List<double> answers = new(positions.Count);
            foreach (int[] chunk in positions.Chunk(batchSize)) answers.AddRange(Ask(model, maskToken, ids, chunk));
            return answers;
        };
    }

    private static double[] Ask(MaskedLanguageModel model, int maskToken, IReadOnlyList<int> ids, int[] positions)
    {
        using IDisposable withoutGradients = no_grad();
        using IDisposable scope = NewDisposeScope();
        (int rows, int length) = (positions.Length, ids.Count);
        long[] tokens = new long[rows * length];
        for (int i = 0; i < tokens.Length; i++) tokens[i] = i % length == positions[i / length] ? maskToken : ids[i % length];
        Tensor hidden = model.Backbone.ReadTexts(tensor(tokens, [rows, length], device: model.Backbone.Device));                // [rows, length, width]
        Tensor places = tensor([.. positions.Select((position, row) => (long)(row * length) + position)], device: hidden.device);
        Tensor logits = model.HeadModule.Forward(hidden.flatten(0, 1).index_select(0, places));                                 // [rows, vocabulary]
        Tensor hiddenIds = tensor([.. positions.Select(position => (long)ids[position])], [rows, 1], device: hidden.device);
        return [.. F.log_softmax(logits.to(ScalarType.Float64), -1).gather(1, hiddenIds).cpu().data<double>()];
    }
}
