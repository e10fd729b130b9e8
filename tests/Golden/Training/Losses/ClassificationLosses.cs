using Golden.Library;
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
        "binary_cross_entropy_with_logits" => new(Reduce(c, BinaryCrossEntropy.Each(c.Numbers("logits"), c.Numbers("targets"), c.Optional("pos_weight")))),
        "mse" => new(Reduce(c, RegressionLosses.Squared(c.Numbers("logits"), c.Numbers("targets")))),
        "smooth_l1" => new(Reduce(c, RegressionLosses.SmoothAbsolute(c.Numbers("logits"), c.Numbers("targets"), c.Option("beta", 1.0)))),
        _ => OfSpans(c),
    };

    private static LossAnswer OfClasses(LossCase c)
    {
        var (logits, labels, weights, smoothing) = (c.Numbers("logits"), c.Integers("labels"), c.Optional("weights"), c.Option("label_smoothing", 0.0));
        var items = CrossEntropy.Each(logits, labels, smoothing, weights);
        if (c.Kind == "cross_entropy_all_ignored") return new(null) { Outputs = { ["sum"] = CrossEntropy.Sum(logits, labels).to(ScalarType.Float64) } };
        switch (c.Option("reduction", "mean"))
        {
            // Only to fix the gradient: the first row once, the second twice, ...
            case "none": return new((items * arange(1, items.numel() + 1).to(items.dtype)).sum()) { Outputs = { ["items"] = items } };
            case "sum": return new(CrossEntropy.Sum(logits, labels, smoothing, weights));
            case "mean": return new(CrossEntropy.Sum(logits, labels, smoothing, weights) / CrossEntropy.Weight(labels, weights));
            case var other: throw new UnsupportedException($"there is no reduction {other}");
        }
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
        var labels = c.Integers("labels");
        return new(FocalLoss.Each(c.Numbers("logits"), labels, c.Option("gamma", 2.0), c.Optional("alpha")).sum() / CrossEntropy.Weight(labels));
    }

    private static LossAnswer OfNormalizer(LossCase c)
    {
        var labels = c.Integers("labels");
        return new(CrossEntropy.Sum(c.Numbers("logits"), labels, c.Option("label_smoothing", 0.0), normalizerPenalty: c.Option("coef", 1e-4)) / CrossEntropy.Weight(labels));
    }

    private static LossAnswer OfSpans(LossCase c)
    {
        var (starts, ends) = (c.Integers("start"), c.Integers("end"));
        var (startLogits, endLogits) = (c.Numbers("start_logits"), c.Numbers("end_logits"));
        var (start, end) = SpanLoss.Each(startLogits, endLogits, starts, ends);
        return new(((start.sum() / CrossEntropy.Weight(SpanLoss.Inside(starts, startLogits))) + (end.sum() / CrossEntropy.Weight(SpanLoss.Inside(ends, endLogits)))) / 2);
    }

    private static Tensor Reduce(LossCase c, Tensor each) => c.Option("reduction", "mean") switch
    {
        "mean" => each.mean(),
        "sum" => each.sum(),
        var other => throw new UnsupportedException($"there is no reduction {other}"),
    };
}
