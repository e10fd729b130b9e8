using Golden.Library;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using static TorchSharp.torch;

namespace Golden.Training.Losses;

/// <summary>Ragged micro-batches of one step: sums add up and are divided once, by the labels of the whole step.</summary>
internal static class AccumulationCase
{
    public static void Verify(FixtureCase c, Tally tally)
    {
        using var scope = NewDisposeScope();
        var items = c["num_items_in_batch"].ToDouble();
        var (total, kept, means) = (0.0, 0L, new List<double>());
        foreach (var part in c["micro_batches"].EnumerateArray())
        {
            var leaf = part.GetProperty("logits").ReadTensor().to(ScalarType.Float64).requires_grad_();
            var (logits, labels) = LanguageLosses.Shifted(leaf, part.GetProperty("labels").ReadTensor(ScalarType.Int64));
            var targets = labels.reshape(-1).contiguous();
            var sum = CrossEntropy.Sum(logits.reshape(targets.numel(), -1), targets);
            var count = CrossEntropy.Weight(targets).item<long>();
            tally.Number("sum", part.GetProperty("sum_fp64").ToDouble(), sum.item<double>(), 1e-9);
            tally.Equal("kept", part.GetProperty("kept").GetInt64(), count);
            (sum / items).backward();
            tally.Tensors("gradient", tensor(LossCase.Flat(part.GetProperty("grad_logits_of_sum_over_items_fp64")), leaf.shape), leaf.grad!, 1e-9);
            (total, kept) = (total + sum.item<double>(), kept + count);
            means.Add(sum.item<double>() / count);
            tally.Number("mean", part.GetProperty("mean_fp64").ToDouble(), means[^1], 1e-9);
        }
        tally.Number("items", items, kept, 0);
        tally.Number("loss", c["correct_loss_fp64"].ToDouble(), total / items, 1e-9);
        tally.Number("mean of means", c["mean_of_means_fp64"].ToDouble(), means.Average(), 1e-9);
    }
}
