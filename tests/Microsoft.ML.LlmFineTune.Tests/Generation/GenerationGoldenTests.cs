using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

/// <summary>Generated tokens against the reference stack, token for token.</summary>
public sealed class GenerationGoldenTests
{
    private static readonly string[] Known = ["max_new_tokens", "min_new_tokens", "repetition_penalty", "no_repeat_ngram_size"];

    [Theory]
    [MemberData(nameof(DecoderGoldenTests.LanguageModels), MemberType = typeof(DecoderGoldenTests))]
    public void GreedyTokens(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(golden.Folder);
        int compared = 0;
        foreach (JsonNode record in golden.Numbers["generation"]!.AsArray()!)
        {
            JsonObject settings = record!["kwargs"]!.AsObject();
            if (!settings.All(setting => Known.Contains(setting.Key))) continue;
            IReadOnlyList<IReadOnlyList<int>> prompts = Prompts(golden, (string)record["prompt"]!);
            int[] endTokens = EndTokens(record["eos_token_id"]);
            GenerationOptions options = new()
            {
                Temperature = 0,
                MaxNewTokens = (int)settings["max_new_tokens"]!,
                MinNewTokens = (int?)settings["min_new_tokens"] ?? 0,
                RepetitionPenalty = (double?)settings["repetition_penalty"] ?? 1,
                NoRepeatNGramSize = (int?)settings["no_repeat_ngram_size"] ?? 0,
                EndTokens = endTokens,
            };
            IReadOnlyList<GeneratedTokens> results = new TokenGenerator(model).Generate(prompts, options, TestContext.Current.CancellationToken);
            int promptLength = (int)record["prompt_length"]!;
            for (int row = 0; row < results.Count; row++)
            {
                int[] expected = [.. record["sequences"]![row]!.AsArray().Select(token => (int)token!).Skip(promptLength)];
                int end = Array.FindIndex(expected, endTokens.Contains);
                Assert.Equal(end < 0 ? expected : expected[..(end + 1)], results[row].Tokens);
                Assert.Equal(end < 0 ? FinishReason.Length : FinishReason.EndToken, results[row].Reason);
            }
            compared++;
        }
        Assert.True(compared >= 3, $"compared {compared} records");
    }

    [Theory]
    [MemberData(nameof(DecoderGoldenTests.LanguageModels), MemberType = typeof(DecoderGoldenTests))]
    public void LogitsOfLeftPaddedPrompts(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(golden.Folder);
        model.eval();
        using IDisposable withoutGradients = no_grad();
        Tensor mask = golden.Inputs["generation.attention_mask"].to(ScalarType.Bool);
        Tensor logits = model.Logits(model.Forward(golden.Inputs["generation.input_ids"], mask));
        GoldenModel.AssertClose("prompt logits", golden.Expected["generation.prompt_logits"], logits, 2e-5, mask);
    }

    private static IReadOnlyList<IReadOnlyList<int>> Prompts(GoldenModel golden, string prompt)
    {
        Tensor ids = golden.Inputs["generation.input_ids"], mask = golden.Inputs["generation.attention_mask"];
        int[] rows = prompt == "batch" ? [.. Enumerable.Range(0, (int)ids.size(0))] : [int.Parse(prompt["row:".Length..], System.Globalization.CultureInfo.InvariantCulture)];
        return [.. rows.Select(row => ids[row].data<long>().Zip(mask[row].data<long>()).Where(column => column.Second == 1).Select(column => (int)column.First).ToArray())];
    }

    private static int[] EndTokens(JsonNode? value) => value switch
    {
        null => [],
        JsonArray list => [.. list.Select(token => (int)token!)],
        _ => [(int)value],
    };
}
