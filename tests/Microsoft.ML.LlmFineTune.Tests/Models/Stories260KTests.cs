using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Models;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>A published Llama that has learnt to tell stories, against a float64 forward pass that was written for the purpose (Karpathy's stories260K).</summary>
public sealed class Stories260KTests
{
    private const string Folder = "data/checkpoints/stories260K";

    [Fact]
    public void ItTellsTheStoryThatItIsKnownFor()
    {
        JsonNode reference = SharedFixtures.Json($"{Folder}/reference.json");
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(SharedFixtures.Path(Folder));
        int[] expected = Ints(reference["greedy_ids_after_bos_200_steps"]!);
        GeneratedTokens story = Assert.Single(new TokenGenerator(model).Generate([[1]], new GenerationOptions { Temperature = 0, MaxNewTokens = expected.Length }, TestContext.Current.CancellationToken));
        Assert.Equal(expected, story.Tokens);
    }

    [Fact]
    public void ScoresAndLossesAreTheReferences()
    {
        JsonNode reference = SharedFixtures.Json($"{Folder}/reference.json");
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(SharedFixtures.Path(Folder));
        using IDisposable withoutGradients = no_grad();
        long[] prompt = [.. Ints(reference["prompt_ids_with_bos"]!).Select(id => (long)id)];
        Tensor logits = model.Logits(model.Forward(tensor(prompt, [1, prompt.Length])))[0];                    // [sequence, vocabulary]
        AssertScores("prompt_logits_pos0_first16", logits[0]);
        AssertScores("prompt_logits_last_first16", logits[prompt.Length - 1]);
        Assert.Equal((long)reference["prompt_logits_last_argmax"]!, logits[prompt.Length - 1].argmax().item<long>());
        double[] losses = Doubles("prompt_nll_per_token");
        Tensor logProbabilities = nn.functional.log_softmax(logits, -1);
        for (int i = 0; i < losses.Length; i++) Assert.Equal(losses[i], -logProbabilities[i, prompt[i + 1]].item<float>(), 1e-4);
        Assert.Equal((double)reference["prompt_mean_nll"]!, losses.Average(), 1e-9);

        void AssertScores(string key, Tensor scores)
        {
            double[] expected = Doubles(key);
            for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], scores[i].item<float>(), 1e-4);
        }

        double[] Doubles(string key) => [.. reference[key]!.AsArray().Select(number => (double)number!)];
    }

    private static int[] Ints(JsonNode list) => [.. list.AsArray().Select(number => (int)number!)];
}
