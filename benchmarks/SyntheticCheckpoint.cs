using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.Llama;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>A folder with a model of any size and weights that mean nothing, written without ever holding them.</summary>
internal static class SyntheticCheckpoint
{
    /// <summary>GPT-2's matrices, which the file has turned: for a gigabyte and more.</summary>
    public static ModelConfig Gpt2(int layers) => new Gpt2Config { Width = 1024, Heads = 16, Layers = layers };

    /// <summary>Llama's, which lie in the file as in memory: for a gigabyte and more.</summary>
    public static ModelConfig Llama(int layers) => new LlamaConfig { Width = 1024, InnerWidth = 2816, Heads = 16, TrainedLength = 1024, Layers = layers };

    /// <summary>Both again, for some megabytes.</summary>
    public static ModelConfig SmallGpt2(int layers) => new Gpt2Config { Width = 512, Heads = 8, VocabularySize = 4096, Layers = layers };

    /// <inheritdoc cref="SmallGpt2"/>
    public static ModelConfig SmallLlama(int layers) => new LlamaConfig { Width = 512, InnerWidth = 1024, Heads = 8, VocabularySize = 4096, Layers = layers };

    /// <summary>Writes a checkpoint of at least so many bytes.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="shape">The model of so many layers.</param>
    /// <param name="bytes">Least size of the weights.</param>
    /// <param name="type">F32, F16 or BF16.</param>
    /// <param name="shards">Number of files.</param>
    public static void Write(string folder, Func<int, ModelConfig> shape, long bytes, string type, int shards)
    {
        int size = type == "F32" ? 4 : 2;
        long layer = shape(2).CountParameters() - shape(1).CountParameters(), rest = shape(1).CountParameters() - layer;
        ModelConfig config = shape((int)Math.Max(1, Math.Ceiling((((double)bytes / size) - rest) / layer)));
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJson(ModelHead.NextToken).ToJsonString());

        using IDisposable scope = NewDisposeScope();
        using DecoderModel shapes = config.CreateDecoder(META);
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
