using System.Text.Json;

namespace Golden.Library;

/// <summary>One case of a JSON file.</summary>
/// <param name="Area">Folder of the area.</param>
/// <param name="File">The file, relative to the area, with forward slashes.</param>
/// <param name="Name">Name of the case.</param>
/// <param name="Root">The whole file.</param>
/// <param name="Value">The case itself; the whole file where it is one case.</param>
internal sealed record FixtureCase(string Area, string File, string Name, JsonElement Root, JsonElement Value)
{
    /// <summary>The folder of the file.</summary>
    public string Folder => Path.GetDirectoryName(Path.Combine(Area, File))!;

    /// <summary>A property of the case; an undefined element where it is absent or null.</summary>
    public JsonElement this[string name] => Value.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : default;

    /// <summary>A file of the shared data: beside the fixtures, or beside the checkout.</summary>
    public string Data(string relative)
    {
        var candidates = new[] { Path.Combine(Area, "..", "..", "data", relative), Path.Combine(FixtureFolder.Shared(), "..", "data", relative) };
        return Array.Find(candidates, System.IO.File.Exists) ?? throw new UnsupportedException($"the shared data has no {relative}");
    }
}
