using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Adapters;

/// <summary>Small models for adapters, and adapters whose weights are not what they begin as.</summary>
internal static class Adapted
{
    public static LlamaConfig Llama => new() { VocabularySize = 29, TrainedLength = 16, Width = 16, InnerWidth = 20, Layers = 2, Heads = 4, KeyValueHeads = 2, TieEmbeddings = false };

    public static LlamaConfig TiedLlama => Llama with { TieEmbeddings = true };

    public static Gpt2Config Gpt2 => new() { VocabularySize = 29, MaximumLength = 16, Width = 16, Layers = 2, Heads = 4, EmbeddingDropout = 0, ResidualDropout = 0, AttentionDropout = 0 };

    /// <summary>A model in evaluation mode with drawn weights.</summary>
    public static DecoderModel Model(ModelConfig config)
    {
        NativeRuntime.Initialize();
        DecoderModel model = config.CreateDecoder();
        model.Initialize(new RandomStream(1));
        // Large enough for differences to show.
        using (no_grad())
        {
            foreach (Parameter parameter in model.parameters()) parameter.mul_(3);
        }
        model.eval();
        return model;
    }

    /// <summary>Makes every number of an adapter another.</summary>
    public static void Disturb(nn.Module model, string name = ModelAdapters.DefaultName, ulong seed = 7)
    {
        RandomStream random = new(seed);
        using IDisposable withoutGradients = no_grad();
        foreach (Tensor view in ModelAdapters.Of(model)!.Views(name).OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => entry.Value))
        {
            float[] noise = new float[view.numel()];
            random.FillNormal(noise, 0, 0.1);
            view.add_(tensor(noise, view.shape));
        }
    }

    public static Tensor Tokens(int rows, int length, int vocabulary = 29)
    {
        RandomStream random = new(3);
        return tensor([.. Enumerable.Range(0, rows * length).Select(_ => (long)random.NextInt32(vocabulary))], [rows, length]);
    }

    public static Tensor Logits(DecoderModel model, Tensor tokens)
    {
        using IDisposable withoutGradients = no_grad();
        return model.Logits(model.Forward(tokens));
    }

    /// <summary>All numbers of a model's own weights.</summary>
    public static Dictionary<string, byte[]> Bits(DecoderModel model) =>
        LlmFineTune.Checkpoints.ModelWeights.Views(model).ToDictionary(entry => entry.Key, entry => entry.Value.contiguous().bytes.ToArray(), StringComparer.Ordinal);

    public static double Distance(Tensor one, Tensor other) => (one - other).abs().max().item<float>();
}
