namespace Microsoft.ML.LlmFineTune.Models.Gpt2;

/// <summary>The names of GPT-2's tensors in Hugging Face's checkpoints. Their "Conv1D" matrices are stored [input, output], ours are [output, input].</summary>
public static class Gpt2WeightNames
{
    private const string Prefix = "transformer.";
    private const string HeadName = "lm_head.weight";
    private const string BiasEnd = ".bias";

    /// <summary>Every tensor of a decoder of this configuration.</summary>
    public static IReadOnlyList<WeightName> Table(Gpt2Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        WeightTable table = new();
        table.Add(WeightKind.Embedding, "transformer.wte.weight", "tokenEmbedding.weight");
        table.Add(WeightKind.Position, "transformer.wpe.weight", "positionEmbedding.weight");
        for (int layer = 0; layer < config.Layers; layer++)
        {
            (string file, string model) = ($"transformer.h.{layer}", $"block{layer}");
            table.Layer = layer;
            table.Norm($"{file}.ln_1", $"{model}.attentionNorm", config.HasBias);
            table.Module(WeightKind.Attention, $"{file}.attn.c_attn", $"{model}.attentionInput", config.HasBias, isTransposed: true);
            table.Module(WeightKind.Attention, $"{file}.attn.c_proj", $"{model}.attentionOutput", config.HasBias, isTransposed: true);
            table.Norm($"{file}.ln_2", $"{model}.feedForwardNorm", config.HasBias);
            table.Module(WeightKind.FeedForward, $"{file}.mlp.c_fc", $"{model}.feedForward.up", config.HasBias, isTransposed: true);
            table.Module(WeightKind.FeedForward, $"{file}.mlp.c_proj", $"{model}.feedForward.down", config.HasBias, isTransposed: true);
        }
        table.Layer = null;
        table.Norm("transformer.ln_f", "finalNorm", config.HasBias);
        if (!config.TieEmbeddings) table.Add(WeightKind.Output, HeadName, "head.weight");
        return table;
    }

    /// <summary>The biases of a decoder that is without them.</summary>
    internal static IEnumerable<(string File, long Length)> AbsentBiases(Gpt2Config config) =>
        Table(config with { HasBias = true }).Where(name => name.File.EndsWith(BiasEnd, StringComparison.Ordinal)).Select(name => (name.File, name.File switch
        {
            _ when name.File.EndsWith(".attn.c_attn.bias", StringComparison.Ordinal) => 3L * config.Width,
            _ when name.File.EndsWith(".mlp.c_fc.bias", StringComparison.Ordinal) => config.InnerWidth ?? 4L * config.Width,
            _ => config.Width,
        }));

    /// <summary>
    /// The table's name for a tensor of a checkpoint: the oldest checkpoints leave the prefix out. Null for what a decoder can do without: stored causal masks,
    /// the heads of classifiers, a copy of the tied head.
    /// </summary>
    public static string? Canonical(string file, Gpt2Config config)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(config);
        if (file.EndsWith(".attn.bias", StringComparison.Ordinal) || file.EndsWith(".attn.masked_bias", StringComparison.Ordinal)) return null;
        if (file.StartsWith("score.", StringComparison.Ordinal) || file.StartsWith("classifier.", StringComparison.Ordinal)) return null;
        if (file == HeadName) return config.TieEmbeddings ? null : file;
        return file.StartsWith(Prefix, StringComparison.Ordinal) ? file : Prefix + file;
    }
}
