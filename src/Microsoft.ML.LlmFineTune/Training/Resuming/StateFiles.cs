using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.LlmFineTune.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>A folder of files that is there as a whole or not at all, and that notices when a byte of it has changed.</summary>
internal static class StateFiles
{
    private const string ListName = "files.json";

    /// <summary>How records are written: numbers as they are, those that are not finite by name.</summary>
    public static JsonSerializerOptions Json { get; } = new()
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Writes a folder beside its place and moves it there.</summary>
    /// <param name="folder">The folder; replaced if it exists.</param>
    /// <param name="tensors">Tensors by file name (without ending) and name.</param>
    /// <param name="state">A record, written as state.json; null: none.</param>
    public static void Write(string folder, IReadOnlyDictionary<string, IReadOnlyDictionary<string, Tensor>> tensors, TrainingState? state)
    {
        string incoming = $"{folder}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(incoming);
        try
        {
            Dictionary<string, string> hashes = new(StringComparer.Ordinal);
            foreach ((string name, IReadOnlyDictionary<string, Tensor> content) in tensors) Add($"{name}.safetensors", stream => SafeTensors.Write(stream, content));
            if (state is not null) Add("state.json", stream => JsonSerializer.Serialize(stream, state, Json));
            AtomicFile.Write(Path.Combine(incoming, ListName), stream => JsonSerializer.Serialize(stream, hashes, Json));
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            Directory.Move(incoming, folder);

            void Add(string name, Action<Stream> write)
            {
                using SHA256 hash = SHA256.Create();
                AtomicFile.Write(Path.Combine(incoming, name), stream =>
                {
                    using CryptoStream through = new(stream, hash, CryptoStreamMode.Write, leaveOpen: true);
                    write(through);
                });
                hashes.Add(name, Convert.ToHexStringLower(hash.Hash!));
            }
        }
        finally
        {
            if (Directory.Exists(incoming)) Directory.Delete(incoming, recursive: true);
        }
    }

    /// <summary>Demands that every file is as it was written.</summary>
    /// <exception cref="InvalidDataException">A file is missing or has changed.</exception>
    public static void Verify(string folder)
    {
        Dictionary<string, string> hashes = ReadJson<Dictionary<string, string>>(folder, ListName);
        if (hashes.Count == 0) throw new InvalidDataException($"'{Path.Combine(folder, ListName)}' names no files.");
        foreach ((string name, string expected) in hashes)
        {
            string path = Path.Combine(folder, Path.GetFileName(name));
            if (!File.Exists(path)) throw new InvalidDataException($"'{path}' is missing.");
            using FileStream stream = File.OpenRead(path);
            if (Convert.ToHexStringLower(SHA256.HashData(stream)) != expected) throw new InvalidDataException($"'{path}' is not what was written.");
        }
    }

    /// <summary>The record of a verified folder.</summary>
    public static TrainingState ReadState(string folder) => ReadJson<TrainingState>(folder, "state.json");

    /// <summary>A file of tensors; the caller owns them.</summary>
    public static IReadOnlyDictionary<string, Tensor> ReadTensors(string folder, string name) => SafeTensors.Read(Path.Combine(folder, $"{name}.safetensors"));

    private static T ReadJson<T>(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<T>(stream, Json) ?? throw new InvalidDataException($"'{path}' holds nothing.");
        }
        catch (Exception error) when (error is JsonException or FileNotFoundException or DirectoryNotFoundException or NotSupportedException)
        {
            throw new InvalidDataException($"'{path}' cannot be read: {error.Message}", error);
        }
    }
}
