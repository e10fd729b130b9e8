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
    [Theory]
    [MemberData(nameof(DecoderGoldenTests.LanguageModels), MemberType = typeof(DecoderGoldenTests))]
    public void TokensAndScores(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(golden.Folder);
        JsonArray records = golden.Numbers["generation"]!.AsArray();
        Assert.True(records.Count >= 3);
        foreach (JsonNode? record in records)
        {
            JsonObject settings = record!["kwargs"]!.DeepClone().AsObject();
            settings["eos_token_id"] = record["eos_token_id"]?.DeepClone();
            GenerationOptions options = GenerationOptions.FromJson(settings);
            options = options with { EndTokens = options.EndTokens ?? [] };
            IReadOnlyList<GeneratedTokens> results = new TokenGenerator(model).Generate(Prompts(golden, (string)record["prompt"]!), options, TestContext.Current.CancellationToken);
            Assert.Equal(record["sequences"]!.AsArray().Count, results.Count);
            for (int row = 0; row < results.Count; row++)
            {
                int[] expected = [.. record["sequences"]![row]!.AsArray().Select(token => (int)token!).Skip((int)record["prompt_length"]!)];
                int end = Array.FindIndex(expected, options.EndTokens.Contains);
                Assert.Equal(end < 0 ? expected : expected[..(end + 1)], results[row].Tokens);
                Assert.Equal(end < 0 ? FinishReason.Length : FinishReason.EndToken, results[row].Reason);
                if (record["sequences_scores"] is JsonNode scores) Assert.Equal((double)scores[row]!, results[row].Score!.Value, 1e-4 * Math.Max(1, Math.Abs((double)scores[row]!)));
                else Assert.Null(results[row].Score);
            }
        }
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
}
