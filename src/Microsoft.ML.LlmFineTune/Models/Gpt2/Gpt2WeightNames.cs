namespace Microsoft.ML.LlmFineTune.Models.Gpt2;

/// <summary>The names of GPT-2's tensors in Hugging Face's checkpoints. Their "Conv1D" matrices are stored [input, output], ours are [output, input].</summary>
public static class Gpt2WeightNames
{
    /// <summary>Every tensor of a decoder of this configuration.</summary>
    public static IReadOnlyList<WeightName> Table(Gpt2Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        List<WeightName> names =
        [
            new("transformer.wte.weight", "tokenEmbedding.weight"),
            new("transformer.wpe.weight", "positionEmbedding.weight"),
        ];
        for (int layer = 0; layer < config.Layers; layer++)
        {
            (string file, string model) = ($"transformer.h.{layer}", $"blocks.{layer}");
            Add($"{file}.ln_1", $"{model}.attentionNorm");
            Add($"{file}.attn.c_attn", $"{model}.attentionInput", isMatrix: true);
            Add($"{file}.attn.c_proj", $"{model}.attentionOutput", isMatrix: true);
            Add($"{file}.ln_2", $"{model}.feedForwardNorm");
            Add($"{file}.mlp.c_fc", $"{model}.feedForward.up", isMatrix: true);
            Add($"{file}.mlp.c_proj", $"{model}.feedForward.down", isMatrix: true);
        }
        Add("transformer.ln_f", "finalNorm");
        if (!config.TieEmbeddings) names.Add(new("lm_head.weight", "head.weight"));
        return names;

        void Add(string file, string model, bool isMatrix = false)
        {
            names.Add(new($"{file}.weight", $"{model}.weight", isMatrix));
            if (config.HasBias) names.Add(new($"{file}.bias", $"{model}.bias"));
        }
    }
}
