using System.Text.Json;
using Golden.Library;
using Golden.Training.Losses;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>training/losses: every loss with its further outputs and its gradients, in float32 and in float64.</summary>
internal sealed class LossesReader : CaseReader
{
    private const double ShareTolerance = 1e-7;

    public override bool Reads(string file) => file.StartsWith("losses/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        if (c["micro_batches"].IsGiven())
        {
            AccumulationCase.Verify(c, tally);
            return;
        }
        Run(c, tally, ScalarType.Float32, "");
        if (c["loss_fp64"].IsGiven()) Run(c, tally, ScalarType.Float64, "_fp64");
    }

    private static void Run(FixtureCase fixture, Tally tally, ScalarType type, string ending)
    {
        using var scope = NewDisposeScope();
        var c = new LossCase(fixture, type);
        var answer = c.Kind switch
        {
            "cross_entropy" or "cross_entropy_all_ignored" or "label_smoother" or "focal" or "binary_cross_entropy_with_logits" or "mse" or "smooth_l1" or "z_loss" or "qa_spans" => ClassificationLosses.Compute(c),
            "causal_shift" or "causal_num_items" or "causal_from_hidden" or "distillation" or "distill_reverse_kl" or "distill_mse_logits" or "sequence_log_probs" => LanguageLosses.Compute(c),
            "multiple_negatives_ranking" or "cosine_similarity" or "cosent" or "triplet" or "contrastive_margin" or "simcse_unsupervised" => EmbeddingLosses.Compute(c),
            "dpo" or "dpo_conservative" or "kto" or "cpo" or "orpo" => PairLosses.Compute(c),
            _ => throw new UnsupportedException($"there is no loss {c.Kind}"),
        };
        c.RefuseUnread(answer);
        var tolerance = type == ScalarType.Float32 ? 1e-5 : answer.DoubleTolerance;
        var loss = answer.Loss;
        tally.Number("loss" + ending, c.Expected("loss").ToDouble(), loss.to(ScalarType.Float64).item<double>(), tolerance);
        foreach (var (name, value) in answer.Outputs.Where(output => c.Expected(output.Key).IsGiven()))
            tally.Numbers(name + ending, LossCase.Flat(c.Expected(name)), [.. value.detach().to(ScalarType.Float64).reshape(-1).data<double>()], tolerance);
        if (c.Expected("metrics") is { ValueKind: JsonValueKind.Object } metrics)
        {
            foreach (var metric in metrics.EnumerateObject()) tally.Number(metric.Name + ending, metric.Value.ToDouble(), answer.Metrics[metric.Name], IsShare(metric.Name) ? Math.Max(tolerance, ShareTolerance) : tolerance);
        }
        // A mean over nothing has no gradients that could be compared.
        if (c.Leaves.Count > 0) loss.backward();
        foreach (var (name, leaf) in c.Leaves)
            tally.Tensors($"grad_{name}{ending}", tensor(LossCase.Flat(c.Expected($"grad_{name}")), leaf.shape), leaf.grad!, tolerance, tolerance, answer.GradientMask);
    }

    /// <summary>The reference counts in float32 whatever the inputs are.</summary>
    private static bool IsShare(string metric) => metric.EndsWith("accuracies", StringComparison.Ordinal);
}
