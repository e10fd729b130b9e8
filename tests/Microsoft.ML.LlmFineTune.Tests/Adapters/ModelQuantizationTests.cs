using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Adapters;

public sealed class ModelQuantizationTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_quantised_model_computes_with_the_numbers_that_its_bits_stand_for(bool isDouble)
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2), dense = Adapted.Model(Adapted.Gpt2);
        Assert.Equal(8, ModelQuantization.ToNf4(model, isDouble));
        Assert.Equal(0, ModelQuantization.ToNf4(model, isDouble));
        using (no_grad())
        {
            foreach ((string name, Linear layer) in LinearQuantization.LayersOf(dense)) layer.Weight.copy_(LinearQuantization.LayersOf(model).Single(entry => entry.Name == name).Layer.ReadWeight());
        }
        Tensor tokens = Adapted.Tokens(2, 6);
        Assert.Equal(0, Adapted.Distance(Adapted.Logits(dense, tokens), Adapted.Logits(model, tokens)));

        LoraOptions options = new() { Targets = ModuleSelection.AllLinear, UsesWeightDecomposition = isDouble };
        ModelAdapters quantised = ModelAdapters.Attach(model, options), other = ModelAdapters.Attach(dense, options);
        Adapted.Disturb(model);
        Adapted.Disturb(dense);
        foreach (DecoderModel each in (DecoderModel[])[model, dense]) each.Logits(each.Forward(tokens)).square().sum().backward();
        Dictionary<string, Tensor> expected = other.Gradients();
        foreach ((string name, Tensor gradient) in quantised.Gradients()) Assert.InRange(Adapted.Distance(expected[name], gradient), 0, 1e-5 * Math.Max(1, expected[name].abs().max().item<float>()));
    }

    [Fact]
    public void It_takes_an_eighth_of_the_memory_and_replicas_share_it()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2 with { Width = 64 });
        ParameterGroup before = ParameterReport.Of(model).Kinds.Single(kind => kind.Kind == WeightKind.FeedForward);
        ModelQuantization.ToNf4(model);
        ParameterGroup after = ParameterReport.Of(model).Kinds.Single(kind => kind.Kind == WeightKind.FeedForward);
        Assert.Equal(before.Count, after.Count);
        Assert.InRange((double)after.Bytes / before.Bytes, 0.125, 0.14);
        ModelAdapters.Attach(model, new LoraOptions());
        Adapted.Disturb(model);
        using DecoderModel replica = (DecoderModel)((IReplicable)model).CreateLike();
        using FlatParameters flat = FlatParameters.Adopt(model), shared = flat.ShareWith(replica);
        Tensor tokens = Adapted.Tokens(2, 6);
        Assert.Equal(0, Adapted.Distance(Adapted.Logits(model, tokens), Adapted.Logits(replica, tokens)));
    }

    [Fact]
    public void Kept_layers_that_are_none_are_told_of_before_anything_is_quantised()
    {
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        Assert.Contains("kept: 'o_prj' matches no linear layer", Assert.Throws<ArgumentException>(() => ModelQuantization.ToNf4(model, kept: ModuleSelection.Of("o_proj", "o_prj"))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ModelQuantization.ToNf4(model, kept: ModuleSelection.AllLinear));
        Assert.All(LinearQuantization.LayersOf(model), entry => Assert.Null(entry.Layer.Quantized));
    }

    [Fact]
    public void Merging_for_good_makes_the_adapted_layers_dense()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        ModelQuantization.ToNf4(model, kept: ModuleSelection.Of("o_proj"));
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions());
        Adapted.Disturb(model);
        Tensor tokens = Adapted.Tokens(2, 6), logits = Adapted.Logits(model, tokens);
        Assert.Contains("is quantised", Assert.Throws<InvalidOperationException>(adapters.Merge).Message, StringComparison.Ordinal);
        adapters.MergeAndRemove();
        Assert.InRange(Adapted.Distance(logits, Adapted.Logits(model, tokens)), 0, 1e-4);
        ModelQuantization.ToDense(model);
        Assert.All(LinearQuantization.LayersOf(model), entry => Assert.Null(entry.Layer.Quantized));
        Assert.InRange(Adapted.Distance(logits, Adapted.Logits(model, tokens)), 0, 1e-4);
    }
}
