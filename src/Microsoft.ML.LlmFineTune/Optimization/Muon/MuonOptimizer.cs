using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Muon for hidden matrices, AdamW for all else.</summary>
internal sealed class MuonOptimizer : TensorwiseOptimizer
{
    private readonly MuonOptions _options;
    private readonly FlatState _momentum;
    private readonly FlatState[] _moments;

    public MuonOptimizer(FlatParameters parameters, MuonOptions options, IReadOnlyList<ParameterGroup>? groups) : base(parameters, options, groups)
    {
        _options = options;
        string[] known = [.. parameters.Entries.Select(entry => entry.Name)];
        foreach (string name in options.LeftOut)
            Require.Argument(known.Contains(name), $"{nameof(MuonOptions.LeftOut)} must name trained parameters, by the names that the model registers; there is no '{name}'. There are {string.Join(", ", known.Take(20))}{(known.Length > 20 ? ", ..." : "")}.", nameof(options));
        _momentum = AddState("momentum_buffer", entry => options.Takes(entry) ? entry.Shape : null);
        string[] names = options.Others.Amsgrad ? ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"] : ["exp_avg", "exp_avg_sq"];
        _moments = [.. names.Select(name => AddState(name, entry => options.Takes(entry) ? null : entry.Shape))];
    }

    public override bool HasMomentum => true;

    private protected override void Update(IReadOnlyList<ParameterRange> ranges, StepSettings step)
    {
        base.Update([.. ranges.Where(range => _options.Takes(range.Entries[0]))], step);
        List<UpdateRange<AdamRule>> others = [];
        foreach (ParameterRange range in ranges.Where(range => !_options.Takes(range.Entries[0])))
        {
            double rate = step.LearningRate * range.RateFactor * (_options.Others.LearningRate / _options.LearningRate);
            AdamRule rule = new(_options.Others, _options.Others.Beta1, rate, StepsOf(range.Group), _options.Others.Amsgrad);
            others.Add(new UpdateRange<AdamRule>(range.First, range.Count, _moments[0].FirstOf(range.Entries[0]), rule, step.GradientScale, 0, 1 - (rate * range.WeightDecay)));
        }
        FlatUpdate.Run(Parameters.Masters, Parameters.MasterGradients, [.. _moments.Select(moment => moment.Flat)], others, step.Pool);
    }

    private protected override void Update(FlatParameter entry, Tensor weight, Tensor gradient, double rate, double decay, long step)
    {
        double keep = Momentum ?? _options.Momentum, rows = entry.Shape[0], columns = entry.Shape[1];
        Tensor momentum = _momentum.View(entry.Name)!;
        momentum.mul_(keep).add_(gradient, 1 - keep);
        Tensor direction = _options.Nesterov ? (gradient * (1 - keep)).add_(momentum, keep) : momentum;
        double size = _options.Adjustment == MuonAdjustment.Original ? Math.Sqrt(Math.Max(1, rows / columns)) : 0.2 * Math.Sqrt(Math.Max(rows, columns));
        weight.mul_(1 - (rate * decay));
        weight.add_(NewtonSchulz.Orthogonal(direction, _options.Iterations, _options.Coefficients, _options.Epsilon), -rate * size);
    }
}
