using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>AdamW by its definition (Loshchilov, Hutter, 2019), in double precision: lr 1e-3, betas 0.9 and 0.999, eps 1e-8, decay 0.01 on everything.</summary>
internal sealed class ReferenceAdamW
{
    private const double Rate = 1e-3, Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8, Decay = 0.01;
    private readonly Dictionary<string, (Tensor First, Tensor Second)> _moments = [];
    private int _steps;

    public void Step(IReadOnlyDictionary<string, Tensor> weights, IReadOnlyDictionary<string, Tensor> gradients)
    {
        using IDisposable withoutGradients = no_grad();
        _steps++;
        foreach ((string name, Tensor weight) in weights)
        {
            Tensor gradient = gradients[name].to(ScalarType.Float64);
            (Tensor first, Tensor second) = _moments.GetValueOrDefault(name, (zeros_like(gradient), zeros_like(gradient)));
            first = (first * Beta1) + (gradient * (1 - Beta1));
            second = (second * Beta2) + (gradient * gradient * (1 - Beta2));
            _moments[name] = (first, second);
            Tensor direction = first / (1 - Math.Pow(Beta1, _steps)) / ((second / (1 - Math.Pow(Beta2, _steps))).sqrt() + Epsilon);
            weight.copy_((weight.to(ScalarType.Float64) * (1 - (Rate * Decay))) - (direction * Rate));
        }
    }
}
