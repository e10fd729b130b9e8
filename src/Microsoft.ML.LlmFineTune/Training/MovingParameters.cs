using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Which parameters of a model move in a run; afterwards each is again what it was.</summary>
internal sealed class MovingParameters
{
    private readonly nn.Module _model;
    private readonly HashSet<string> _couldMove;

    /// <summary>Freezes what the options freeze for the whole run.</summary>
    public MovingParameters(nn.Module model, FreezingOptions? options)
    {
        Plan = FreezingPlan.For(model, options ?? new FreezingOptions());
        Top = LayerGroup.Of(model) is { Count: > 1 } groups && groups[^1].Name == LayerGroup.Top ? groups[^1].Parameters.ToHashSet(StringComparer.Ordinal) : new HashSet<string>();
        _model = model;
        _couldMove = model.named_parameters().Where(named => named.parameter.requires_grad).Select(named => named.name).ToHashSet(StringComparer.Ordinal);
        HashSet<string> frozen = Plan.Frozen.ToHashSet(StringComparer.Ordinal);
        foreach ((string name, Parameter parameter) in model.named_parameters())
        {
            if (frozen.Contains(name)) parameter.requires_grad_(false);
        }
    }

    /// <summary>What moves when.</summary>
    public FreezingPlan Plan { get; }

    /// <summary>Parameters above the last layer, by name: those of a new head among them.</summary>
    public IReadOnlySet<string> Top { get; }

    /// <summary>Lets everything move again that could before.</summary>
    public void Restore()
    {
        // By name: a model that was converted has other parameters now.
        foreach ((string name, Parameter parameter) in _model.named_parameters())
        {
            if (_couldMove.Contains(name)) parameter.requires_grad_(true);
        }
    }
}
