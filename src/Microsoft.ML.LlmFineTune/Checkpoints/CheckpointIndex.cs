using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>
/// The safetensors files that hold the weights of a folder, open, their headers read: <c>model.safetensors</c>, or where it is missing the shards that
/// <c>model.safetensors.index.json</c> names.
/// </summary>
/// <remarks>Files of other formats are never opened; where a folder has nothing else, the error says what to do.</remarks>
internal sealed partial class CheckpointIndex : IDisposable
{
    /// <summary>The name of weights that are one file.</summary>
    public const string SingleName = "model.safetensors";

    /// <summary>The name of the file that says which shard has which tensor.</summary>
    public const string IndexName = "model.safetensors.index.json";

    private CheckpointIndex(string folder, IReadOnlyList<SafeTensorsFile> files)
    {
        (Folder, Files) = (folder, files);
        TensorNames = files.SelectMany(file => file.Header.Entries, (_, entry) => entry.Name).ToHashSet(StringComparer.Ordinal);
    }

    public string Folder { get; }

    public IReadOnlyList<SafeTensorsFile> Files { get; }

    /// <summary>Names of the tensors of all files.</summary>
    public IReadOnlySet<string> TensorNames { get; }

    /// <summary>Bytes of all tensors.</summary>
    public long DataLength => Files.Sum(file => file.Header.DataLength);

    /// <summary>Opens the files of a folder.</summary>
    /// <exception cref="FileNotFoundException">The folder has no weights, or lacks a shard.</exception>
    /// <exception cref="InvalidDataException">A file is cut or damaged, or the index and its shards disagree.</exception>
    /// <exception cref="NotSupportedException">The folder has weights of other formats only, or a tensor of a type that the library does not know.</exception>
    public static CheckpointIndex Open(string folder)
    {
        string single = Path.Combine(Require.Text(folder), SingleName);
        if (File.Exists(single)) return Open(folder, [single], new Dictionary<string, string>());
        if (!File.Exists(Path.Combine(folder, IndexName))) throw OtherFormats.NoWeights(folder);
        IReadOnlyDictionary<string, string> map = ReadMap(folder);
        List<string> paths = [];
        foreach (string name in map.Values.Distinct(StringComparer.Ordinal))
        {
            string path = Path.Combine(folder, name);
            if (!File.Exists(path)) throw new FileNotFoundException($"'{folder}' lacks the shard {ShortList.Cut(name)}, which {IndexName} names. Copy or download it, too.", path);
            paths.Add(path);
        }
        return Open(folder, paths, map);
    }

    /// <summary>The name of a shard.</summary>
    /// <param name="number">Counted from 1.</param>
    /// <param name="count">How many there are.</param>
    public static string ShardName(int number, int count) => string.Create(CultureInfo.InvariantCulture, $"model-{number:D5}-of-{count:D5}.safetensors");

    /// <summary>Whether a file of this name belongs to the weights of a folder.</summary>
    public static bool IsWeightsName(string name) => name is SingleName or IndexName || Shard().IsMatch(name);

    public void Dispose()
    {
        foreach (SafeTensorsFile file in Files) file.Dispose();
    }

    private static CheckpointIndex Open(string folder, List<string> paths, IReadOnlyDictionary<string, string> map)
    {
        List<SafeTensorsFile> files = [];
        try
        {
            foreach (string path in paths) files.Add(SafeTensorsFile.Open(path));
            RequireAgreement(folder, map, files);
            return new CheckpointIndex(folder, files);
        }
        catch
        {
            foreach (SafeTensorsFile file in files) file.Dispose();
            throw;
        }
    }

    private static Dictionary<string, string> ReadMap(string folder)
    {
        string path = Path.Combine(folder, IndexName);
        if (JsonFile.Read(folder, IndexName)["weight_map"] is not JsonObject json || json.Count == 0)
            throw new InvalidDataException($"'{path}' must have a 'weight_map' from the names of tensors to the names of their files.");
        Dictionary<string, string> map = new(StringComparer.Ordinal);
        foreach ((string tensor, JsonNode? value) in json)
        {
            if (value is not JsonValue text || !text.TryGetValue(out string? file)) throw new InvalidDataException($"'{path}': the file of tensor '{tensor}' must be a text; found {ShortList.Cut(value?.ToJsonString() ?? "null")}.");
            // The index is data: it may not lead out of the folder.
            if (!file.EndsWith(".safetensors", StringComparison.Ordinal) || file.AsSpan().ContainsAny("/\\:\0"))
                throw new InvalidDataException($"'{path}': '{ShortList.Cut(file)}', the file of tensor '{tensor}', is not the name of a safetensors file in the folder.");
            map.Add(tensor, file);
        }
        return map;
    }

    /// <summary>Demands that each shard has the tensors that the index expects in it. Whether what it has besides is wanted, the model decides.</summary>
    private static void RequireAgreement(string folder, IReadOnlyDictionary<string, string> map, List<SafeTensorsFile> files)
    {
        Dictionary<string, string> actual = new(StringComparer.Ordinal);
        foreach (SafeTensorsFile file in files)
        {
            foreach (SafeTensorsEntry entry in file.Header.Entries) actual.TryAdd(entry.Name, Path.GetFileName(file.Path));
        }
        List<string> wrong = [.. map.Where(pair => actual.GetValueOrDefault(pair.Key) != pair.Value)
            .Select(pair => $"'{pair.Key}' should be in {pair.Value} and is {(actual.TryGetValue(pair.Key, out string? place) ? $"in {place}" : "in none")}")];
        if (wrong.Count > 0) throw new InvalidDataException($"'{Path.Combine(folder, IndexName)}' does not fit its shards: {ShortList.Of(wrong)}. The files are of different checkpoints, or damaged; take a fresh copy of all of them.");
    }

    [GeneratedRegex(@"\Amodel-\d{5}-of-\d{5}\.safetensors\z")]
    private static partial Regex Shard();
}
