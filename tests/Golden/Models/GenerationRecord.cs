using System.Globalization;
using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Generation;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Models;

/// <summary>One record of generated tokens.</summary>
internal static class GenerationRecord
{
    private static readonly string[] KnownSettings = ["max_new_tokens", "min_new_tokens", "repetition_penalty", "no_repeat_ngram_size"];

    public static void Verify(FixtureCase c, Tally tally)
    {
        var inputs = SafeTensors.Read(Path.Combine(c.Folder, "inputs.safetensors"));
        var settings = c["kwargs"];
        var unknown = settings.EnumerateObject().Select(setting => setting.Name).Where(name => !KnownSettings.Contains(name)).ToList();
        if (unknown.Count > 0) throw new UnsupportedException($"generation has no option {string.Join(", ", unknown)}");
        using var model = HuggingFaceFolder.LoadDecoder(c.Folder);
        int[] endTokens = c["eos_token_id"] switch { { ValueKind: JsonValueKind.Array } list => list.ToInts(), { ValueKind: JsonValueKind.Number } one => [one.GetInt32()], _ => [] };
        var options = new GenerationOptions
        {
            Temperature = 0, MaxNewTokens = settings.GetProperty("max_new_tokens").GetInt32(), EndTokens = endTokens,
            MinNewTokens = settings.TryGetProperty("min_new_tokens", out var minimum) ? minimum.GetInt32() : 0, RepetitionPenalty = settings.TryGetProperty("repetition_penalty", out var penalty) ? penalty.GetDouble() : 1,
            NoRepeatNGramSize = settings.TryGetProperty("no_repeat_ngram_size", out var size) ? size.GetInt32() : 0,
        };
        var results = new TokenGenerator(model).Generate(Prompts(inputs, c["prompt"].GetString()!), options);
        var promptLength = c["prompt_length"].GetInt32();
        for (int row = 0; row < results.Count; row++)
        {
            var expected = c["sequences"][row].ToInts()[promptLength..];
            var end = Array.FindIndex(expected, endTokens.Contains);
            tally.Sequence($"tokens of row {row}", end < 0 ? expected : expected[..(end + 1)], results[row].Tokens);
        }
    }

    private static IReadOnlyList<IReadOnlyList<int>> Prompts(IReadOnlyDictionary<string, Tensor> inputs, string prompt)
    {
        var (ids, mask) = (inputs["generation.input_ids"], inputs["generation.attention_mask"]);
        int[] rows = prompt == "batch" ? [.. Enumerable.Range(0, (int)ids.size(0))] : [int.Parse(prompt["row:".Length..], CultureInfo.InvariantCulture)];
        return [.. rows.Select(row => ids[row].data<long>().Zip(mask[row].data<long>()).Where(column => column.Second == 1).Select(column => (int)column.First).ToArray())];
    }
}
