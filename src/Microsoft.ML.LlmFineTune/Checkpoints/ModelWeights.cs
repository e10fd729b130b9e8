using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>A model's weights under their checkpoint names, to and from safetensors streams.</summary>
public static class ModelWeights
{
    /// <summary>Writes the weights, each tensor once.</summary>
    /// <param name="stream">Written from first to last byte; need not seek; stays open.</param>
    /// <param name="model">The model.</param>
    public static void Write<TModel>(Stream stream, TModel model) where TModel : nn.Module, ICheckpointModel
    {
        using IDisposable scope = NewDisposeScope();
        SafeTensors.Write(stream, Views(model));
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

    /// <summary>The weights by checkpoint name, in the checkpoint's orientation: views of the model's own memory, without gradients.</summary>
    public static Dictionary<string, Tensor> Views<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel => View(Require.NotNull(model), parameter => parameter.detach());

    /// <summary>The gradients by checkpoint name, in the checkpoint's orientation; zeros where there is none.</summary>
    public static Dictionary<string, Tensor> Gradients<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel =>
        View(Require.NotNull(model), parameter => parameter.grad ?? zeros_like(parameter));

    private static Dictionary<string, Tensor> View<TModel>(TModel model, Func<Parameter, Tensor> select) where TModel : nn.Module, ICheckpointModel
    {
        Dictionary<string, Parameter> parameters = model.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter, StringComparer.Ordinal);
        return model.WeightNames.ToDictionary(
            name => name.File,
            name => name.IsTransposed ? select(parameters[name.Parameter]).t() : select(parameters[name.Parameter]),
            StringComparer.Ordinal);
    }

    private static void Fill(Stream stream, long? length, string source, ICheckpointModel model, Dictionary<string, Tensor> missing)
    {
        SafeTensors.ReadInto(stream, length, source, entry =>
        {
            if (model.CanonicalName(entry.Name) is not string name) return null;
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
