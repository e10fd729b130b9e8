using Microsoft.ML.LlmFineTune.Optimization;
using Xunit;
using OptimizerOptions = Microsoft.ML.LlmFineTune.Optimization.OptimizerOptions;

namespace Microsoft.ML.LlmFineTune.Tests.Optimization;

public sealed class OptimizerOptionsTests
{
    [Fact]
    public void Defaults_are_pinned()
    {
        Pinned(new SgdOptions(), 1e-3, 0);
        Assert.Equal((0.0, 0.0, false, false), (new SgdOptions().Momentum, new SgdOptions().Dampening, new SgdOptions().Nesterov, new SgdOptions().DecoupledDecay));
        Moments(new AdamOptions(), 1e-3, 0);
        Moments(new AdamWOptions(), 1e-3, 0.01);
        Moments(new AdamaxOptions(), 2e-3, 0);
        Moments(new NAdamOptions(), 2e-3, 0);
        Assert.Equal(4e-3, new NAdamOptions().MomentumDecay);
        Moments(new RAdamOptions(), 1e-3, 0);
        Moments(new LambOptions(), 1e-3, 0, 1e-6);
        Assert.Equal((true, null), (new LambOptions().CorrectsBias, new LambOptions().MaximumTrust));
        Pinned(new RmsPropOptions(), 1e-2, 0);
        Assert.Equal((0.99, 1e-8, 0.0, false), (new RmsPropOptions().Alpha, new RmsPropOptions().Epsilon, new RmsPropOptions().Momentum, new RmsPropOptions().Centered));
        Pinned(new AdagradOptions(), 1e-2, 0);
        Assert.Equal((0.0, 0.0, 1e-10), (new AdagradOptions().RateDecay, new AdagradOptions().InitialSum, new AdagradOptions().Epsilon));
        Pinned(new AdadeltaOptions(), 1, 0);
        Assert.Equal((0.9, 1e-6), (new AdadeltaOptions().Rho, new AdadeltaOptions().Epsilon));
        AdafactorOptions adafactor = new();
        Pinned(adafactor, 1e-3, 0);
        Assert.Equal((1e-30, 1e-3, 1.0, -0.8), (adafactor.GradientEpsilon, adafactor.ScaleEpsilon, adafactor.ClipThreshold, adafactor.DecayExponent));
        Assert.Equal((null, false, false, false), (adafactor.Beta1, adafactor.ScaleParameter, adafactor.RelativeStep, adafactor.WarmupInitialization));
        CappedAdafactorOptions capped = new();
        Pinned(capped, 1e-2, 0);
        Assert.Equal((-0.8, null, 1e-3, 1.0), (capped.DecayExponent, capped.DenominatorEpsilon, capped.ScaleEpsilon, capped.ClipThreshold));
        Pinned(new LionOptions(), 1e-4, 0);
        Assert.Equal((0.9, 0.99), (new LionOptions().Beta1, new LionOptions().Beta2));
        MuonOptions muon = new();
        Pinned(muon, 1e-3, 0.1);
        Assert.Equal((0.95, true, 5, 1e-7, MuonAdjustment.Original), (muon.Momentum, muon.Nesterov, muon.Iterations, muon.Epsilon, muon.Adjustment));
        Assert.Equal(((3.4445, -4.7750, 2.0315), new AdamWOptions()), (muon.Coefficients, muon.Others));
        Assert.Empty(muon.LeftOut);
    }

    [Fact]
    public void Ranges_are_checked()
    {
        OptimizerOptions[] bad =
        [
            new AdamOptions { LearningRate = 0 }, new AdamOptions { WeightDecay = -1 }, new AdamOptions { Decays = (WeightDecayScope)9 }, new AdamOptions { Beta1 = 1 }, new AdamOptions { Beta2 = -0.1 }, new AdamOptions { Epsilon = 0 },
            new SgdOptions { Momentum = 1 }, new SgdOptions { Dampening = 2 }, new SgdOptions { Nesterov = true }, new SgdOptions { Nesterov = true, Momentum = 0.9, Dampening = 0.1 }, new NAdamOptions { MomentumDecay = -1 },
            new RmsPropOptions { Alpha = 1 }, new RmsPropOptions { Epsilon = 0 }, new RmsPropOptions { Momentum = -1 }, new AdagradOptions { RateDecay = -1 }, new AdagradOptions { InitialSum = -1 }, new AdagradOptions { Epsilon = 0 },
            new AdadeltaOptions { Rho = 1 }, new AdadeltaOptions { Epsilon = 0 }, new AdafactorOptions { GradientEpsilon = 0 }, new AdafactorOptions { ScaleEpsilon = 0 }, new AdafactorOptions { ClipThreshold = 0 },
            new AdafactorOptions { DecayExponent = 0.8 }, new AdafactorOptions { Beta1 = 1 }, new AdafactorOptions { WarmupInitialization = true }, new CappedAdafactorOptions { DecayExponent = 0 }, new CappedAdafactorOptions { DenominatorEpsilon = 0 },
            new CappedAdafactorOptions { ScaleEpsilon = 0 }, new CappedAdafactorOptions { ClipThreshold = 0.5 }, new LionOptions { Beta1 = 1 }, new LionOptions { Beta2 = 1 }, new LambOptions { MaximumTrust = 0 },
            new MuonOptions { Momentum = 1 }, new MuonOptions { Iterations = 0 }, new MuonOptions { Coefficients = (double.NaN, 0, 0) }, new MuonOptions { Epsilon = 0 }, new MuonOptions { Adjustment = (MuonAdjustment)5 },
            new MuonOptions { Others = new AdamWOptions { Beta1 = 2 } },
        ];
        Assert.All(bad, broken => Assert.ThrowsAny<ArgumentException>(broken.Validate));
    }

    private static void Pinned(OptimizerOptions options, double rate, double decay)
    {
        options.Validate();
        Assert.Equal((rate, decay, WeightDecayScope.Matrices), (options.LearningRate, options.WeightDecay, options.Decays));
    }

    private static void Moments(MomentOptions options, double rate, double decay, double epsilon = 1e-8)
    {
        Pinned(options, rate, decay);
        Assert.Equal((0.9, 0.999, epsilon), (options.Beta1, options.Beta2, options.Epsilon));
    }
}
