using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

public sealed class FlatUpdateTests
{
    private const long Elements = 20_000;

    public FlatUpdateTests() => NativeRuntime.Initialize();

    [Fact]
    public void Every_formula_gives_the_same_over_memory_and_over_tensors()
    {
        Check(step => new SgdRule(new SgdOptions { Momentum = 0.9, Nesterov = true }, 0.9, 0.01, step), 1);
        Check(step => new SgdRule(new SgdOptions(), 0, 0.01, step), 0);
        Check(step => new AdamRule(new AdamOptions(), 0.9, 0.01, step, amsgrad: true), 3);
        Check(step => new AdamRule(new AdamOptions(), 0.9, 0.01, step, amsgrad: false), 2);
        Check(step => new AdamaxRule(new AdamaxOptions(), 0.9, 0.01, step), 2);
        Check(step => new NAdamRule(new NAdamOptions(), 0.9, 0.01, 0.02, step), 2);
        Check(step => RAdamRule.At(new RAdamOptions { Beta2 = 0.8 }, 0.9, 0.01, step), 2);
        Check(_ => new RmsPropRule(new RmsPropOptions { Centered = true, Momentum = 0.9 }, 0.9, 0.01), 3);
        Check(_ => new RmsPropRule(new RmsPropOptions { Momentum = 0.9 }, 0.9, 0.01), 2);
        Check(step => new AdagradRule(new AdagradOptions { RateDecay = 0.1 }, 0.01, step), 1);
        Check(_ => new AdadeltaRule(new AdadeltaOptions(), 1), 2);
        Check(_ => new LionRule(0.9, 0.99, 0.01), 1);
    }

    [Fact]
    public void What_lies_outside_the_ranges_stays()
    {
        using var scope = NewDisposeScope();
        Tensor weights = ones(96), gradients = ones(96), state = zeros(32);
        LionRule rule = new(0.9, 0.99, 0.5);
        FlatUpdate.Run(weights, gradients, [state], [new UpdateRange<LionRule>(16, 16, 0, rule, 1, 0, 1), new UpdateRange<LionRule>(64, 16, 16, rule, 1, 0, 0.5)], null);
        Assert.Equal([.. Enumerable.Repeat(1f, 16), .. Enumerable.Repeat(0.5f, 16), .. Enumerable.Repeat(1f, 32), .. Enumerable.Repeat(0f, 16), .. Enumerable.Repeat(1f, 16)], weights.data<float>().ToArray());
        Assert.Equal(64, gradients.sum().item<float>());
        Assert.All(state.data<float>().ToArray(), value => Assert.Equal(0.01f, value, 1e-7f));
    }

    [Fact]
    public void Sizes_must_agree()
    {
        using var scope = NewDisposeScope();
        UpdateRange<LionRule> Range(long first, long count) => new(first, count, first, new LionRule(0.9, 0.99, 1), 1, 0, 1);
        Assert.Throws<ArgumentException>(() => FlatUpdate.Run(ones(16), ones(32), [ones(16)], [Range(0, 16)], null));
        Assert.Throws<ArgumentException>(() => FlatUpdate.Run(ones(4, 4), ones(16), [ones(16)], [Range(0, 16)], null));
        Assert.Throws<ArgumentOutOfRangeException>(() => FlatUpdate.Run(ones(32), ones(32), [ones(32)], [Range(16, 32)], null));
        Assert.Throws<ArgumentOutOfRangeException>(() => FlatUpdate.Run(ones(32), ones(32), [ones(16)], [Range(0, 32)], null));
    }

    private static void Check<TRule>(Func<long, TRule> rule, int states) where TRule : struct, IUpdateRule
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            Tensor[] memory = Fresh(), composed = Fresh();
            for (long step = 1; step <= 8; step++)
            {
                using (no_grad())
                {
                    memory[1].copy_(Numbers.Normal((ulong)step, Elements));
                    composed[1].copy_(memory[1]);
                }
                UpdateRange<TRule>[] ranges = [new(0, 8_000, 0, rule(step), 0.5, 0.1, 1), new(8_000, Elements - 8_000, 8_000, rule(step), 0.5, 0, 0.99)];
                FlatUpdate.Run(memory[0], memory[1], memory[2..], ranges, null);
                FlatUpdate.Composed(composed, ranges);
            }
            for (int i = 0; i < memory.Length; i++) Numbers.Close(composed[i], memory[i], type == ScalarType.Float32 ? 1e-4 : 1e-10);

            Tensor[] Fresh() => [Numbers.Normal(99, Elements).to(type), .. Enumerable.Range(0, states + 1).Select(_ => zeros(Elements, type))];
        }
    }
}
