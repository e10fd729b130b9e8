namespace Microsoft.ML.LlmFineTune.Models.Recurrent;

/// <summary>The names of a recurrent model's tensors in checkpoints: those that torch's modules give, called embedding, rnn, decoder and classifier.</summary>
public static class RecurrentWeightNames
{
    internal const string Classifier = "classifier";
    private const string Decoder = "decoder";

    /// <summary>Every tensor of a backbone of this configuration.</summary>
    public static IReadOnlyList<WeightName> Table(RecurrentConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        WeightTable table = new();
        table.Add(WeightKind.Embedding, "embedding.weight", "stack.embedding.weight");
        for (int layer = 0; layer < config.Layers; layer++)
        {
            table.Layer = layer;
            for (int direction = 0; direction < config.Directions; direction++)
            {
                (string suffix, string module) = ($"l{layer}{(direction == 0 ? "" : "_reverse")}", $"stack.{Module(layer, direction)}");
                table.Add(WeightKind.Recurrent, $"rnn.weight_ih_{suffix}", $"{module}.inputWeight");
                table.Add(WeightKind.Recurrent, $"rnn.weight_hh_{suffix}", $"{module}.stateWeight");
                if (!config.HasBias) continue;
                table.Add(WeightKind.Recurrent, $"rnn.bias_ih_{suffix}", $"{module}.inputBias");
                table.Add(WeightKind.Recurrent, $"rnn.bias_hh_{suffix}", $"{module}.stateBias");
            }
        }
        table.Layer = null;
        if (!config.IsLanguageModel) return table;
        if (!config.TieEmbeddings) table.Add(WeightKind.Output, $"{Decoder}.weight", "decoderWeight");
        table.Add(WeightKind.Output, $"{Decoder}.bias", "decoderBias");
        return table;
    }

    /// <summary>The table's name for a tensor of a checkpoint; null for what the backbone can do without: heads of classifiers, a copy of the tied decoder, the decoder below a classifier.</summary>
    public static string? Canonical(string file, RecurrentConfig config)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(config);
        if (file.StartsWith($"{Classifier}.", StringComparison.Ordinal) || file.StartsWith("qa_outputs.", StringComparison.Ordinal) || file.StartsWith("score.", StringComparison.Ordinal)) return null;
        if (file == $"{Decoder}.weight" && config.TieEmbeddings) return null;
        return file.StartsWith($"{Decoder}.", StringComparison.Ordinal) && !config.IsLanguageModel ? null : file;
    }

    /// <summary>What the stack calls a layer's direction.</summary>
    internal static string Module(int layer, int direction) => $"layer{layer}{(direction == 0 ? "" : "Reverse")}";
}
