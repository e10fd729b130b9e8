using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>A folder with a GPT-2 of any size and weights that mean nothing, written without ever holding them.</summary>
internal static class SyntheticCheckpoint
{
    /// <summary>For a gigabyte and more.</summary>
    public static Gpt2Config Large { get; } = new() { Width = 1024, Heads = 16 };

    /// <summary>For some megabytes.</summary>
    public static Gpt2Config Small { get; } = new() { Width = 512, Heads = 8, VocabularySize = 4096 };

    /// <summary>Writes a checkpoint of at least so many bytes.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="shape">All but the number of layers.</param>
    /// <param name="bytes">Least size of the weights.</param>
    /// <param name="type">F32, F16 or BF16.</param>
    /// <param name="shards">Number of files.</param>
    public static void Write(string folder, Gpt2Config shape, long bytes, string type, int shards)
    {
        int size = type == "F32" ? 4 : 2;
        long width = shape.Width, layer = (12 * width * width) + (13 * width), rest = (shape.VocabularySize + shape.MaximumLength + 2) * width;
        Gpt2Config config = shape with { Layers = (int)Math.Max(1, Math.Ceiling((((double)bytes / size) - rest) / layer)) };
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJson(ModelHead.NextToken).ToJsonString());

        using IDisposable scope = NewDisposeScope();
        using Gpt2Model shapes = config.CreateBackbone(META);
        (string Name, long[] Shape)[] tensors = [.. ModelWeights.Views(shapes).Select(view => (view.Key, view.Value.shape))];
        byte[] noise = Noise(type);
        JsonObject map = [];
        (string Name, long[] Shape)[][] files = [.. tensors.Chunk((tensors.Length + shards - 1) / shards)];
        for (int i = 0; i < files.Length; i++)
        {
            string name = files.Length == 1 ? "model.safetensors" : string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:D5}-of-{files.Length:D5}.safetensors");
            WriteFile(Path.Combine(folder, name), files[i], type, size, noise);
            foreach ((string tensor, _) in files[i]) map[tensor] = name;
        }
        if (files.Length > 1) File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
    }

    private static void WriteFile(string path, (string Name, long[] Shape)[] tensors, string type, int size, byte[] noise)
    {
        JsonObject header = new() { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        long end = 0;
        foreach ((string name, long[] shape) in tensors)
        {
            long begin = end;
            end += shape.Aggregate((long)size, (product, length) => product * length);
            header[name] = new JsonObject { ["dtype"] = type, ["shape"] = new JsonArray([.. shape.Select(length => JsonValue.Create(length))]), ["data_offsets"] = new JsonArray(begin, end) };
        }
        string text = header.ToJsonString();
        byte[] json = Encoding.UTF8.GetBytes(text.PadRight((text.Length + 7) / 8 * 8));
        byte[] prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, json.Length);
        using FileStream stream = File.Create(path);
        stream.Write(prefix);
        stream.Write(json);
        for (long left = end; left > 0; left -= noise.Length) stream.Write(noise, 0, (int)Math.Min(left, noise.Length));
        // What is still on its way to the disk would disturb the measurement.
        stream.Flush(flushToDisk: true);
    }

    /// <summary>1 MiB of numbers between -0.1 and 0.1.</summary>
    private static byte[] Noise(string type)
    {
        Random random = new(1);
        byte[] bytes = new byte[1 << 20];
        int size = type == "F32" ? 4 : 2;
        for (int i = 0; i < bytes.Length; i += size)
        {
            float number = (random.NextSingle() - 0.5f) / 5;
            Span<byte> place = bytes.AsSpan(i, size);
            if (type == "F32") BinaryPrimitives.WriteSingleLittleEndian(place, number);
            else if (type == "F16") BinaryPrimitives.WriteHalfLittleEndian(place, (Half)number);
            else BinaryPrimitives.WriteUInt16LittleEndian(place, (ushort)(BitConverter.SingleToUInt32Bits(number) >> 16));
        }
        return bytes;
    }
}
