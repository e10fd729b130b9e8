using Microsoft.ML.LlmFineTune.Losses.Functions;
using static TorchSharp.torch;

namespace Golden.Training.Losses;

/// <summary>Next tokens, and students of teachers.</summary>
internal static class LanguageLosses
{
    /// <summary>Position t predicts label t + 1.</summary>
    public static (Tensor Logits, Tensor Labels) Shifted(Tensor logits, Tensor labels) => (logits.narrow(1, 0, logits.size(1) - 1), labels.narrow(1, 1, labels.size(1) - 1));

    public static LossAnswer Compute(LossCase c) => c.Kind switch
    {
        "distillation" => OfTeacher(c),
        "distill_reverse_kl" => OfReverse(c),
        "distill_mse_logits" => new(DistillationLosses.Squared(c.Numbers("logits"), c.Numbers("teacher")).mean()),
        "sequence_log_probs" => OfSequences(c),
        _ => OfNextTokens(c),
    };

    private static LossAnswer OfNextTokens(LossCase c)
    {
        var unshifted = c.Kind == "causal_from_hidden" ? c.Numbers("hidden").matmul(c.Numbers("weight").t()) : c.Numbers("logits");
        var (logits, labels) = Shifted(unshifted, c.Integers("labels"));
        var targets = labels.reshape(-1).contiguous();
        var sum = CrossEntropy.Sum(logits.reshape(targets.numel(), -1), targets);
        c.Option("kept_here");
        return new(sum / (c.Kind == "causal_num_items" ? c.Option("num_items_in_batch", 0.0) : c.Option("num_items_in_batch", CrossEntropy.Weight(targets).item<long>())));
    }

    private static LossAnswer OfTeacher(LossCase c)
    {
        var (student, teacher, labels) = Rows(c);
        var (temperature, alpha) = (c.Option("T", 1.0), c.Option("alpha", 0.5));
        var kept = labels.ne(-100);
        var soft = temperature * temperature * DistillationLosses.Forward(student, teacher, temperature).masked_select(kept).mean();
        var hard = CrossEntropy.Sum(student, labels) / CrossEntropy.Weight(labels);
        return new((alpha * soft) + ((1 - alpha) * hard)) { Outputs = { ["soft"] = soft, ["hard"] = hard } };
    }

    private static LossAnswer OfReverse(LossCase c)
    {
        var (student, teacher, labels) = Rows(c);
        var temperature = c.Option("T", 1.0);
        return new(temperature * temperature * DistillationLosses.Reverse(student, teacher, temperature).masked_select(labels.ne(-100)).mean());
    }

    private static LossAnswer OfSequences(LossCase c)
    {
        var (logits, labels) = Shifted(c.Numbers("logits"), c.Integers("labels"));
        var each = TokenLogProbabilities.Of(logits, labels);
        var scores = CompletionScores.Of(each, labels.ne(-100));
        return new((scores.Sum * arange(1, scores.Sum.numel() + 1).to(each.dtype)).sum()) { Outputs = { ["sum"] = scores.Sum, ["mean"] = scores.Average, ["tokens"] = scores.Length, ["per_token"] = each } };
    }

    private static (Tensor Student, Tensor Teacher, Tensor Labels) Rows(LossCase c)
    {
        var (student, teacher) = (c.Numbers("logits"), c.Numbers("teacher"));
        return (student.reshape(-1, student.size(-1)), teacher.reshape(-1, teacher.size(-1)), c.Integers("labels").reshape(-1).contiguous());
    }
}
