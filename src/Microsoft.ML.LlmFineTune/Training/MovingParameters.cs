using Microsoft.ML.LlmFineTune.Optimization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Which parameters of a model move in a run; afterwards each is again what it was.</summary>
internal sealed class MovingParameters
{
    private readonly List<Parameter> _couldMove;

    /// <summary>Freezes what the options freeze for the whole run.</summary>
    public MovingParameters(nn.Module model, FreezingOptions? options)
    {
        Plan = FreezingPlan.For(model, options ?? new FreezingOptions());
        _couldMove = [.. model.parameters().Where(parameter => parameter.requires_grad)];
        HashSet<string> frozen = Plan.Frozen.ToHashSet(StringComparer.Ordinal);
        foreach ((string name, Parameter parameter) in model.named_parameters())
        {
            if (frozen.Contains(name)) parameter.requires_grad_(false);
        }
    }

    /// <summary>What moves when.</summary>
    public FreezingPlan Plan { get; }

    /// <summary>Lets everything move again that could before.</summary>
    public void Restore()
    {
        foreach (Parameter parameter in _couldMove) parameter.requires_grad_(true);
    }
}
