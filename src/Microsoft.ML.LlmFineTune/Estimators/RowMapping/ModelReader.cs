using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Doors;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>
/// A transformer inside ML.NET's model file: the files of its folder (<see cref="TransformerFolder"/>), each as a zip entry of its own,
/// and a list with their SHA-256, because the zip reader does not look at the zip's own checksums. The doors find this class by its name.
/// </summary>
internal sealed class ModelReader : IModelReader
{
    private const string FileList = "files.json";
    private const char Separator = '/';

    public object Read(object environment, Func<string, Action<Stream>, bool> readEntry)
    {
        using var folder = new TemporaryFolder();
        foreach (var (name, checksum) in Checksums(readEntry))
        {
            string path = Path.Combine(folder.Path, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using (var file = File.Create(path))
                Require(readEntry(EntryOf(name), entry => entry.CopyTo(file)), name);
            if (Checksum(path) != checksum)
                throw new InvalidDataException($"The model file is corrupt: the entry '{name}' is not what was saved. Take a fresh copy, or save the model again.");
        }
        // The files go with the folder.
        return TransformerFolder.Load(folder.Path, (IHostEnvironment)environment, WeightLoading.Copied);
    }

    /// <summary>The entries that <see cref="Read"/> reads again.</summary>
    internal static void Save(TextTransformer transformer, object saveContext)
    {
        using var folder = new TemporaryFolder();
        TransformerFolder.Save(transformer, folder.Path);
        var names = Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder.Path, path).Replace(Path.DirectorySeparatorChar, Separator)).Order(StringComparer.Ordinal).ToList();
        var checksums = new SortedDictionary<string, string>(names.ToDictionary(name => name, name => Checksum(Path.Combine(folder.Path, name))), StringComparer.Ordinal);
        var entries = new List<KeyValuePair<string, Action<Stream>>>
        {
            new(FileList, stream => stream.Write(JsonSerializer.SerializeToUtf8Bytes(checksums))),
        };
        entries.AddRange(names.Select(name => new KeyValuePair<string, Action<Stream>>(EntryOf(name), stream =>
        {
            using var file = File.OpenRead(Path.Combine(folder.Path, name));
            file.CopyTo(stream);
        })));
        ModelDoor.Save(saveContext, entries);
    }

    /// <summary>The entry of a file: what lies in a folder below has its name before the file's.</summary>
    private static string EntryOf(string name) => name.Replace(Separator, '-');

    private static SortedDictionary<string, string> Checksums(Func<string, Action<Stream>, bool> readEntry)
    {
        using var list = new MemoryStream();
        Require(readEntry(FileList, entry => entry.CopyTo(list)), FileList);
        try
        {
            var checksums = JsonSerializer.Deserialize<SortedDictionary<string, string>>(list.ToArray()) ?? [];
            // A name that leads out of the folder would let a model file write anywhere.
            return checksums.Keys.All(name => name.Split(Separator).All(part => part.Length > 0 && part == Path.GetFileName(part) && part is not ("." or "..")))
                ? checksums
                : throw new InvalidDataException($"The model file is corrupt: {FileList} holds a name that leads out of the model's folder ({string.Join(", ", checksums.Keys)}).");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"The model file is corrupt: {FileList} is no list of files and their checksums ({error.Message}). Take a fresh copy, or save the model again.", error);
        }
    }

    private static string Checksum(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static void Require(bool isThere, string name)
    {
        if (!isThere)
            throw new InvalidDataException($"The model file is corrupt: the entry '{name}' is missing. Save the model again.");
    }

    private sealed class TemporaryFolder : IDisposable
    {
        internal string Path { get; } = Directory.CreateTempSubdirectory("llmfinetune-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
