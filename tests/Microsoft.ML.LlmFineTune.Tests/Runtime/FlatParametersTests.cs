using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Runtime;

public sealed class FlatParametersTests
{
    public FlatParametersTests() => NativeRuntime.Initialize();

    [Fact]
    public void Values_stay_and_matrices_come_first()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        float[] before = model.Values();
        using FlatParameters flat = FlatParameters.Adopt(model);
        Assert.Equal(before, model.Values());
        Assert.Equal(["table", "hidden", "bias"], flat.Entries.Select(entry => entry.Name));
        Assert.Equal([ParameterRole.Weight, ParameterRole.Weight, ParameterRole.Bias], flat.Entries.Select(entry => entry.Role));
        Assert.All(flat.Entries, entry => Assert.Equal(0, entry.Offset % 16));
        Assert.False(flat.HasMasters);
        Assert.Same(flat.Weights, flat.Masters);
        Assert.Equal(before.Length, flat.ParameterCount);
    }

    [Fact]
    public void Parameters_and_gradients_are_views()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        using FlatParameters flat = FlatParameters.Adopt(model);
        using (no_grad()) flat.Weights.fill_(0.25);
        Assert.All(model.Values(), value => Assert.Equal(0.25f, value));
        FlatParameter hidden = flat.Entries[1];
        for (int times = 1; times <= 2; times++)
        {
            (model.Hidden * 3).sum().backward();
            Assert.All(FlatParameters.View(flat.Gradients, hidden).data<float>(), value => Assert.Equal(3f * times, value));
        }
        Assert.Equal(2 * 3 * hidden.Count, flat.Gradients.sum().item<float>());
    }

    [Fact]
    public void A_replica_shares_weights_and_buffers_and_has_its_own_gradients()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        using ToyModel replica = (ToyModel)model.CreateLike();
        using FlatParameters flat = FlatParameters.Adopt(model);
        using FlatParameters shared = flat.ShareWith(replica);
        Assert.Equal(model.Values(), replica.Values());
        using Tensor tokens = tensor([1L, 2L]);
        using (no_grad()) flat.Weights.mul_(2);
        Assert.Equal(model.Logits(tokens).data<float>().ToArray(), replica.Logits(tokens).data<float>().ToArray());
        replica.Logits(tokens).sum().backward();
        Assert.Equal(0, flat.Gradients.abs().sum().item<float>());
        Assert.NotEqual(0, shared.Gradients.abs().sum().item<float>());
    }

    [Fact]
    public void Frozen_parameters_stay_out_and_are_shared()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        model.Bias.requires_grad_(false);
        using ToyModel replica = (ToyModel)model.CreateLike();
        using FlatParameters flat = FlatParameters.Adopt(model);
        using FlatParameters shared = flat.ShareWith(replica);
        Assert.Equal(["table", "hidden"], flat.Entries.Select(entry => entry.Name));
        Assert.False(replica.Bias.requires_grad);
        Assert.Equal(model.Values(), replica.Values());
    }

    [Fact]
    public void A_replica_of_another_shape_is_refused()
    {
        using ToyModel model = new(), other = new(width: 6);
        using FlatParameters flat = FlatParameters.Adopt(model);
        Assert.Contains("table [7, 5]", Assert.Throws<ArgumentException>(() => flat.ShareWith(other)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_to_train_is_refused()
    {
        using ToyModel model = new();
        foreach (var parameter in model.parameters()) parameter.requires_grad_(false);
        Assert.Throws<ArgumentException>(() => FlatParameters.Adopt(model));
    }

    [Fact]
    public void Outside_a_scope_it_outlives_the_scope_it_was_made_in()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        FlatParameters flat;
        using (NewDisposeScope()) flat = FlatParameters.Adopt(model);
        Assert.False(flat.Weights.IsInvalid);
        Assert.Equal(model.Values().Length, flat.ParameterCount);
        flat.Dispose();
        Assert.NotEmpty(model.Values());
    }
}
