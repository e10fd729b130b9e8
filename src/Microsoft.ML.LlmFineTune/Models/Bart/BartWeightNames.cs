namespace Microsoft.ML.LlmFineTune.Models.Bart;

/// <summary>The names of BART's and Marian's tensors in Hugging Face's checkpoints. In reports, decoder layers are counted on after those of the encoder.</summary>
public static class BartWeightNames
{
    private const string Prefix = "model.";
    private const string HeadName = "lm_head.weight";
    private const string LogitsBiasName = "final_logits_bias";
    private const string SharedName = "model.shared.weight";
    private const string EncoderEmbeddingName = "model.encoder.embed_tokens.weight";
    private const string DecoderEmbeddingName = "model.decoder.embed_tokens.weight";

    /// <summary>Every tensor of a model of this configuration.</summary>
    public static IReadOnlyList<WeightName> Table(BartFamilyConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        WeightTable table = new();
        if (config.SharesEmbeddings) table.Add(WeightKind.Embedding, SharedName, "embedding.weight");
        else
        {
            table.Add(WeightKind.Embedding, EncoderEmbeddingName, "embedding.weight");
            table.Add(WeightKind.Embedding, DecoderEmbeddingName, "targetEmbedding.weight");
        }
        Stack("encoder", config.EncoderLayers, firstLayer: 0, isDecoder: false);
        Stack("decoder", config.DecoderLayers, config.EncoderLayers, isDecoder: true);
        table.Add(WeightKind.Output, LogitsBiasName, "logitsBias", isOptional: true);
        if (!config.TieEmbeddings) table.Add(WeightKind.Output, HeadName, "head.weight");
        return table;

        void Stack(string stack, int layers, int firstLayer, bool isDecoder)
        {
            if (config.LearnsPositions) table.Add(WeightKind.Position, $"model.{stack}.embed_positions.weight", $"{stack}Positions.weight");
            if (config.NormalizesEmbeddings) table.Norm($"model.{stack}.layernorm_embedding", $"{stack}Norm");
            for (int layer = 0; layer < layers; layer++)
            {
                (string file, string model) = ($"model.{stack}.layers.{layer}", $"{stack}{layer}");
                table.Layer = firstLayer + layer;
                Attention($"{file}.self_attn", $"{model}.attention");
                table.Norm($"{file}.self_attn_layer_norm", $"{model}.attentionNorm");
                if (isDecoder)
                {
                    Attention($"{file}.encoder_attn", $"{model}.memoryAttention");
                    table.Norm($"{file}.encoder_attn_layer_norm", $"{model}.memoryNorm");
                }
                table.Module(WeightKind.FeedForward, $"{file}.fc1", $"{model}.feedForward.up");
                table.Module(WeightKind.FeedForward, $"{file}.fc2", $"{model}.feedForward.down");
                table.Norm($"{file}.final_layer_norm", $"{model}.feedForwardNorm");
            }
            table.Layer = null;
        }

        void Attention(string file, string model)
        {
            foreach ((string projection, string name) in (ReadOnlySpan<(string, string)>)[("q_proj", "query"), ("k_proj", "key"), ("v_proj", "value"), ("out_proj", "output")])
                table.Module(WeightKind.Attention, $"{file}.{projection}", $"{model}.{name}");
        }
    }

    /// <summary>Whether a checkpoint has an embedding for the encoder and one for the decoder.</summary>
    internal static bool HasSeparateEmbeddings(IReadOnlySet<string> tensors) =>
        new[] { EncoderEmbeddingName, DecoderEmbeddingName }.All(name => tensors.Contains(name) || tensors.Contains(name[Prefix.Length..]));

    /// <summary>
    /// The table's name for a tensor of a checkpoint: checkpoints of the bare model leave the prefix out, and a shared embedding may stand there under the names of encoder, decoder and head, too. Null for what
    /// a model can do without: heads of other tasks, computed positions, marks of the first versions.
    /// </summary>
    public static string? Canonical(string file, BartFamilyConfig config)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(config);
        if (file.StartsWith("classification_head.", StringComparison.Ordinal) || file.StartsWith("qa_outputs.", StringComparison.Ordinal)) return null;
        if (file == LogitsBiasName) return file;
        if (file == HeadName) return !config.TieEmbeddings ? file : config.SharesEmbeddings ? SharedName : DecoderEmbeddingName;
        string name = file.StartsWith(Prefix, StringComparison.Ordinal) ? file : Prefix + file;
        if (name is "model.encoder.version" or "model.decoder.version") return null;
        if (name is EncoderEmbeddingName or DecoderEmbeddingName && config.SharesEmbeddings) return SharedName;
        // Nothing looks at it where encoder and decoder have tables of their own.
        if (name == SharedName && !config.SharesEmbeddings) return null;
        if (name is "model.encoder.embed_positions.weight" or "model.decoder.embed_positions.weight" && !config.LearnsPositions) return null;
        return name;
    }
}
