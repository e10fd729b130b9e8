using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Parameters of one depth of a model: its embeddings, one of its layers, or what stands above the last layer.</summary>
/// <param name="Name">"embeddings", "layer0", "layer1", ..., "head".</param>
/// <param name="Parameters">The names under which the model registers them.</param>
public sealed record LayerGroup(string Name, IReadOnlyList<string> Parameters)
{
    /// <summary>The name of the lowest group: tables of tokens, segments and positions, and what stands between them and the first layer.</summary>
    public const string Embeddings = "embeddings";

    /// <summary>The name of the highest group: the last norm, poolers, heads.</summary>
    public const string Top = "head";

    /// <summary>
    /// The groups of a model, from the lowest to the highest; together they have every parameter once. In encoder-decoders the decoder's layers are counted on after the encoder's.
    /// What adapters add belongs to the layer that it adapts.
    /// </summary>
    /// <param name="model">A model whose <see cref="ICheckpointModel.WeightNames"/> tell its layers; any other module is one group, "head".</param>
    public static IReadOnlyList<LayerGroup> Of(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        string[] parameters = [.. model.named_parameters().Select(named => named.name)];
        if (model is not ICheckpointModel { WeightNames: { } table }) return [new LayerGroup(Top, parameters)];
        Dictionary<string, int> depths = DepthsOf(table, out int top);
        return
        [
            .. parameters.GroupBy(parameter => DepthOf(parameter, depths, top)).OrderBy(group => group.Key)
                .Select(group => new LayerGroup(group.Key < 0 ? Embeddings : group.Key == top ? Top : $"layer{group.Key}", [.. group])),
        ];
    }

    /// <summary>The layer of each parameter of a name table; -1 for embeddings, one more than the last layer for what stands above.</summary>
    private static Dictionary<string, int> DepthsOf(IReadOnlyList<WeightName> table, out int top)
    {
        int lastLayered = table.Select((weight, index) => weight.Layer is null ? -1 : index).DefaultIfEmpty(-1).Max();
        top = 1 + table.Max(weight => weight.Layer ?? -1);
        Dictionary<string, int> depths = new(StringComparer.Ordinal);
        int layer = -1;
        foreach ((int index, WeightName weight) in table.Index())
        {
            layer = weight.Layer ?? layer;
            bool isTable = weight.Layer is null && weight.Kind is (WeightKind.Embedding or WeightKind.Position);
            // What stands between an encoder's last layer and a decoder's first one (a norm) goes with the former.
            depths[weight.Parameter] = weight.Layer ?? (isTable ? -1 : index > lastLayered ? top : layer);
        }
        return depths;
    }

    /// <summary>Of the module that the parameter, or the part of it that adapts it, stands in; above all layers where the table does not know it.</summary>
    private static int DepthOf(string parameter, Dictionary<string, int> depths, int top)
    {
        if (depths.TryGetValue(parameter, out int own)) return own;
        for (int dot = parameter.LastIndexOf('.'); dot > 0; dot = parameter.LastIndexOf('.', dot - 1))
        {
            string module = parameter[..(dot + 1)];
            foreach ((string known, int depth) in depths)
            {
                if (known.StartsWith(module, StringComparison.Ordinal)) return depth;
            }
        }
        return top;
    }
}
