using System.Text.Json;

namespace Golden.Library;

/// <summary>The options of a case: each is read by name, and what nobody read is refused.</summary>
internal sealed class OptionReader(string what, params JsonElement[] sources)
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    public bool Has(string name) => Find(name).IsGiven();

    /// <summary>An option as it stands; undefined where it is absent or null. The sources are asked in their order.</summary>
    public JsonElement Find(string name)
    {
        _read.Add(name);
        foreach (var source in sources)
            if (source.ValueKind == JsonValueKind.Object && source.TryGetProperty(name, out var value)) return value.ValueKind == JsonValueKind.Null ? default : value;
        return default;
    }

    public double Number(string name, double otherwise) => Find(name) is { ValueKind: not JsonValueKind.Undefined } value ? value.ToDouble() : otherwise;

    public double? Number(string name) => Find(name) is { ValueKind: not JsonValueKind.Undefined } value ? value.ToDouble() : null;

    public long? Whole(string name) => Find(name) is { ValueKind: not JsonValueKind.Undefined } value ? value.GetInt64() : null;

    public bool Flag(string name, bool otherwise = false) => Find(name) is { ValueKind: not JsonValueKind.Undefined } value ? value.GetBoolean() : otherwise;

    public string Text(string name, string otherwise = "") => Find(name) is { ValueKind: not JsonValueKind.Undefined } value ? value.GetString()! : otherwise;

    /// <summary>Numbers of a list, or the given ones.</summary>
    public double[] Numbers(string name, params double[] otherwise) => Find(name) is { ValueKind: not JsonValueKind.Undefined } value ? value.ToDoubles() : otherwise;

    /// <summary>Options that change no number.</summary>
    public void Ignore(params string[] names) => _read.UnionWith(names);

    /// <summary>Refuses what was not read.</summary>
    public void Finish()
    {
        string[] left = [.. sources.Where(source => source.ValueKind == JsonValueKind.Object).SelectMany(source => source.EnumerateObject()).Select(option => option.Name).Where(name => !_read.Contains(name)).Distinct()];
        if (left.Length > 0) throw new UnsupportedException($"{what} has no option {string.Join(", ", left)}");
    }
}
