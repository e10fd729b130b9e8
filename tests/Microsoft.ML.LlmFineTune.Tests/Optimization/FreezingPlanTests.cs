using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bart;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Tests.Adapters;
using Microsoft.ML.LlmFineTune.Tests.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Optimization;

public sealed class FreezingPlanTests
{
    [Fact]
    public void Parts_of_adapters_are_frozen_by_the_names_of_their_files()
    {
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions());
        FreezingPlan plan = FreezingPlan.For(model, new FreezingOptions { Frozen = ["*.lora_A.weight"] });
        Assert.Equal(adapters.ParameterNames().Where(name => name.Key.Contains("lora_A", StringComparison.Ordinal)).Select(name => name.Value).Order(StringComparer.Ordinal), plan.Frozen);
        Assert.Equal(2, plan.Groups.Sum(group => group.Parameters.Count));
    }

    private static Gpt2Model Decoder() => new(new Gpt2Config { Layers = 3, Width = 8, Heads = 2, VocabularySize = 11, MaximumLength = 6 });

    private static SequenceClassifier Classifier() =>
        new(new BertModel(new BertConfig { Layers = 2, Width = 8, Heads = 2, InnerWidth = 16, VocabularySize = 11, MaximumLength = 6 }), ["a", "b"]);

    [Fact]
    public void Groups_go_from_the_head_down_to_the_embeddings()
    {
        using Gpt2Model decoder = Decoder();
        Assert.Equal(["embeddings", "layer0", "layer1", "layer2", "head"], LayerGroup.Of(decoder).Select(group => group.Name));
        Assert.Equal(decoder.named_parameters().Select(named => named.name).Order(), LayerGroup.Of(decoder).SelectMany(group => group.Parameters).Order());
        using SequenceClassifier classifier = Classifier();
        IReadOnlyList<LayerGroup> groups = LayerGroup.Of(classifier);
        Assert.Equal(["embeddings", "layer0", "layer1", "head"], groups.Select(group => group.Name));
        Assert.Equal(["head.dense.bias", "head.dense.weight", "head.output.bias", "head.output.weight"], groups[^1].Parameters.Order(StringComparer.Ordinal));
        Assert.Equal(5, groups[0].Parameters.Count);
        using ToyModel toy = new();
        Assert.Equal(["head"], LayerGroup.Of(toy).Select(group => group.Name));
    }

    [Fact]
    public void Decoder_layers_stand_above_encoder_layers()
    {
        using T5Model t5 = new(new T5Config { EncoderLayers = 2, DecoderLayers = 2, Width = 8, Heads = 2, HeadSize = 4, InnerWidth = 16, VocabularySize = 11 });
        IReadOnlyList<LayerGroup> groups = LayerGroup.Of(t5);
        Assert.Equal(["embeddings", "layer0", "layer1", "layer2", "layer3", "head"], groups.Select(group => group.Name));
        Assert.Contains("encoder.finalNorm.weight", groups[2].Parameters);
        Assert.Contains("decoder.relativePositions.weight", groups[0].Parameters);
        Assert.Equal(["decoder.finalNorm.weight"], groups[^1].Parameters);
    }

    [Fact]
    public void The_last_layers_move_and_what_stands_above()
    {
        using SequenceClassifier model = Classifier();
        FreezingPlan plan = FreezingPlan.For(model, new FreezingOptions { LastLayers = 1 });
        Assert.Equal(["head", "layer1"], plan.Groups.Select(group => group.Name));
        Assert.Contains("backbone.tokenEmbedding.weight", plan.Frozen);
        Assert.Equal(model.named_parameters().Count(), plan.Frozen.Count + plan.Groups.Sum(group => group.Parameters.Count));
        Assert.Equal(["head"], FreezingPlan.For(model, new FreezingOptions { LastLayers = 0 }).Groups.Select(group => group.Name));
        Assert.Empty(FreezingPlan.For(model, new FreezingOptions { LastLayers = 2 }).Frozen);
        Assert.Contains("2 layers", Assert.Throws<ArgumentException>(() => FreezingPlan.For(model, new FreezingOptions { LastLayers = 3 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Patterns_name_checkpoint_tensors_or_parameters()
    {
        using SequenceClassifier model = Classifier();
        FreezingPlan byFile = FreezingPlan.For(model, new FreezingOptions { Frozen = ["bert.embeddings.*"] });
        Assert.Equal(5, byFile.Frozen.Count);
        FreezingPlan byParameter = FreezingPlan.For(model, new FreezingOptions { Trained = ["*.bias", "head.*"] });
        Assert.All(byParameter.Groups.SelectMany(group => group.Parameters), name => Assert.True(name.EndsWith(".bias", StringComparison.Ordinal) || name.StartsWith("head.", StringComparison.Ordinal)));
        string message = Assert.Throws<ArgumentException>(() => FreezingPlan.For(model, new FreezingOptions { Frozen = ["bert.encoder.layer.7.*"] })).Message;
        Assert.Contains("'bert.encoder.layer.7.*' matches none", message, StringComparison.Ordinal);
        Assert.Contains("bert.encoder.layer.0.attention.self.query.weight", message, StringComparison.Ordinal);
        Assert.Contains("all are frozen", Assert.Throws<ArgumentException>(() => FreezingPlan.For(model, new FreezingOptions { Frozen = ["*"] })).Message, StringComparison.Ordinal);
        Assert.Contains("LastLayers 0", Assert.Throws<ArgumentException>(() => FreezingPlan.For(model, new FreezingOptions { LastLayers = 0, Frozen = ["head.*"] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rates_fall_from_group_to_group()
    {
        using Gpt2Model model = Decoder();
        FreezingPlan plan = FreezingPlan.For(model, new FreezingOptions { RateDecay = 0.5 });
        Assert.Equal([1, 0.5, 0.25, 0.125, 0.0625], plan.Groups.Select(group => group.RateFactor));
        FreezingPlan scaled = FreezingPlan.For(model, new FreezingOptions { RateDecay = 0.5, Frozen = ["block2.*"] }, new Dictionary<string, double> { ["block1.feedForward.up.weight"] = 16 });
        Assert.Equal([1, 0.5, 8, 0.25, 0.125], scaled.Groups.Select(group => group.RateFactor));
    }

    [Fact]
    public void Groups_join_by_epochs_or_by_steps()
    {
        using Gpt2Model model = Decoder();
        FreezingPlan epochs = FreezingPlan.For(model, new FreezingOptions { Unfreezing = new GradualUnfreezing() });
        FreezingPlan steps = FreezingPlan.For(model, new FreezingOptions { Unfreezing = new GradualUnfreezing { Unit = UnfreezingUnit.Steps, Every = 10, GroupsAtStart = 2 } });
        Assert.Equal([1, 2, 3, 4, 5, 5], Enumerable.Range(0, 6).Select(epoch => Active(epochs, epoch, 1000)));
        Assert.Equal([2, 2, 3, 5, 5], new long[] { 0, 9, 10, 30, 99 }.Select(step => Active(steps, 0, step)));

        static int Active(FreezingPlan plan, int epoch, long step) => Enumerable.Range(0, plan.Groups.Count).Count(group => plan.IsActive(group, epoch, step));
    }

    [Fact]
    public void What_the_caller_froze_stays_frozen()
    {
        using Gpt2Model model = Decoder();
        foreach (var parameter in model.parameters()) parameter.requires_grad_(false);
        Assert.Throws<ArgumentException>(() => FreezingPlan.For(model, new FreezingOptions()));
        model.named_parameters().First(named => named.name == "finalNorm.weight").parameter.requires_grad_(true);
        Assert.Equal(["finalNorm.weight"], FreezingPlan.For(model, new FreezingOptions()).Groups.SelectMany(group => group.Parameters));
    }

    [Theory]
    [InlineData(-1, 1.0, 1)]
    [InlineData(0, 0.0, 1)]
    [InlineData(0, 1.1, 1)]
    [InlineData(0, 1.0, 0)]
    public void Options_have_ranges(int lastLayers, double rateDecay, long every) =>
        Assert.ThrowsAny<ArgumentException>(() => new FreezingOptions { LastLayers = lastLayers, RateDecay = rateDecay, Unfreezing = new GradualUnfreezing { Every = every } }.Validate());
}
