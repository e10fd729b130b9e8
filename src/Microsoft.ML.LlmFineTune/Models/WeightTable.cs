using System.Collections;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Writes a family's name table line by line.</summary>
internal sealed class WeightTable : IReadOnlyList<WeightName>
{
    private readonly List<WeightName> _names = [];

    /// <summary>The layer that the next lines belong to; null for none.</summary>
    public int? Layer { get; set; }

    public int Count => _names.Count;

    public WeightName this[int index] => _names[index];

    /// <summary>One tensor.</summary>
    public void Add(WeightKind kind, string file, string parameter, bool isTransposed = false) => _names.Add(new(file, parameter, kind, Layer, isTransposed));

    /// <summary>The weight of a layer and, where it has one, the bias: <c>file.weight</c> is <c>module.weight</c>.</summary>
    public void Module(WeightKind kind, string file, string module, bool hasBias = true, bool isTransposed = false)
    {
        Add(kind, $"{file}.weight", $"{module}.weight", isTransposed);
        if (hasBias) Add(kind, $"{file}.bias", $"{module}.bias");
    }

    /// <summary>A norm.</summary>
    public void Norm(string file, string module, bool hasBias = true) => Module(WeightKind.Normalization, file, module, hasBias);

    public IEnumerator<WeightName> GetEnumerator() => _names.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
