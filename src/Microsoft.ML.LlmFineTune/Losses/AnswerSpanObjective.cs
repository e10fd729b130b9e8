using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The loss of answers that are a part of a context: the negative log-likelihood of the answer's first and of its last token, in nats, averaged. The rows' targets are both positions. Knows <see cref="QuestionAnsweringModel"/>s.</summary>
public sealed class AnswerSpanObjective : IObjective
{
    /// <summary>The metric of rows whose best first and best last token are both right: "exact".</summary>
    public const string Exact = "exact";

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [Exact];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is of another kind, a token is out of range, or there are not two targets a row, inside the row.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        QuestionAnsweringModel reader = ModelInput.Expect<QuestionAnsweringModel>(model, nameof(AnswerSpanObjective));
        BackboneModel backbone = reader.Backbone;
        Tensor targets = ModelInput.Targets(rows, 2L * rows.Rows, rows.Length, backbone.Device).view(rows.Rows, 2);       // [rows, 2]
        (Tensor starts, Tensor ends) = (targets.select(1, 0), targets.select(1, 1));                                      // [rows] each
        Tensor? mask = ModelInput.Mask(rows, backbone);                                                                   // [rows, length]
        (Tensor start, Tensor end) = reader.Forward(ModelInput.Tokens(rows, backbone), mask, ModelInput.Segments(rows, backbone));   // [rows, length] each
        // No answer begins in padding, and a row's loss is the same whatever it is padded to.
        if (mask?.logical_not() is Tensor padding) (start, end) = (start.masked_fill(padding, float.NegativeInfinity), end.masked_fill(padding, float.NegativeInfinity));
        if (metrics is not null)
        {
            Tensor right = start.argmax(1).eq(starts).logical_and(end.argmax(1).eq(ends));
            metrics.Add(Exact, right.sum().item<long>(), starts.ne(TokenBatch.Ignored).sum().item<long>());
        }
        // Both ends of a row count as one target each, so the mean over targets is the mean of the two means.
        (Tensor ofStart, Tensor ofEnd) = SpanLoss.Each(start, end, starts, ends);
        return ofStart.sum() + ofEnd.sum();
    }
}
