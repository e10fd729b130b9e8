using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of choosing among several continuations: the negative log-likelihood of the right one, in nats. A unit of rows is one question; the target of its right choice is 1, that of the others 0. Knows <see cref="MultipleChoiceModel"/>s.</summary>
public sealed class MultipleChoiceObjective : IObjective
{
    /// <summary>The metric of questions whose best-scored choice is the right one: "accuracy".</summary>
    public const string Accuracy = "accuracy";

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Accuracy];

    /// <summary>The number of questions.</summary>
    /// <param name="rows">The rows.</param>
    public double Weight(TokenBatch rows) => Require.NotNull(rows).Units;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is of another kind, a token is out of range, a unit has one row only, or not one right choice.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        MultipleChoiceModel chooser = ModelInput.Expect<MultipleChoiceModel>(model, nameof(MultipleChoiceObjective));
        long[] shape = [rows.Units, rows.RowsPerUnit, rows.Length];
        Tensor right = tensor(RightChoices(rows), device: chooser.Backbone.Device);                                       // [questions]
        Tensor scores = chooser.Forward(
            ModelInput.Tokens(rows, chooser.Backbone).view(shape), ModelInput.Mask(rows, chooser.Backbone)?.view(shape), ModelInput.Segments(rows, chooser.Backbone)?.view(shape));   // [questions, choices]
        metrics?.Add(Accuracy, scores.argmax(1).eq(right).sum().item<long>(), rows.Units);
        return CrossEntropy.Sum(scores, right);
    }

    private static long[] RightChoices(TokenBatch rows)
    {
        int choices = rows.RowsPerUnit;
        Require.Argument(choices >= 2, "A question needs at least two choices, side by side in a unit of rows; received one row a unit.", nameof(rows));
        ModelInput.CheckTargets(rows, rows.Rows, 2);
        long[] right = new long[rows.Units];
        for (int question = 0; question < right.Length; question++)
        {
            Span<long> marks = rows.Targets.AsSpan(question * choices, choices);
            Require.Argument(marks.Count(1) == 1, $"A question needs one right choice, whose target is 1; question {question} of the batch has {marks.Count(1)}.", nameof(rows));
            right[question] = marks.IndexOf(1);
        }
        return right;
    }
}
