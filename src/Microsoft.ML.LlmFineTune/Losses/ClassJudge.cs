using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>Judges scored classes, of texts as of tokens, by <see cref="ClassificationOptions"/>.</summary>
internal sealed class ClassJudge
{
    private readonly ClassificationOptions _options;

    public ClassJudge(ClassificationOptions options)
    {
        Require.NotNull(options).Validate();
        _options = options;
    }

    /// <summary>What the loss is divided by: the number of targets, or the sum of the weights of their classes.</summary>
    public double Weight(TokenBatch rows)
    {
        Require.NotNull(rows);
        if (_options.ClassWeights is not { } weights || _options.FocalGamma is not null) return rows.TargetCount;
        double sum = 0;
        foreach (long target in rows.Targets)
        {
            if (target == TokenBatch.Ignored) continue;
            Require.Argument((ulong)target < (ulong)weights.Count, $"There are {weights.Count} class weights; the batch has the target {target}. Give one for each class.", nameof(rows));
            sum += weights[(int)target];
        }
        return sum;
    }

    /// <summary>The loss, summed.</summary>
    /// <param name="logits">[places, classes].</param>
    /// <param name="targets">[places] int64.</param>
    public Tensor Sum(Tensor logits, Tensor targets)
    {
        Tensor? weights = null;
        if (_options.ClassWeights is { } given)
        {
            Require.Argument(given.Count == logits.size(1), $"ClassWeights must be one for each of {logits.size(1)} classes; received {given.Count}.", nameof(ClassificationOptions.ClassWeights));
            weights = tensor(given.ToArray(), device: logits.device);
        }
        return _options.FocalGamma is double gamma ? FocalLoss.Each(logits, targets, gamma, weights).sum() : CrossEntropy.Sum(logits, targets, _options.LabelSmoothing, weights);
    }
}
