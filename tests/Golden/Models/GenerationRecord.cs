using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Models;

/// <summary>One record of generated tokens.</summary>
internal static class GenerationRecord
{
    public static void Verify(FixtureCase c, Tally tally)
    {
        var options = Options(c);
        using var model = HuggingFaceFolder.LoadBackbone(c.Folder);
        var generator = model switch
        {
            DecoderModel decoder => new TokenGenerator(decoder),
            EncoderDecoderModel encoderDecoder => new TokenGenerator(encoderDecoder),
            _ => throw new UnsupportedException($"a {model.Config.Family} writes no texts"),
        };
        var results = generator.Generate(Prompts(c, model is DecoderModel ? "generation." : ""), options);
        var promptLength = c["prompt_length"].GetInt32();
        tally.Equal("count of texts", c["sequences"].GetArrayLength(), results.Count);
        for (int row = 0; row < results.Count; row++)
        {
            var expected = c["sequences"][row].ToInts()[promptLength..];
            var end = Array.FindIndex(expected, options.EndTokens!.Contains);
            tally.Sequence($"tokens of row {row}", end < 0 ? expected : expected[..(end + 1)], results[row].Tokens);
            if (c["sequences_scores"].IsGiven()) tally.Number("scores", c["sequences_scores"][row].GetDouble(), results[row].Score!.Value, 1e-4);
        }
    }

    /// <summary>The checkpoint's settings, those of the call, and its end tokens.</summary>
    private static GenerationOptions Options(FixtureCase c)
    {
        var path = Path.Combine(c.Folder, "generation_config.json");
        var settings = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))!.AsObject() : [];
        foreach (var setting in c["kwargs"].EnumerateObject()) settings[setting.Name] = JsonNode.Parse(setting.Value.GetRawText());
        settings["eos_token_id"] = c["eos_token_id"].IsGiven() ? JsonNode.Parse(c["eos_token_id"].GetRawText()) : null;
        var options = GenerationOptions.FromJson(settings);
        return options with { EndTokens = options.EndTokens ?? [] };
    }

    private static IReadOnlyList<IReadOnlyList<int>> Prompts(FixtureCase c, string prefix)
    {
        var inputs = SafeTensors.Read(Path.Combine(c.Folder, "inputs.safetensors"));
        var (ids, mask) = (inputs[$"{prefix}input_ids"], inputs[$"{prefix}attention_mask"]);
        var prompt = c["prompt"].GetString()!;
        int[] rows = prompt == "batch" ? [.. Enumerable.Range(0, (int)ids.size(0))] : [int.Parse(prompt["row:".Length..], CultureInfo.InvariantCulture)];
        return [.. rows.Select(row => ids[row].data<long>().Zip(mask[row].data<long>()).Where(column => column.Second == 1).Select(column => (int)column.First).ToArray())];
    }
}
