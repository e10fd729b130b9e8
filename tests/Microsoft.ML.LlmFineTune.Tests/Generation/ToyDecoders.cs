using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

/// <summary>Small decoders with weights far from zero, so that their tokens differ, and what they say of a text without any cache.</summary>
internal static class ToyDecoders
{
    public static Gpt2Config Config { get; } = new() { VocabularySize = 16, MaximumLength = 40, Width = 16, Layers = 2, Heads = 2, InitializerRange = 0.6, EndOfText = [0] };

    public static Gpt2Model New(Gpt2Config config, ulong seed = 1)
    {
        NativeRuntime.Initialize();
        Gpt2Model model = new(config);
        model.Initialize(new RandomStream(seed));
        model.eval();
        return model;
    }

    /// <summary>The last position's scores and hidden states of all.</summary>
    public static (float[] Scores, float[][] Hidden) Read(DecoderModel model, IReadOnlyList<int> tokens)
    {
        using IDisposable withoutGradients = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor hidden = model.Forward(tensor(tokens.Select(token => (long)token).ToArray(), [1, tokens.Count]));
        return ([.. model.Logits(hidden)[0, -1].data<float>()], [.. Enumerable.Range(0, tokens.Count).Select(i => hidden[0, i].data<float>().ToArray())]);
    }

    /// <summary>The logarithms of the next token's probabilities.</summary>
    public static double[] LogProbabilities(DecoderModel model, IReadOnlyList<int> tokens)
    {
        float[] scores = Read(model, tokens).Scores;
        double largest = scores.Max(), sum = Math.Log(scores.Sum(score => Math.Exp(score - largest)));
        return [.. scores.Select(score => score - largest - sum)];
    }
}
