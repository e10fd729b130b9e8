using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Kernels;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Optimization;

public sealed class GroupTests
{
    public GroupTests() => NativeRuntime.Initialize();

    [Fact]
    public void Neighbours_of_equal_settings_are_one_range()
    {
        using Plain model = Plain.Random();
        using FlatParameters flat = FlatParameters.Adopt(model);
        Assert.Equal(["wide", "square", "cube", "vector", "bias"], flat.Entries.Select(entry => entry.Name));
        using FlatOptimizer all = new AdamWOptions { Decays = WeightDecayScope.All }.Create(flat), matrices = new AdamWOptions().Create(flat), named = new AdamWOptions { Decays = WeightDecayScope.AllButBiasesAndNorms }.Create(flat);
        Assert.Equal([5], all.Ranges.Select(range => range.Entries.Count));
        Assert.Equal([3, 2], matrices.Ranges.Select(range => range.Entries.Count));
        Assert.Equal([0.01, 0], matrices.Ranges.Select(range => range.WeightDecay));
        // A vector that is neither bias nor norm decays by the reference's rule.
        Assert.Equal([4, 1], named.Ranges.Select(range => range.Entries.Count));
        Assert.Equal(flat.Weights.numel(), all.Ranges.Sum(range => range.Count));
        Assert.Equal(flat.Weights.numel(), matrices.Ranges.Sum(range => range.Count));

        using FlatOptimizer grouped = new AdamWOptions().Create(flat, [new("a", ["square", "vector"]) { WeightDecay = 0.3 }]);
        Assert.Equal(["a", ParameterGroup.Rest], grouped.Groups.Select(group => group.Name));
        Assert.Equal(["wide", "cube", "bias"], grouped.Groups[1].Parameters);
        // The decay of a group is that of its vectors too.
        Assert.Equal([("wide", 0.01), ("square", 0.3), ("cube", 0.01), ("vector", 0.3), ("bias", 0)], grouped.Ranges.Select(range => (range.Entries[0].Name, range.WeightDecay)));
        using FlatOptimizer whole = new AdamWOptions().Create(flat, [new("all", [.. flat.Entries.Select(entry => entry.Name)])]);
        Assert.Equal(["all"], whole.Groups.Select(group => group.Name));
    }

    [Fact]
    public void Rate_and_decay_are_a_groups_own()
    {
        using var scope = NewDisposeScope();
        using Plain model = new(("a", ones(2, 2)), ("b", ones(2, 2)), ("c", ones(3)));
        using FlatParameters flat = FlatParameters.Adopt(model);
        using FlatOptimizer optimizer = new SgdOptions { WeightDecay = 0.5, DecoupledDecay = true }.Create(flat, [new("slow", ["b", "c"]) { RateFactor = 0.1, WeightDecay = 1 }]);
        using (no_grad()) flat.Gradients.fill_(1);
        optimizer.Step(0.1);
        Dictionary<string, float> means = model.named_parameters().ToDictionary(named => named.name, named => named.parameter.mean().item<float>());
        Assert.Equal(1 - 0.05 - 0.1, means["a"], 1e-6);
        Assert.Equal(1 - 0.01 - 0.01, means["b"], 1e-6);
        Assert.Equal(1 - 0.01 - 0.01, means["c"], 1e-6);
    }

    [Fact]
    public void Bad_groups_are_refused()
    {
        using Plain model = Plain.Random();
        using FlatParameters flat = FlatParameters.Adopt(model);
        string Message(params ParameterGroup[] groups) => Assert.ThrowsAny<ArgumentException>(() => new AdamWOptions().Create(flat, groups)).Message;
        Assert.Contains("there is no missing", Message(new ParameterGroup("a", ["missing"])), StringComparison.Ordinal);
        Assert.Contains("\"a\" and in \"b\"", Message(new("a", ["wide"]), new("b", ["wide"])), StringComparison.Ordinal);
        Assert.Contains("different names", Message(new("a", ["wide"]), new("a", ["cube"])), StringComparison.Ordinal);
        Assert.Contains("different names", Message(new ParameterGroup(ParameterGroup.Rest, ["wide"])), StringComparison.Ordinal);
        Assert.Contains("RateFactor", Message(new ParameterGroup("a", ["wide"]) { RateFactor = -1 }), StringComparison.Ordinal);
        Assert.Contains("WeightDecay", Message(new ParameterGroup("a", ["wide"]) { WeightDecay = double.NaN }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_of_something_else_is_refused()
    {
        using var scope = NewDisposeScope();
        using Plain model = Plain.Random();
        using FlatParameters flat = FlatParameters.Adopt(model);
        using FlatOptimizer adam = new AdamWOptions().Create(flat), lion = new LionOptions().Create(flat), grouped = new AdamWOptions().Create(flat, [new("a", ["wide"])]);
        Assert.Contains("exp_avg_sq", Assert.Throws<ArgumentException>(() => adam.Restore(1, lion.State, lion.Counters)).Message, StringComparison.Ordinal);
        Assert.Contains("groups must be", Assert.Throws<ArgumentException>(() => adam.Restore(1, adam.State, grouped.Counters)).Message, StringComparison.Ordinal);
        Dictionary<string, Tensor> shorter = new() { ["exp_avg"] = zeros(3), ["exp_avg_sq"] = zeros(3) };
        Assert.Contains("[3]", Assert.Throws<ArgumentException>(() => adam.Restore(1, shorter, adam.Counters)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => adam.Restore(-1, adam.State, adam.Counters));
        Assert.Throws<ArgumentOutOfRangeException>(() => adam.SetActive(1, false));
        Assert.Throws<ArgumentOutOfRangeException>(() => adam.Step(-1));
        adam.Dispose();
        Assert.Throws<ObjectDisposedException>(() => adam.Step(1));
    }

    [Fact]
    public void Momentum_may_be_set_where_there_is_one()
    {
        using var scope = NewDisposeScope();
        using Plain model = new(("a", ones(4, 4)));
        using FlatParameters flat = FlatParameters.Adopt(model);
        using FlatOptimizer plain = new SgdOptions().Create(flat), heavy = new SgdOptions { Momentum = 0.9 }.Create(flat);
        Assert.False(plain.HasMomentum);
        Assert.Throws<InvalidOperationException>(() => plain.Momentum = 0.5);
        plain.Momentum = null;
        Assert.Throws<ArgumentOutOfRangeException>(() => heavy.Momentum = 1);
        using (no_grad()) flat.Gradients.fill_(1);
        heavy.Step(0);
        heavy.Momentum = 0.5;
        heavy.Step(1);
        // 1 - 0.5 * 1, the gradient being 0 now.
        Assert.Equal(0.5f, flat.Weights[0].item<float>(), 1e-6f);
    }

    [Fact]
    public void Muon_leaves_embeddings_heads_and_what_it_is_told_to_AdamW()
    {
        using var scope = NewDisposeScope();
        using Plain model = Plain.Random();
        using FlatParameters flat = FlatParameters.Adopt(model);
        MuonOptions options = new() { LeftOut = ["square"] };
        using FlatOptimizer muon = options.Create(flat);
        Assert.Equal([true, false, false, false, false], flat.Entries.Select(entry => muon.StateOf("momentum_buffer", entry.Name) is not null));
        Assert.Equal([false, true, true, true, true], flat.Entries.Select(entry => muon.StateOf("exp_avg", entry.Name) is not null));
        Assert.Contains("there is no 'squares'", Assert.Throws<ArgumentException>(() => new MuonOptions { LeftOut = ["squares"] }.Create(flat)).Message, StringComparison.Ordinal);
        Assert.Equal([(4L * 35, 8L * 35), (8L * 35, 8L * 35)], new[] { ParameterRole.Weight, ParameterRole.Embedding }.Select(role => (options.StateBytes([5, 7], role), new AdamWOptions().StateBytes([5, 7], role))));
    }
}
