using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>A model's weights under their checkpoint names, to and from safetensors streams.</summary>
public static class ModelWeights
{
    /// <summary>Writes the weights, each tensor once.</summary>
    /// <param name="stream">Written from first to last byte; need not seek; stays open.</param>
    /// <param name="model">The model.</param>
    /// <param name="others">More tensors to write; null: none.</param>
    public static void Write<TModel>(Stream stream, TModel model, IReadOnlyDictionary<string, Tensor>? others = null) where TModel : nn.Module, ICheckpointModel
    {
        using IDisposable scope = NewDisposeScope();
        Dictionary<string, Tensor> weights = Views(model);
        foreach ((string name, Tensor value) in others ?? new Dictionary<string, Tensor>()) weights.Add(name, value);
        SafeTensors.Write(stream, weights);
    }

    /// <summary>Fills the weights from one safetensors stream.</summary>
    /// <param name="stream">From the first byte of the file on; need not seek; stays open.</param>
    /// <param name="length">Length of the file in bytes, where it is known.</param>
    /// <param name="source">What errors call the file.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="InvalidDataException">The file is cut or damaged, or its tensors are not those of the model.</exception>
    public static void Read<TModel>(Stream stream, long? length, string source, TModel model) where TModel : nn.Module, ICheckpointModel
    {
        using IDisposable scope = NewDisposeScope();
        Dictionary<string, Tensor> missing = Views(model);
        Fill(stream, length, source, model, missing);
        RequireAll(missing, source);
    }

    /// <summary>Fills the weights from several safetensors files that together hold all of them.</summary>
    internal static void Read<TModel>(IEnumerable<string> paths, string source, TModel model) where TModel : nn.Module, ICheckpointModel
    {
        using IDisposable scope = NewDisposeScope();
        Dictionary<string, Tensor> missing = Views(model);
        foreach (string path in paths)
        {
            using FileStream stream = File.OpenRead(path);
            Fill(stream, stream.Length, path, model, missing);
        }
        RequireAll(missing, source);
    }

    /// <summary>Fills a new task's model from a pretrained one's files: the head's weights may be missing or of other shapes, then they stay as they are.</summary>
    /// <returns>The checkpoint names of the head's weights that stayed.</returns>
    internal static IReadOnlyList<string> ReadPretrained<TModel>(IEnumerable<string> paths, string source, TModel model) where TModel : nn.Module, IHeadedModel
    {
        using IDisposable scope = NewDisposeScope();
        Dictionary<string, Tensor> missing = Views(model);
        HashSet<string> head = model.HeadModule.WeightNames.Select(name => name.File).ToHashSet(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            using FileStream stream = File.OpenRead(path);
            Fill(stream, stream.Length, path, model, missing, head);
        }
        IReadOnlyList<string> stayed = [.. missing.Keys.Where(head.Contains).Order(StringComparer.Ordinal)];
        foreach (string name in stayed) missing.Remove(name);
        RequireAll(missing, source);
        return stayed;
    }

    /// <summary>Reads what files hold beside a backbone's own weights: the weights of heads, as float32 on its device, by their names in a bare backbone's checkpoint.</summary>
    internal static Dictionary<string, Tensor> ReadOthers(IEnumerable<string> paths, BackboneModel backbone)
    {
        string prefix = backbone.HeadedPrefix(ModelHead.SequenceClassification);
        HashSet<string> own = backbone.WeightNames.Select(name => name.File).ToHashSet(StringComparer.Ordinal);
        Dictionary<string, Tensor> others = new(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            using FileStream stream = File.OpenRead(path);
            SafeTensors.ReadInto(stream, stream.Length, path, entry =>
            {
                // Whole numbers are tables that the model makes itself: positions, for example.
                bool isWeight = entry.Type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;
                if (!isWeight || (backbone.CanonicalName(entry.Name) is string name && own.Contains(name))) return null;
                string bare = entry.Name.StartsWith(prefix, StringComparison.Ordinal) ? entry.Name[prefix.Length..] : entry.Name;
                return others[bare] = empty([.. entry.Shape], dtype: ScalarType.Float32, device: backbone.Device).DetachFromDisposeScope();
            });
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

    private static Dictionary<string, Tensor> View<TModel>(TModel model, Func<Tensor, Tensor> select) where TModel : nn.Module, ICheckpointModel
    {
        Dictionary<string, Tensor> tensors = model.named_parameters().ToDictionary(entry => entry.name, entry => (Tensor)entry.parameter, StringComparer.Ordinal);
        foreach ((string name, Tensor buffer) in model.named_buffers()) tensors.Add(name, buffer);
        return model.WeightNames.ToDictionary(
            name => name.File,
            name => select(tensors[name.Parameter]) is var tensor && name.IsTransposed && tensor.dim() == 2 ? tensor.t() : tensor,
            StringComparer.Ordinal);
    }

    private static void Fill(Stream stream, long? length, string source, ICheckpointModel model, Dictionary<string, Tensor> missing, HashSet<string>? optional = null)
    {
        SafeTensors.ReadInto(stream, length, source, entry =>
        {
            if (model.CanonicalName(entry.Name) is not string name) return null;
            if (optional?.Contains(name) == true && missing.TryGetValue(name, out Tensor? wanted) && !wanted.shape.SequenceEqual(entry.Shape)) return null;
            if (!missing.Remove(name, out Tensor? target)) throw new InvalidDataException($"'{source}' has the tensor '{entry.Name}', which the model of its configuration does not have (or has already got). Configuration and weights do not belong together.");
            if (!target.shape.SequenceEqual(entry.Shape)) throw new InvalidDataException($"'{source}': tensor '{entry.Name}' is [{string.Join(", ", entry.Shape)}]; the model of its configuration needs [{string.Join(", ", target.shape)}].");
            return target;
        });
    }

    private static void RequireAll(Dictionary<string, Tensor> missing, string source)
    {
        const int Shown = 5;
        if (missing.Count == 0) return;
        string more = missing.Count > Shown ? $" and {missing.Count - Shown} more" : "";
        throw new InvalidDataException($"'{source}' lacks tensors that the model of its configuration needs: {string.Join(", ", missing.Keys.Order(StringComparer.Ordinal).Take(Shown))}{more}.");
    }
}
