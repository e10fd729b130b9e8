using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Adafactor as transformers has it.</summary>
internal sealed class AdafactorOptimizer : TensorwiseOptimizer
{
    private readonly AdafactorOptions _options;
    private readonly FlatState _rows, _columns, _vectors;
    private readonly FlatState? _moment;

    public AdafactorOptimizer(FlatParameters parameters, AdafactorOptions options, IReadOnlyList<ParameterGroup>? groups) : base(parameters, options, groups)
    {
        _options = options;
        _rows = AddState("exp_avg_sq_row", entry => entry.Shape.Count < 2 ? null : entry.Shape.SkipLast(1));
        _columns = AddState("exp_avg_sq_col", entry => entry.Shape.Count < 2 ? null : [.. entry.Shape.SkipLast(2), entry.Shape[^1]]);
        _vectors = AddState("exp_avg_sq", entry => entry.Shape.Count < 2 ? entry.Shape : null);
        if (options.Beta1 is not null) _moment = AddState("exp_avg");
    }

    public override bool HasMomentum => _moment is not null;

    private protected override void Update(FlatParameter entry, Tensor weight, Tensor gradient, double rate, double decay, long step)
    {
        if (_options.RelativeStep) rate *= Math.Min(_options.WarmupInitialization ? 1e-6 * step : 1e-2, 1 / Math.Sqrt(step)) / _options.LearningRate;
        // The rate is a tensor where it depends on the weights.
        Tensor scaledRate = _options.ScaleParameter ? RootMeanSquare(weight).clamp_min(_options.ScaleEpsilon) * rate : full([], rate, weight.dtype, weight.device);
        double gain = Math.Pow(step, _options.DecayExponent);
        Tensor squares = gradient.square().add_(_options.GradientEpsilon), update;
        if (entry.Shape.Count >= 2)
        {
            Tensor rows = _rows.View(entry.Name)!, columns = _columns.View(entry.Name)!;
            rows.mul_(1 - gain).add_(squares.mean([-1]), gain);
            columns.mul_(1 - gain).add_(squares.mean([-2]), gain);
            update = rows.div(rows.mean([-1], keepdim: true)).rsqrt().unsqueeze(-1) * columns.unsqueeze(-2).rsqrt();
        }
        else
        {
            Tensor vector = _vectors.View(entry.Name)!;
            vector.mul_(1 - gain).add_(squares, gain);
            update = vector.rsqrt();
        }
        update.mul_(gradient);
        update.div_(RootMeanSquare(update).div_(_options.ClipThreshold).clamp_min(1)).mul_(scaledRate);
        if (_moment?.View(entry.Name) is { } moment)
        {
            double beta1 = Momentum ?? _options.Beta1!.Value;
            update = moment.mul_(beta1).add_(update, 1 - beta1);
        }
        if (decay != 0) weight.sub_(weight * (scaledRate * decay));
        weight.sub_(update);
    }
}
