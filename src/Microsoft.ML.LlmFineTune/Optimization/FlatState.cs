using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>What an optimizer remembers about some parameters, one behind the other in one flat tensor.</summary>
internal sealed class FlatState
{
    private readonly Dictionary<string, (long First, long[] Shape)> _places = new(StringComparer.Ordinal);

    /// <summary>Lays it out.</summary>
    /// <param name="parameters">All parameters.</param>
    /// <param name="shapeOf">The shape of what is remembered about a parameter; null: nothing.</param>
    /// <param name="initial">The first value.</param>
    public FlatState(FlatParameters parameters, Func<FlatParameter, IEnumerable<long>?> shapeOf, double initial)
    {
        long end = 0;
        foreach (FlatParameter entry in parameters.Entries)
        {
            if (shapeOf(entry)?.ToArray() is not { } shape) continue;
            _places.Add(entry.Name, (end, shape));
            long count = shape.Aggregate(1L, (product, size) => product * size);
            // In the parameters' own alignment, so that neighbours there are neighbours here.
            end = (end + count + FlatParameters.Alignment - 1) / FlatParameters.Alignment * FlatParameters.Alignment;
        }
        Tensor masters = parameters.Masters;
        Flat = full([end], initial, masters.dtype, masters.device).DetachFromDisposeScope();
    }

    /// <summary>[elements].</summary>
    public Tensor Flat { get; }

    /// <summary>Index of the first element of a parameter.</summary>
    public long FirstOf(FlatParameter entry) => _places[entry.Name].First;

    /// <summary>A parameter's part, in its shape; null where nothing is remembered about it.</summary>
    public Tensor? View(string parameter)
    {
        if (!_places.TryGetValue(parameter, out (long First, long[] Shape) place)) return null;
        using Tensor range = Flat.narrow(0, place.First, place.Shape.Aggregate(1L, (product, size) => product * size));
        return range.view(place.Shape);
    }
}
