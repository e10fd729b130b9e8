using System.Text.Json;
using Microsoft.ML.LlmFineTune.Doors;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>
/// A transformer inside ML.NET's model file: the files of its folder (<see cref="TransformerFolder"/>), each as a zip entry of its own.
/// The doors find this class by its name.
/// </summary>
internal sealed class ModelReader : IModelReader
{
    private const string FileList = "files.json";

    public object Read(object environment, Func<string, Action<Stream>, bool> readEntry)
    {
        using var folder = new TemporaryFolder();
        foreach (string name in Names(readEntry))
        {
            using var file = File.Create(Path.Combine(folder.Path, name));
            Require(readEntry(name, entry => entry.CopyTo(file)), name);
        }
        return TransformerFolder.Load(folder.Path);
    }

    /// <summary>The entries that <see cref="Read"/> reads again.</summary>
    internal static void Save(TextTransformer transformer, object saveContext)
    {
        using var folder = new TemporaryFolder();
        TransformerFolder.Save(transformer, folder.Path);
        var names = Directory.GetFiles(folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal).ToList();
        var entries = new List<KeyValuePair<string, Action<Stream>>>
        {
            new(FileList, stream => stream.Write(JsonSerializer.SerializeToUtf8Bytes(names))),
        };
        entries.AddRange(names.Select(name => new KeyValuePair<string, Action<Stream>>(name, stream =>
        {
            using var file = File.OpenRead(Path.Combine(folder.Path, name));
            file.CopyTo(stream);
        })));
        ModelDoor.Save(saveContext, entries);
    }

    private static List<string> Names(Func<string, Action<Stream>, bool> readEntry)
    {
        using var list = new MemoryStream();
        Require(readEntry(FileList, entry => entry.CopyTo(list)), FileList);
        var names = JsonSerializer.Deserialize<List<string>>(list.ToArray()) ?? [];
        // A name that leads out of the folder would let a model file write anywhere.
        return names.TrueForAll(name => name.Length > 0 && name == Path.GetFileName(name) && name is not ("." or ".."))
            ? names
            : throw new InvalidDataException($"The model file is corrupt: {FileList} holds a name that is no plain file name ({string.Join(", ", names)}).");
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
