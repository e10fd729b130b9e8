using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

public sealed class RecurrentGenerationTests
{
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public RecurrentGenerationTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(RecurrentCell.Tanh)]
    [InlineData(RecurrentCell.Gru)]
    [InlineData(RecurrentCell.Lstm)]
    public void A_row_is_the_same_alone_and_beside_others(RecurrentCell cell)
    {
        using RecurrentLanguageModel model = New(cell);
        TokenGenerator generator = new(model);
        int[][] prompts = [[1, 2, 3, 4, 5, 6], [7], [8, 9, 1]];
        foreach (double temperature in (double[])[0, 1])
        {
            GenerationOptions options = new() { MaxNewTokens = 20, Temperature = temperature, Seed = 5, EndTokens = [3, 11] };
            var together = generator.Generate(prompts, options, _cancellation);
            for (int row = 0; row < prompts.Length; row++) Assert.Equal(together[row].Tokens, generator.Generate([prompts[row]], options, _cancellation)[0].Tokens);
        }
    }

    [Fact]
    public void Nothing_is_forgotten_however_long_the_text()
    {
        // 5 tokens are a training row; prompt and text are far longer.
        using RecurrentLanguageModel model = New(RecurrentCell.Lstm);
        int[] prompt = [.. Enumerable.Range(0, 17).Select(i => i * 5 % 23)];
        var generated = new TokenGenerator(model).Generate([prompt, prompt[..2]], new GenerationOptions { MaxNewTokens = 40, Temperature = 0, EndTokens = [] }, _cancellation)[0];
        using var scope = NewDisposeScope();
        using var withoutGradients = no_grad();
        using RecurrentState state = model.CreateCache(1, 1);
        List<int> expected = [];
        Tensor next = tensor(prompt.Select(id => (long)id).ToArray(), [1, prompt.Length]);
        while (expected.Count < 40)
        {
            Tensor scores = model.Logits(model.Forward(next, cache: state).select(1, -1));
            expected.Add((int)scores.argmax(1).item<long>());
            next = tensor([(long)expected[^1]], [1, 1]);
        }
        Assert.Equal(expected, generated.Tokens);
        Assert.Equal(56, state.Length);
        Assert.Equal(0, generated.PromptTokensDropped);
    }

    private static RecurrentLanguageModel New(RecurrentCell cell)
    {
        RecurrentLanguageModel model = new(new RecurrentConfig { Cell = cell, VocabularySize = 23, EmbeddingWidth = 8, HiddenWidth = 12, Layers = 2, InitializerRange = 2, MaximumLength = 5 });
        model.Initialize(new RandomStream(3));
        return model;
    }
}
