namespace Microsoft.ML.LlmFineTune.Models.T5;

/// <summary>The names of T5's tensors in Hugging Face's checkpoints. In reports, decoder layers are counted on after those of the encoder.</summary>
public static class T5WeightNames
{
    internal const string HeadName = "lm_head.weight";

    /// <summary>What models whose class wraps the bare one put before its names.</summary>
    internal const string WrappedPrefix = "transformer.";

    private const string EmbeddingName = "shared.weight";

    /// <summary>Every tensor of a model of this configuration.</summary>
    public static IReadOnlyList<WeightName> Table(T5Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        WeightTable table = new();
        table.Add(WeightKind.Embedding, EmbeddingName, "embedding.weight");
        Stack("encoder", config.EncoderLayers, firstLayer: 0, isDecoder: false);
        if (!config.HasDecoder) return table;
        Stack("decoder", config.DecoderLayers, config.EncoderLayers, isDecoder: true);
        if (!config.TieEmbeddings) table.Add(WeightKind.Output, HeadName, "head.weight");
        return table;

        void Stack(string stack, int layers, int firstLayer, bool isDecoder)
        {
            table.Add(WeightKind.Position, $"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight", $"{stack}.relativePositions.weight");
            for (int layer = 0; layer < layers; layer++)
            {
                (string file, string model) = ($"{stack}.block.{layer}.layer", $"{stack}.block{layer}");
                table.Layer = firstLayer + layer;
                Attention($"{file}.0.SelfAttention", $"{model}.attention");
                table.Norm($"{file}.0.layer_norm", $"{model}.attentionNorm", hasBias: false);
                if (isDecoder)
                {
                    Attention($"{file}.1.EncDecAttention", $"{model}.memoryAttention");
                    table.Norm($"{file}.1.layer_norm", $"{model}.memoryNorm", hasBias: false);
                }
                string last = $"{file}.{(isDecoder ? 2 : 1)}";
                if (config.IsGated) table.Module(WeightKind.FeedForward, $"{last}.DenseReluDense.wi_0", $"{model}.feedForward.gate", hasBias: false);
                table.Module(WeightKind.FeedForward, $"{last}.DenseReluDense.{(config.IsGated ? "wi_1" : "wi")}", $"{model}.feedForward.up", hasBias: false);
                table.Module(WeightKind.FeedForward, $"{last}.DenseReluDense.wo", $"{model}.feedForward.down", hasBias: false);
                table.Norm($"{last}.layer_norm", $"{model}.feedForwardNorm", hasBias: false);
            }
            table.Layer = null;
            table.Norm($"{stack}.final_layer_norm", $"{stack}.finalNorm", hasBias: false);
        }

        void Attention(string file, string model)
        {
            foreach ((string letter, string name) in (ReadOnlySpan<(string, string)>)[("q", "query"), ("k", "key"), ("v", "value"), ("o", "output")])
                table.Module(WeightKind.Attention, $"{file}.{letter}", $"{model}.{name}", hasBias: false);
        }
    }

    /// <summary>
    /// The table's name for a tensor of a checkpoint. The embedding may stand there under the names of encoder and decoder, too. Null for what a model can do without: heads of other tasks, a copy of the
    /// tied head, a table of positions between texts that the oldest checkpoints have and no model looks at, and the decoder where the encoder stands alone.
    /// </summary>
    public static string? Canonical(string file, T5Config config)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(config);
        string name = file.StartsWith(WrappedPrefix, StringComparison.Ordinal) ? file[WrappedPrefix.Length..] : file;
        if (name is "encoder.embed_tokens.weight" or "decoder.embed_tokens.weight") return EmbeddingName;
        if (name == HeadName) return config.HasDecoder && !config.TieEmbeddings ? name : null;
        if (name.StartsWith("decoder.", StringComparison.Ordinal) && !config.HasDecoder) return null;
        if (name.StartsWith("classification_head.", StringComparison.Ordinal) || name.StartsWith("classifier.", StringComparison.Ordinal) || name.StartsWith("qa_outputs.", StringComparison.Ordinal)) return null;
        return name.EndsWith("EncDecAttention.relative_attention_bias.weight", StringComparison.Ordinal) ? null : name;
    }
}
