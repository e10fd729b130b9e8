using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>A model's weights under their checkpoint names, to and from safetensors files.</summary>
public static class ModelWeights
{
    /// <summary>Size of a shard in bytes where the caller says nothing: 50 GB, as in Hugging Face's <c>save_pretrained</c>.</summary>
    public const long DefaultMaximumShardBytes = 50_000_000_000;

    /// <summary>Writes the weights to one stream, each tensor once.</summary>
    /// <param name="stream">Written from first to last byte; need not seek; stays open.</param>
    /// <param name="model">The model.</param>
    public static void Write<TModel>(Stream stream, TModel model) where TModel : nn.Module, ICheckpointModel
    {
        using IDisposable scope = NewDisposeScope();
        SafeTensors.Write(stream, Views(model));
    }

    /// <summary>Writes the weights into a folder: <c>model.safetensors</c>, or shards and their index where one file would be larger than allowed.</summary>
    internal static void Write<TModel>(string folder, TModel model, long maximumShardBytes) where TModel : nn.Module, ICheckpointModel
    {
        using IDisposable scope = NewDisposeScope();
        Dictionary<string, Tensor> views = Views(model);
        IReadOnlyList<IReadOnlyList<string>> shards = ShardPlan.Split(model.WeightNames.Select(name => (name.File, BytesOf(views[name.File]))), maximumShardBytes);
        if (shards.Count <= 1)
        {
            SafeTensors.Write(Path.Combine(folder, CheckpointIndex.SingleName), views);
            return;
        }

        SortedDictionary<string, JsonNode?> map = new(StringComparer.Ordinal);
        for (int i = 0; i < shards.Count; i++)
        {
            string file = CheckpointIndex.ShardName(i + 1, shards.Count);
            SafeTensors.Write(Path.Combine(folder, file), shards[i].ToDictionary(name => name, name => views[name], StringComparer.Ordinal));
            foreach (string name in shards[i]) map.Add(name, file);
        }
        JsonFile.Write(folder, CheckpointIndex.IndexName, new JsonObject
        {
            ["metadata"] = new JsonObject { ["total_parameters"] = views.Values.Sum(view => view.numel()), ["total_size"] = views.Values.Sum(BytesOf) },
            ["weight_map"] = new JsonObject(map),
        });

        static long BytesOf(Tensor view) => view.numel() * view.ElementSize;
    }

    /// <summary>Fills the weights from one safetensors stream.</summary>
    /// <param name="stream">From the first byte of the file on; need not seek; stays open.</param>
    /// <param name="length">Length of the file in bytes, where it is known.</param>
    /// <param name="source">What errors call the file.</param>
    /// <param name="model">The model.</param>
    /// <returns>What was noticed.</returns>
    /// <exception cref="InvalidDataException">The file is cut or damaged, or its tensors are not those of the model: the message lists which are missing, unknown or of another shape.</exception>
    /// <exception cref="NotSupportedException">A tensor has elements of a type that the library does not know.</exception>
    public static LoadReport Read<TModel>(Stream stream, long? length, string source, TModel model) where TModel : nn.Module, ICheckpointModel
    {
        using IDisposable scope = NewDisposeScope();
        WeightPairing pairing = new(source, model, Views(model));
        SafeTensorsHeader header = SafeTensorsHeader.Read(stream, length, source);
        List<TensorTarget> targets = pairing.Pair(header);
        pairing.RequireFit();
        SafeTensors.Fill(stream, header, source, targets);
        return Report(source, model, pairing, targets);
    }

    /// <summary>Fills the weights from files that together hold all of them.</summary>
    /// <param name="index">The files.</param>
    /// <param name="model">The model.</param>
    /// <param name="optional">Names of weights that the files may lack, or have in other shapes: they stay as they are. Null: none.</param>
    /// <returns>What was noticed.</returns>
    /// <exception cref="InvalidDataException">A file was cut after it was opened, or the tensors are not those of the model: the message lists which are missing, unknown or of another shape.</exception>
    internal static LoadReport Read<TModel>(CheckpointIndex index, TModel model, IReadOnlySet<string>? optional = null) where TModel : nn.Module, ICheckpointModel
    {
        using IDisposable scope = NewDisposeScope();
        WeightPairing pairing = new(index.Folder, model, Views(model), optional);
        (SafeTensorsFile File, List<TensorTarget> Targets)[] all = [.. index.Files.Select(file => (file, pairing.Pair(file.Header)))];
        pairing.RequireFit();
        foreach ((SafeTensorsFile file, List<TensorTarget> targets) in all) file.Fill(targets);
        return Report(index.Folder, model, pairing, all.SelectMany(file => file.Targets));
    }

    /// <summary>The weights by checkpoint name, in the checkpoint's orientation: views of the model's own memory, without gradients.</summary>
    public static Dictionary<string, Tensor> Views<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel => View(Require.NotNull(model), parameter => parameter.detach());

    /// <summary>The gradients by checkpoint name, in the checkpoint's orientation; zeros where there is none.</summary>
    public static Dictionary<string, Tensor> Gradients<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel =>
        View(Require.NotNull(model), parameter => parameter.grad ?? zeros_like(parameter));

    private static Dictionary<string, Tensor> View<TModel>(TModel model, Func<Tensor, Tensor> select) where TModel : nn.Module, ICheckpointModel
    {
        Dictionary<string, Tensor> tensors = model.named_parameters().ToDictionary(entry => entry.name, entry => (Tensor)entry.parameter, StringComparer.Ordinal);
        foreach ((string name, Tensor buffer) in model.named_buffers()) tensors.Add(name, buffer);
        return model.WeightNames.ToDictionary(
            name => name.File,
            name => select(tensors[name.Parameter]) is var tensor && name.IsTransposed && tensor.dim() == 2 ? tensor.t() : tensor,
            StringComparer.Ordinal);
    }

    private static LoadReport Report(string source, nn.Module model, WeightPairing pairing, IEnumerable<TensorTarget> targets) => new()
    {
        Source = source,
        Type = Weights.FirstOf(model).dtype,
        FileTypes = pairing.Types,
        Unused = pairing.Unused,
        Stayed = pairing.Stayed,
        NonFinite = NonFiniteTensor.Of(targets),
    };
}
