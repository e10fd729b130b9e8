using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class LongTextPerplexityTests
{
    [Fact]
    public void EveryWindowAndTheWholeOfTheReference()
    {
        NativeRuntime.Initialize();
        JsonNode file = SharedFixtures.Json("golden/generation/perplexity.json");
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(SharedFixtures.Path("golden/generation/perplexity_model"));
        int[] tokens = [.. file["ids"]!.AsArray().Select(id => (int)id!)];
        foreach (JsonNode? @case in file["windows"]!.AsArray())
        {
            (int length, int stride) = ((int)@case!["max_length"]!, (int)@case["stride"]!);
            IReadOnlyList<SlidingWindow> windows = SlidingWindow.Over(tokens.Length, length, stride);
            JsonArray expected = @case["windows"]!.AsArray();
            Assert.Equal(expected.Select(window => ((int)window!["begin"]!, (int)window["end"]!, (int)window["new_tokens"]!, (int)window["counted"]!)), windows.Select(window => (window.Begin, window.End, window.NewTokens, window.Predicted)));
            foreach ((JsonNode? reference, SlidingWindow window) in expected.Zip(windows))
                Assert.Equal((double)reference!["nll_sum"]!, LongTextPerplexity.NegativeLogLikelihood(model, tokens, window), 1e-6 * (double)reference["nll_sum"]!);
            PerplexityAccumulator sums = LongTextPerplexity.Evaluate(model, tokens, length, stride, TestContext.Current.CancellationToken);
            Assert.Equal((long)@case["counted"]!, sums.Tokens);
            Assert.Equal((double)@case["perplexity"]!, sums.Compute().Perplexity!.Value, 1e-6 * (double)@case["perplexity"]!);
        }
    }

    [Fact]
    public void ShortTextsAndWrongWindows()
    {
        Assert.Empty(SlidingWindow.Over(0, 4, 2));
        Assert.Equal([new SlidingWindow(0, 1, 1)], SlidingWindow.Over(1, 4, 2));
        Assert.Equal(0, SlidingWindow.Over(1, 4, 2)[0].Predicted);
        Assert.Throws<ArgumentOutOfRangeException>(() => SlidingWindow.Over(3, 4, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => SlidingWindow.Over(3, 0, 1));
    }
}
