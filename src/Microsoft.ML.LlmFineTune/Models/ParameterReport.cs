using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>What parameters a model has: counts and bytes by kind and layer, trainable or frozen; shared ones are counted once. <see cref="ToString"/> is a table, <see cref="ToJson"/> data.</summary>
public sealed class ParameterReport
{
    private ParameterReport(IReadOnlyList<ParameterGroup> groups) => Groups = groups;

    /// <summary>One entry for each kind in each layer, in the order of the model.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>How many numbers in all.</summary>
    public long Count => Groups.Sum(group => group.Count);

    /// <summary>Those of them that training changes.</summary>
    public long TrainableCount => Groups.Sum(group => group.TrainableCount);

    /// <summary>Memory of all of them, in bytes.</summary>
    public long Bytes => Groups.Sum(group => group.Bytes);

    /// <summary>The groups of all layers taken together: one entry for each kind that the model has.</summary>
    public IReadOnlyList<ParameterGroup> Kinds => [.. Groups.GroupBy(group => group.Kind).OrderBy(kind => kind.Key).Select(kind => Sum(kind.Key, null, kind))];

    /// <summary>Reports on a model.</summary>
    /// <param name="model">The model; frozen weights are those that do not require a gradient.</param>
    public static ParameterReport Of<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel
    {
        ArgumentNullException.ThrowIfNull(model);
        return Of(model, [.. model.WeightNames, .. (model as IAdaptable)?.Attachments?.WeightNames ?? []]);
    }

    /// <summary>Reports on the model of a configuration, by the configuration alone: no weights are allocated, and all count as trainable.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="head">The task's head; null: none but what the family's backbone has.</param>
    /// <param name="dtype">Type that the weights would have.</param>
    /// <exception cref="NotSupportedException">The family has no such head.</exception>
    public static ParameterReport Of(ModelConfig config, ModelHead? head = null, ScalarType dtype = ScalarType.Float32)
    {
        using nn.Module model = TaskModels.Create(config, head, META, dtype);
        return Of(model, ((ICheckpointModel)model).WeightNames);
    }

    /// <summary>The report as JSON: <c>count</c>, <c>trainable</c>, <c>bytes</c>, and the same for each entry of <c>kinds</c> and <c>groups</c>.</summary>
    public JsonObject ToJson() => new()
    {
        ["count"] = Count,
        ["trainable"] = TrainableCount,
        ["bytes"] = Bytes,
        ["kinds"] = new JsonArray([.. Kinds.Select(Entry)]),
        ["groups"] = new JsonArray([.. Groups.Select(Entry)]),
    };

    /// <summary>One line: all, then each kind.</summary>
    public string Summary() => string.Create(CultureInfo.InvariantCulture,
        $"{Count:N0} parameters, {TrainableCount:N0} of them trainable, {Megabytes(Bytes)}: {string.Join(", ", Kinds.Select(kind => string.Create(CultureInfo.InvariantCulture, $"{kind.Kind} {kind.Count:N0}")))}");

    /// <summary>A table: a line for each kind, then for each layer, then for all.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        Line("", "parameters", "trainable", "memory");
        foreach (ParameterGroup kind in Kinds) Row(kind.Kind.ToString(), kind);
        foreach (IGrouping<int, ParameterGroup> layer in Groups.Where(group => group.Layer is not null).GroupBy(group => group.Layer!.Value).OrderBy(layer => layer.Key))
            Row(string.Create(CultureInfo.InvariantCulture, $"layer {layer.Key}"), Sum(default, layer.Key, layer));
        Row("all", Sum(default, null, Groups));
        return text.ToString();

        void Row(string name, ParameterGroup group) =>
            Line(name, group.Count.ToString("N0", CultureInfo.InvariantCulture), group.TrainableCount.ToString("N0", CultureInfo.InvariantCulture), Megabytes(group.Bytes));

        void Line(string name, string count, string trainable, string memory) =>
            text.Append(CultureInfo.InvariantCulture, $"{name,-14}{count,18}{trainable,18}{memory,14}").Append('\n');
    }

    private static ParameterReport Of(nn.Module model, IReadOnlyList<WeightName> names)
    {
        Dictionary<string, TorchSharp.Modules.Parameter> parameters = model.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter, StringComparer.Ordinal);
        // A matrix in four bits a number has an empty parameter, and its bytes beside it.
        Dictionary<string, Nf4Weight> quantized = LinearQuantization.LayersOf(model).Where(entry => entry.Layer.Quantized is not null).ToDictionary(entry => $"{entry.Name}.weight", entry => entry.Layer.Quantized!, StringComparer.Ordinal);
        // A name that is no parameter is a buffer: computed or fixed, never trained.
        return new ParameterReport(
        [
            .. names.Where(name => parameters.ContainsKey(name.Parameter)).GroupBy(name => (name.Kind, name.Layer)).Select(group => new ParameterGroup(
                group.Key.Kind, group.Key.Layer,
                group.Sum(name => quantized.TryGetValue(name.Parameter, out Nf4Weight? matrix) ? matrix.Rows * matrix.Columns : parameters[name.Parameter].numel()),
                group.Sum(name => parameters[name.Parameter].requires_grad ? parameters[name.Parameter].numel() : 0),
                group.Sum(name => quantized.TryGetValue(name.Parameter, out Nf4Weight? matrix) ? matrix.Bytes : parameters[name.Parameter].numel() * parameters[name.Parameter].element_size()))),
        ]);
    }

    private static ParameterGroup Sum(WeightKind kind, int? layer, IEnumerable<ParameterGroup> groups)
    {
        (long count, long trainable, long bytes) = (0, 0, 0);
        foreach (ParameterGroup group in groups) (count, trainable, bytes) = (count + group.Count, trainable + group.TrainableCount, bytes + group.Bytes);
        return new ParameterGroup(kind, layer, count, trainable, bytes);
    }

    private static JsonNode Entry(ParameterGroup group) => new JsonObject
    {
        ["kind"] = group.Kind.ToString(),
        ["layer"] = group.Layer,
        ["count"] = group.Count,
        ["trainable"] = group.TrainableCount,
        ["bytes"] = group.Bytes,
    };

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N1} MB");
}
