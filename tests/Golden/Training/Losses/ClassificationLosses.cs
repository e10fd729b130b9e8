using Golden.Library;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using static TorchSharp.torch;

namespace Golden.Training.Losses;

/// <summary>Classes, labels, numbers, spans.</summary>
internal static class ClassificationLosses
{
    public static LossAnswer Compute(LossCase c) => c.Kind switch
    {
        "cross_entropy" or "cross_entropy_all_ignored" => OfClasses(c),
        "label_smoother" => OfLabelSmoother(c),
        "focal" => OfFocal(c),
        "z_loss" => OfNormalizer(c),
        "binary_cross_entropy_with_logits" => Reduced(c, BinaryCrossEntropy.Each(c.Numbers("logits"), c.Numbers("targets"), c.Optional("pos_weight"))),
        "mse" => Reduced(c, RegressionLosses.Squared(c.Numbers("logits"), c.Numbers("targets"))),
        "smooth_l1" => Reduced(c, RegressionLosses.SmoothAbsolute(c.Numbers("logits"), c.Numbers("targets"), c.Option("beta", 1.0))),
        _ => OfSpans(c),
    };

    private static LossAnswer OfClasses(LossCase c)
    {
        var (logits, labels, weights, smoothing) = (c.Numbers("logits"), Labels(c), c.Optional("weights"), c.Option("label_smoothing", 0.0));
        var sum = CrossEntropy.Sum(logits, labels, smoothing, weights);
        return c.Option("reduction", "mean") switch
        {
            "none" => Items(CrossEntropy.Each(logits, labels, smoothing, weights)),
            "sum" => new(sum),
            "mean" => new(sum / CrossEntropy.Weight(labels, weights)) { Outputs = { ["sum"] = sum } },
            var other => throw new UnsupportedException($"there is no reduction {other}"),
        };
    }

    private static LossAnswer OfLabelSmoother(LossCase c)
    {
        var (logits, labels) = (c.Numbers("logits"), c.Integers("labels"));
        if (c.Option("shift_labels", false)) (logits, labels) = LanguageLosses.Shifted(logits, labels);
        var (rows, targets) = (logits.reshape(-1, logits.size(-1)), labels.reshape(-1).contiguous());
        var count = c.Option("num_items_in_batch", CrossEntropy.Weight(targets).item<long>());
        // transformers' LabelSmoother adds up the classes in float32 whatever the logits are.
        return new(CrossEntropy.Sum(rows, targets, c.Option("label_smoothing", 0.1)) / count) { DoubleTolerance = 1e-8 };
    }

    private static LossAnswer OfFocal(LossCase c)
    {
        var labels = Labels(c);
        var items = FocalLoss.Each(c.Numbers("logits"), labels, c.Option("gamma", 2.0), c.Optional("alpha"));
        return c.Option("reduction", "mean") == "mean" ? new(items.sum() / CrossEntropy.Weight(labels)) : Reduced(c, items);
    }

    private static LossAnswer OfNormalizer(LossCase c)
    {
        var labels = Labels(c);
        return new(CrossEntropy.Sum(c.Numbers("logits"), labels, c.Option("label_smoothing", 0.0), normalizerPenalty: c.Option("coef", 1e-4)) / CrossEntropy.Weight(labels));
    }

    private static LossAnswer OfSpans(LossCase c)
    {
        var (starts, ends) = (c.Integers("start").clamp_min(0), c.Integers("end").clamp_min(0));
        var (startLogits, endLogits) = (c.Numbers("start_logits"), c.Numbers("end_logits"));
        var (start, end) = SpanLoss.Each(startLogits, endLogits, starts, ends);
        return new(((start.sum() / CrossEntropy.Weight(SpanLoss.Inside(starts, startLogits))) + (end.sum() / CrossEntropy.Weight(SpanLoss.Inside(ends, endLogits)))) / 2);
    }

    private static LossAnswer Reduced(LossCase c, Tensor each) => c.Option("reduction", "mean") switch
    {
        "none" => Items(each),
        "mean" => new(each.mean()),
        "sum" => new(each.sum()),
        var other => throw new UnsupportedException($"there is no reduction {other}"),
    };

    /// <summary>Nothing is added up; only to fix the gradient the first item counts once, the second twice, ...</summary>
    private static LossAnswer Items(Tensor each) => new((each.reshape(-1) * arange(1, each.numel() + 1).to(each.dtype)).sum()) { Outputs = { ["items"] = each } };

    /// <summary>The labels with the library's own mark for what is ignored.</summary>
    private static Tensor Labels(LossCase c)
    {
        var labels = c.Integers("labels");
        var ignored = (long)c.Option("ignore_index", SoftmaxCrossEntropy.Ignored);
        return ignored == SoftmaxCrossEntropy.Ignored ? labels : labels.masked_fill(labels.eq(ignored), SoftmaxCrossEntropy.Ignored);
    }
}
