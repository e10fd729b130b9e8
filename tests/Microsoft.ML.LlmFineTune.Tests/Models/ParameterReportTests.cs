using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

public sealed class ParameterReportTests
{
    private static Gpt2Config Small => new() { VocabularySize = 10, MaximumLength = 6, Width = 4, Layers = 2, Heads = 2 };

    [Fact]
    public void A_configuration_alone_gives_counts_by_kind_and_layer()
    {
        ParameterReport report = ParameterReport.Of(Small);
        // Per layer: attention 4 * 12 + 12 + 4 * 4 + 4, feed-forward 4 * 16 + 16 + 16 * 4 + 4, two norms of 4 + 4.
        Assert.Equal(
            [(WeightKind.Embedding, 40L), (WeightKind.Position, 24L), (WeightKind.Attention, 160L), (WeightKind.FeedForward, 296L), (WeightKind.Normalization, 40L)],
            report.Kinds.Select(kind => (kind.Kind, kind.Count)));
        Assert.Equal([80L, 148L, 16L], report.Groups.Where(group => group.Layer == 1).OrderBy(group => group.Kind).Select(group => group.Count));
        Assert.Equal((560, 560, 4 * 560), (report.Count, report.TrainableCount, report.Bytes));
        Assert.Equal(2 * 560, ParameterReport.Of(Small, dtype: ScalarType.BFloat16).Bytes);
    }

    [Fact]
    public void Published_configurations_cost_no_memory()
    {
        Gpt2Config large = Gpt2Presets.Gpt2 with { Width = 12288, Layers = 96, Heads = 96, MaximumLength = 2048 };
        // (50,257 + 2,048) rows, 96 layers of 12 width^2 + 13 width, and the last norm.
        Assert.Equal(174_604_259_328, ParameterReport.Of(large).Count);
    }

    [Fact]
    public void Heads_and_frozen_weights_are_told_apart()
    {
        using SequenceClassifier model = new(Small.CreateDecoder(), ["a", "b", "c"]);
        foreach (TorchSharp.Modules.Parameter weight in model.Backbone.parameters()) weight.requires_grad = false;
        ParameterReport report = ParameterReport.Of(model);
        Assert.Equal((572, 12), (report.Count, report.TrainableCount));
        Assert.Equal(12, report.Kinds.Single(kind => kind.Kind == WeightKind.Output).Count);
        Assert.Equal(report.Count, ParameterReport.Of(model.Config, ModelHead.SequenceClassification).Count);
    }

    [Fact]
    public void The_table_the_summary_and_the_data_say_the_same()
    {
        ParameterReport report = ParameterReport.Of(Small);
        string[] lines = report.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // Titles, five kinds, two layers, all.
        Assert.Equal(9, lines.Length);
        Assert.Equal(["all", "560", "560", "0.0", "MB"], lines[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("560 parameters, 560 of them trainable, 0.0 MB: Embedding 40, Position 24, Attention 160", report.Summary(), StringComparison.Ordinal);
        Assert.Equal(560, report.ToJson()["groups"]!.AsArray().Sum(group => group!["count"]!.GetValue<long>()));
    }

    [Fact]
    public void A_head_that_the_family_lacks_is_refused_by_name() =>
        Assert.Contains("'gpt2' has no head for the task MaskedToken", Assert.Throws<NotSupportedException>(() => ParameterReport.Of(Small, ModelHead.MaskedToken)).Message, StringComparison.Ordinal);
}
