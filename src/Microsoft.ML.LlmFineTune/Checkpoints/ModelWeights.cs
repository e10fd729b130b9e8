using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Heads;
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
    /// <param name="others">More tensors to write; null: none.</param>
    public static void Write<TModel>(Stream stream, TModel model, IReadOnlyDictionary<string, Tensor>? others = null) where TModel : nn.Module, ICheckpointModel
    {
        RequireWhole(model);
        using IDisposable scope = NewDisposeScope();
        SafeTensors.Write(stream, WithOthers(Views(model), others));
    }

    /// <summary>Writes the weights into a folder: <c>model.safetensors</c>, or shards and their index where one file would be larger than allowed.</summary>
    /// <param name="folder">Where the files go.</param>
    /// <param name="model">The model.</param>
    /// <param name="others">More tensors to write; null: none.</param>
    /// <param name="maximumShardBytes">What a file may have.</param>
    /// <param name="isBase">Whether the caller writes the active adapter elsewhere.</param>
    internal static void Write<TModel>(string folder, TModel model, IReadOnlyDictionary<string, Tensor>? others, long maximumShardBytes, bool isBase = false) where TModel : nn.Module, ICheckpointModel
    {
        if (!isBase) RequireWhole(model);
        using IDisposable scope = NewDisposeScope();
        Dictionary<string, Tensor> absent = AbsentBiases(model), views = WithOthers(WithOthers(Views(model), absent), others);
        IReadOnlyList<IReadOnlyList<string>> shards = ShardPlan.Split([.. model.WeightNames.Select(name => name.File).Concat(absent.Keys).Concat(others?.Keys ?? []).Select(name => (name, BytesOf(views[name])))], maximumShardBytes);
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
        SafeTensorsHeader header = SafeTensorsHeader.Read(stream, length, source);
        Dictionary<string, Tensor> absent = AbsentBiases(model);
        WeightPairing pairing = new(source, model, WithOthers(Views(model), absent), header.Entries.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal), absent.Keys.ToHashSet(StringComparer.Ordinal));
        List<TensorTarget> targets = pairing.Pair(header);
        pairing.RequireFit();
        SafeTensors.Fill(stream, header, source, targets);
        RequireZeros(source, absent);
        return Report(source, model, pairing, targets, absent.Keys);
    }

    /// <summary>Fills the weights from files that together hold all of them.</summary>
    /// <param name="index">The files.</param>
    /// <param name="model">The model.</param>
    /// <param name="optional">Names of weights that the files may lack, or have in other shapes: they stay as they are. Null: none.</param>
    /// <param name="loading">Mapped: for a model that was just made, whose parameters nobody has a view of.</param>
    /// <returns>What was noticed.</returns>
    /// <exception cref="IOException">A file could not be mapped.</exception>
    /// <exception cref="InvalidDataException">A file was cut after it was opened, or the tensors are not those of the model: the message lists which are missing, unknown or of another shape.</exception>
    internal static LoadReport Read<TModel>(CheckpointIndex index, TModel model, IReadOnlySet<string>? optional = null, WeightLoading loading = WeightLoading.Copied) where TModel : nn.Module, ICheckpointModel
    {
        using IDisposable scope = NewDisposeScope();
        Dictionary<string, Tensor> views = Views(model), absent = AbsentBiases(model);
        WeightPairing pairing = new(index.Folder, model, WithOthers(new(views, StringComparer.Ordinal), absent), index.TensorNames, absent.Keys.Concat(optional ?? new HashSet<string>()).ToHashSet(StringComparer.Ordinal));
        (SafeTensorsFile File, List<TensorTarget> Targets)[] all = [.. index.Files.Select(file => (file, pairing.Pair(file.Header)))];
        pairing.RequireFit();
        if (loading == WeightLoading.Mapped)
        {
            Dictionary<string, Tensor> owners = Owners(model);
            Dictionary<Tensor, Tensor> ownerOf = views.ToDictionary<KeyValuePair<string, Tensor>, Tensor, Tensor>(view => view.Value, view => owners[view.Key], ReferenceEqualityComparer.Instance);
            all = [.. all.Select(one => (one.File, Map(one.File, one.Targets, ownerOf)))];
        }
        SafeTensorsFile.Fill([.. all.Select(one => (one.File, (IReadOnlyList<TensorTarget>)one.Targets))]);
        RequireZeros(index.Folder, absent);
        return Report(index.Folder, model, pairing, [.. all.SelectMany(file => file.Targets)], absent.Keys) with { Loading = loading };
    }

    /// <summary>Makes parameters views of a file where it has them as the model does.</summary>
    private static List<TensorTarget> Map(SafeTensorsFile file, List<TensorTarget> targets, Dictionary<Tensor, Tensor> ownerOf)
    {
        using IDisposable withoutGradients = no_grad();
        using MappedFile mapped = new(file);
        return [.. targets.Select(MapOne)];

        TensorTarget MapOne(TensorTarget target)
        {
            // A matrix that the file has transposed is no dense view of its parameter; a bias of 0 that the model is without has none.
            bool isAlike = ownerOf.TryGetValue(target.Destination, out Tensor? owner) && owner.dtype == target.Entry.Type && owner.device_type == TorchSharp.DeviceType.CPU && target.Destination.is_contiguous() && owner.shape.SequenceEqual(target.Entry.Shape);
            if (!isAlike || !mapped.Holds(target.Entry)) return target;
            Tensor view = mapped.View(target.Entry);
            owner!.set_(view);
            return new TensorTarget(target.Entry, view, isMapped: true);
        }
    }

    /// <summary>Reads what files hold beside a backbone's own weights: the weights of heads, as float32 on its device, by their names in a bare backbone's checkpoint.</summary>
    internal static Dictionary<string, Tensor> ReadOthers(CheckpointIndex index, BackboneModel backbone)
    {
        string prefix = backbone.HeadedPrefix(ModelHead.SequenceClassification);
        HashSet<string> own = backbone.WeightNames.Select(name => name.File).ToHashSet(StringComparer.Ordinal);
        Dictionary<string, Tensor> others = new(StringComparer.Ordinal);
        foreach (SafeTensorsFile file in index.Files)
        {
            List<TensorTarget> targets = [];
            foreach (SafeTensorsEntry entry in file.Header.Entries)
            {
                // Whole numbers are tables that the model makes itself: positions, for example.
                if (!SafeTensorsTypes.IsFloatingPoint(entry.Type) || (backbone.CanonicalName(entry.Name) is string name && own.Contains(name))) continue;
                string bare = entry.Name.StartsWith(prefix, StringComparison.Ordinal) ? entry.Name[prefix.Length..] : entry.Name;
                Tensor value = empty([.. entry.Shape], dtype: ScalarType.Float32, device: backbone.Device).DetachFromDisposeScope();
                if (others.TryAdd(bare, value)) targets.Add(new TensorTarget(entry, value));
                else value.Dispose();
            }
            file.Fill(targets);
        }
        return others;
    }

    /// <summary>Fills a new head with what <see cref="ReadOthers"/> found, as far as names and shapes fit.</summary>
    /// <returns>The checkpoint names of the head's weights that stayed as they were.</returns>
    internal static IReadOnlyList<string> FillHead<TModel>(TModel model, IReadOnlyDictionary<string, Tensor> others) where TModel : nn.Module, IHeadedModel
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        HashSet<string> head = model.HeadModule.WeightNames.Select(name => name.File).ToHashSet(StringComparer.Ordinal);
        Dictionary<string, Tensor> targets = Views(model);
        foreach ((string file, Tensor value) in others)
        {
            if (model.CanonicalName(file) is not string name || !head.Contains(name) || !targets[name].shape.SequenceEqual(value.shape)) continue;
            targets[name].copy_(value);
            head.Remove(name);
        }
        return [.. head.Order(StringComparer.Ordinal)];
    }

    /// <summary>The weights by checkpoint name, in the checkpoint's orientation: views of the model's own memory, without gradients.</summary>
    public static Dictionary<string, Tensor> Views<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel => View(Require.NotNull(model), parameter => parameter.detach());

    /// <summary>The gradients by checkpoint name, in the checkpoint's orientation; zeros where there is none.</summary>
    public static Dictionary<string, Tensor> Gradients<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel =>
        View(Require.NotNull(model), parameter => parameter.grad ?? zeros_like(parameter));

    /// <summary>What adapters compute beside the weights would be lost in a file of them.</summary>
    private static void RequireWhole(nn.Module model) => Require.State((model as IAdaptable)?.Attachments?.AreInWeights != false,
        "The model has an active adapter, which is no part of its weights. Save the adapter with PeftFolder, or call MergeAndRemove of its ModelAdapters first.");

    /// <summary>Zeros for the biases that a model is without, so that readers that know only the published models miss nothing.</summary>
    private static Dictionary<string, Tensor> AbsentBiases(ICheckpointModel model)
    {
        (BackboneModel backbone, Func<string, string> nameOf) = model is IHeadedModel headed ? (headed.Backbone, file => headed.Backbone.HeadedName(file, headed.Head)) : ((BackboneModel)model, (Func<string, string>)(file => file));
        return backbone.AbsentBiases.ToDictionary(bias => nameOf(bias.File), bias => zeros(bias.Length, dtype: Weights.FirstOf(backbone).dtype), StringComparer.Ordinal);
    }

    /// <summary>Biases that another program has trained would be lost.</summary>
    private static void RequireZeros(string source, Dictionary<string, Tensor> absent)
    {
        if (absent.FirstOrDefault(bias => bias.Value.count_nonzero().item<long>() > 0).Key is string name)
            throw new InvalidDataException($"'{source}': config.json says that the model has no biases ('bias': false), but '{name}' is not 0. Remove 'bias' from config.json.");
    }

    private static Dictionary<string, Tensor> View<TModel>(TModel model, Func<Tensor, Tensor> select) where TModel : nn.Module, ICheckpointModel
    {
        Dictionary<string, Tensor> owners = Owners(model);
        return model.WeightNames.ToDictionary(
            name => name.File,
            name => select(owners[name.File]) is var tensor && name.IsTransposed && tensor.dim() == 2 ? tensor.t() : tensor,
            StringComparer.Ordinal);
    }

    /// <summary>The parameters and buffers themselves by checkpoint name.</summary>
    private static Dictionary<string, Tensor> Owners<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel
    {
        Dictionary<string, Tensor> tensors = model.named_parameters().ToDictionary(entry => entry.name, entry => (Tensor)entry.parameter, StringComparer.Ordinal);
        // What a matrix in four bits stands for, in memory of its own.
        foreach ((string name, Linear layer) in LinearQuantization.LayersOf(model))
        {
            if (layer.Quantized is not null) tensors[$"{name}.weight"] = layer.ReadWeight();
        }
        foreach ((string name, Tensor buffer) in model.named_buffers()) tensors.Add(name, buffer);
        return model.WeightNames.ToDictionary(name => name.File, name => tensors[name.Parameter], StringComparer.Ordinal);
    }

    private static Dictionary<string, Tensor> WithOthers(Dictionary<string, Tensor> weights, IReadOnlyDictionary<string, Tensor>? others)
    {
        foreach ((string name, Tensor value) in others ?? new Dictionary<string, Tensor>()) weights.Add(name, value);
        return weights;
    }

    private static LoadReport Report(string source, nn.Module model, WeightPairing pairing, IReadOnlyList<TensorTarget> targets, IEnumerable<string> absent) => new()
    {
        Source = source,
        Type = Weights.FirstOf(model).dtype,
        FileTypes = pairing.Types,
        Unused = pairing.Unused,
        Stayed = [.. pairing.Stayed.Except(absent)],
        NonFinite = NonFiniteTensor.Of(targets),
        MappedBytes = targets.Where(target => target.IsMapped).Sum(target => target.Entry.ByteCount),
        CopiedBytes = targets.Where(target => !target.IsMapped).Sum(target => target.Entry.ByteCount),
    };
}
