using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Adafactor as torch has it.</summary>
internal sealed class CappedAdafactorOptimizer : TensorwiseOptimizer
{
    private readonly CappedAdafactorOptions _options;
    private readonly FlatState _rows, _columns, _vectors;
    private readonly double _epsilon;

    public CappedAdafactorOptimizer(FlatParameters parameters, CappedAdafactorOptions options, IReadOnlyList<ParameterGroup>? groups) : base(parameters, options, groups)
    {
        _options = options;
        _epsilon = options.DenominatorEpsilon ?? (parameters.Masters.dtype == ScalarType.Float64 ? double.BitIncrement(1) - 1 : float.BitIncrement(1) - 1);
        _rows = AddState("row_var", entry => entry.Shape.Count < 2 ? null : [.. entry.Shape.SkipLast(1), 1]);
        _columns = AddState("col_var", entry => entry.Shape.Count < 2 ? null : [.. entry.Shape.SkipLast(2), 1, entry.Shape[^1]]);
        _vectors = AddState("variance", entry => entry.Shape.Count < 2 ? entry.Shape : null);
    }

    private protected override void Update(FlatParameter entry, Tensor weight, Tensor gradient, double rate, double decay, long step)
    {
        double gain = Math.Pow(step, _options.DecayExponent);
        Tensor scaledRate = RootMeanSquare(weight).clamp_min(_options.ScaleEpsilon) * Math.Min(rate, 1 / Math.Sqrt(step));
        if (decay != 0) weight.mul_(1 - (rate * decay));
        Tensor squares = gradient.square(), variance;
        if (entry.Shape.Count >= 2)
        {
            Tensor rows = _rows.View(entry.Name)!, columns = _columns.View(entry.Name)!;
            rows.mul_(1 - gain).add_(squares.mean([-1], keepdim: true), gain);
            columns.mul_(1 - gain).add_(squares.mean([-2], keepdim: true), gain);
            variance = rows.matmul(columns).div_(rows.mean([-2], keepdim: true).clamp_min(_epsilon));
        }
        else
        {
            variance = _vectors.View(entry.Name)!;
            variance.mul_(1 - gain).add_(squares, gain);
        }
        Tensor update = variance.clamp_min(_epsilon * _epsilon).rsqrt().mul_(gradient);
        weight.sub_(update.mul_(scaledRate.div_(RootMeanSquare(update).div_(_options.ClipThreshold).clamp_min(1))));
    }
}
