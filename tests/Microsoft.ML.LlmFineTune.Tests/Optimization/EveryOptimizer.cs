using Microsoft.ML.LlmFineTune.Optimization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Optimization;

/// <summary>Every optimizer, with what of its options changes its formulas.</summary>
internal static class EveryOptimizer
{
    public static readonly IReadOnlyDictionary<string, OptimizerOptions> All = new Dictionary<string, OptimizerOptions>(StringComparer.Ordinal)
    {
        ["sgd"] = new SgdOptions { WeightDecay = 0.1 },
        ["sgd momentum"] = new SgdOptions { Momentum = 0.9, Dampening = 0.3, WeightDecay = 0.1, DecoupledDecay = true },
        ["nesterov"] = new SgdOptions { Momentum = 0.9, Nesterov = true },
        ["adam"] = new AdamOptions { WeightDecay = 0.1 },
        ["adamw"] = new AdamWOptions(),
        ["adamw amsgrad"] = new AdamWOptions { Amsgrad = true },
        ["adamax"] = new AdamaxOptions(),
        ["nadam"] = new NAdamOptions { WeightDecay = 0.1 },
        ["radam"] = new RAdamOptions { Beta2 = 0.9 },
        ["rmsprop"] = new RmsPropOptions(),
        ["rmsprop all"] = new RmsPropOptions { Centered = true, Momentum = 0.9, WeightDecay = 0.1 },
        ["rmsprop momentum"] = new RmsPropOptions { Momentum = 0.9 },
        ["adagrad"] = new AdagradOptions { RateDecay = 0.1, InitialSum = 0.1 },
        ["adadelta"] = new AdadeltaOptions(),
        ["adafactor"] = new AdafactorOptions { Beta1 = 0.9, ScaleParameter = true, WeightDecay = 0.1 },
        ["adafactor relative"] = new AdafactorOptions { RelativeStep = true, WarmupInitialization = true },
        ["capped adafactor"] = new CappedAdafactorOptions { WeightDecay = 0.1 },
        ["lion"] = new LionOptions { WeightDecay = 0.1 },
        ["lamb"] = new LambOptions { WeightDecay = 0.1, MaximumTrust = 10 },
        ["muon"] = new MuonOptions(),
        ["muon adamw's"] = new MuonOptions { Adjustment = MuonAdjustment.MatchAdamW, Nesterov = false, Others = new AdamWOptions { Amsgrad = true } },
    };

    public static TheoryData<string> Names => [.. All.Keys];
}
