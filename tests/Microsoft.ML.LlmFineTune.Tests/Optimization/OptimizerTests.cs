using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Kernels;
using Xunit;
using static TorchSharp.torch;
using OptimizerOptions = Microsoft.ML.LlmFineTune.Optimization.OptimizerOptions;

namespace Microsoft.ML.LlmFineTune.Tests.Optimization;

/// <summary>What holds for every optimizer.</summary>
public sealed class OptimizerTests
{
    private static IReadOnlyDictionary<string, OptimizerOptions> All => EveryOptimizer.All;

    public OptimizerTests() => NativeRuntime.Initialize();

    public static TheoryData<string> Names => EveryOptimizer.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Threads_change_no_bit(string name)
    {
        using var scope = NewDisposeScope();
        Tensor? alone = null;
        foreach (int threads in new[] { 1, 2, 3 })
        {
            using Plain model = Plain.Random(large: 9000);
            using FlatParameters flat = FlatParameters.Adopt(model);
            using FlatOptimizer optimizer = All[name].Create(flat);
            using ReplicaPool pool = new(threads);
            for (ulong step = 1; step <= 2; step++)
            {
                Plain.FillGradients(flat, step);
                optimizer.Step(All[name].LearningRate, 0.5, threads == 1 ? null : pool);
            }
            alone ??= flat.Weights.clone();
            Numbers.Close(alone, flat.Weights, 0);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_saved_state_continues_bit_for_bit(string name)
    {
        using var scope = NewDisposeScope();
        ParameterGroup[] groups = [new("some", ["square", "vector"]) { RateFactor = 0.5, WeightDecay = 0.01 }];
        using Plain model = Plain.Random(), copy = Plain.Random();
        using FlatParameters flat = FlatParameters.Adopt(model), other = FlatParameters.Adopt(copy);
        using FlatOptimizer optimizer = All[name].Create(flat, groups), resumed = All[name].Create(other, groups);
        optimizer.SetActive(0, false);
        Step(optimizer, flat, 1);
        optimizer.SetActive(0, true);
        Step(optimizer, flat, 2);
        using (no_grad()) other.Weights.copy_(flat.Weights);
        resumed.Restore(optimizer.Steps, optimizer.State.ToDictionary(pair => pair.Key, pair => pair.Value.clone()), optimizer.Counters);
        Assert.Equal([1L, 2L], resumed.Counters[FlatOptimizer.GroupSteps]);
        for (ulong step = 3; step <= 5; step++)
        {
            Step(optimizer, flat, step);
            Step(resumed, other, step);
        }
        Numbers.Close(flat.Weights, other.Weights, 0);
        Assert.Equal(5, resumed.Steps);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_frozen_group_stays_as_it_is_and_begins_anew(string name)
    {
        using var scope = NewDisposeScope();
        ParameterGroup[] groups = [new("frozen", ["wide", "cube", "bias"])];
        using Plain model = Plain.Random(), fresh = Plain.Random();
        using FlatParameters flat = FlatParameters.Adopt(model), other = FlatParameters.Adopt(fresh);
        using FlatOptimizer optimizer = All[name].Create(flat, groups), beginning = All[name].Create(other, groups);
        optimizer.SetActive(0, false);
        for (ulong step = 1; step <= 3; step++) Step(optimizer, flat, step);
        Assert.Equal([0L, 3L], optimizer.Counters[FlatOptimizer.GroupSteps]);
        Assert.False(optimizer.IsActive(0));
        Assert.Equal(0, flat.Gradients.abs().sum().item<float>());
        foreach (FlatParameter entry in flat.Entries)
        {
            bool moved = !FlatParameters.View(flat.Weights, entry).equal(FlatParameters.View(other.Weights, entry)).all().item<bool>();
            Assert.Equal(!groups[0].Parameters.Contains(entry.Name), moved);
            if (moved) continue;
            foreach (string state in optimizer.State.Keys) Assert.True(optimizer.StateOf(state, entry.Name) is not { } now || now.equal(beginning.StateOf(state, entry.Name)!).all().item<bool>(), $"{state} of {entry.Name} moved.");
        }
        optimizer.SetActive(0, true);
        Step(optimizer, flat, 7);
        Step(beginning, other, 7);
        foreach (FlatParameter entry in flat.Entries.Where(entry => groups[0].Parameters.Contains(entry.Name))) Numbers.Close(FlatParameters.View(other.Weights, entry), FlatParameters.View(flat.Weights, entry), 0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Doubles_take_the_same_steps(string name)
    {
        using var scope = NewDisposeScope();
        using Plain model = Plain.Random(), exact = Plain.Random(ScalarType.Float64);
        using FlatParameters flat = FlatParameters.Adopt(model), other = FlatParameters.Adopt(exact);
        // A ratio near 0 decides about a sign, where float32 may decide otherwise: none is near 0 here.
        using FlatOptimizer optimizer = All[name].Create(flat), doubles = All[name].Create(other);
        for (ulong step = 1; step <= 3; step++)
        {
            Step(optimizer, flat, step);
            Step(doubles, other, step);
        }
        Assert.Equal(ScalarType.Float64, other.Weights.dtype);
        Numbers.Close(other.Weights, flat.Weights, 1e-5);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_memory_is_what_the_options_say(string name)
    {
        using Plain model = Plain.Random();
        using FlatParameters flat = FlatParameters.Adopt(model);
        using FlatOptimizer optimizer = All[name].Create(flat);
        long said = flat.Entries.Sum(entry => All[name].StateBytes(entry.Shape, entry.Role)), held = 0;
        foreach (string state in optimizer.State.Keys.Where(state => state != "trust"))
        {
            foreach (FlatParameter entry in flat.Entries)
            {
                using Tensor? view = optimizer.StateOf(state, entry.Name);
                held += 4 * (view?.numel() ?? 0);
            }
        }
        Assert.Equal(held, said);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_rate_of_0_moves_no_weight(string name)
    {
        if (All[name] is AdafactorOptions { Beta1: not null }) return;
        using var scope = NewDisposeScope();
        using Plain model = Plain.Random();
        using FlatParameters flat = FlatParameters.Adopt(model);
        using FlatOptimizer optimizer = All[name].Create(flat);
        Tensor before = flat.Weights.clone();
        Step(optimizer, flat, 1, rate: 0);
        Numbers.Close(before, flat.Weights, 0);
        Assert.Equal(1, optimizer.Steps);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Steps_go_downhill(string name)
    {
        using var scope = NewDisposeScope();
        using Plain model = Plain.Random();
        using FlatParameters flat = FlatParameters.Adopt(model);
        using FlatOptimizer optimizer = (All[name] with { WeightDecay = 0 }).Create(flat);
        double Height() => flat.Weights.square().sum().item<float>();
        double before = Height();
        for (int step = 0; step < 30; step++)
        {
            using (no_grad()) flat.Gradients.copy_(flat.Weights);
            optimizer.Step(All[name].LearningRate);
        }
        Assert.True(Height() < before, $"{Height()} is not less than {before}.");
    }

    private static void Step(FlatOptimizer optimizer, FlatParameters flat, ulong seed, double rate = 0.01)
    {
        Plain.FillGradients(flat, seed);
        optimizer.Step(rate);
    }
}
