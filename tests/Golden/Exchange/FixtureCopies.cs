using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Exchange;

/// <summary>The folders of the area models, loaded and saved by the library, with the reference's own numbers; once in one file, once in shards.</summary>
internal static class FixtureCopies
{
    private const string Recurrent = "recurrent";
    private static readonly string[] NotOutputs = ["grad.", "step3.", "merged", "generation."];

    public static void Write(string area, string target)
    {
        foreach (string folder in Directory.GetFiles(area, "config.json", SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal))
        {
            string name = Path.GetRelativePath(area, folder);
            if (name.StartsWith(Recurrent, StringComparison.Ordinal)) continue;
            foreach ((string kind, long shard) in (IEnumerable<(string, long)>)[("whole", long.MaxValue), ("shards", 20_000)])
            {
                using var scope = NewDisposeScope();
                string copy = Path.Combine(target, kind, name);
                ExchangeModel.Copy(folder, copy, shard);
                Describe(WithNumbers(folder, area), copy);
            }
        }
        foreach (string folder in Directory.GetFiles(area, PeftFolder.ConfigName, SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!).Order(StringComparer.Ordinal))
        {
            using var scope = NewDisposeScope();
            WriteAdapter(folder, Path.Combine(target, "adapters", Path.GetFileName(folder)));
        }
    }

    /// <summary>The base model and, in a folder below it, the adapter; both saved by the library.</summary>
    private static void WriteAdapter(string folder, string copy)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")));
        string below = Path.GetFullPath(Path.Combine(folder, json.RootElement.GetProperty("base").GetString()!));
        ExchangeModel.Copy(below, copy, long.MaxValue);
        using nn.Module model = ExchangeModel.Load(copy);
        PeftFolder.Load(folder, model);
        PeftFolder.Save(Path.Combine(copy, "adapter"), model, baseModel: copy);
        ExchangeFolder.Describe(copy, SafeTensors.Read(Path.Combine(below, "inputs.safetensors")).Where(IsInput), Outputs(folder).Where(entry => entry.Key is "logits" or "loss"), new JsonObject { ["adapter"] = "adapter" });
    }

    private static void Describe(string folder, string copy)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")));
        JsonObject more = [];
        if (json.RootElement.TryGetProperty("generation", out var records)) (more["generation"], more["origin"]) = (JsonNode.Parse(records.GetRawText()), folder);
        ExchangeFolder.Describe(copy, SafeTensors.Read(Path.Combine(folder, "inputs.safetensors")).Where(IsInput), Outputs(folder), more);
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Outputs(string folder) =>
        SafeTensors.Read(Path.Combine(folder, "expected.safetensors")).Where(entry => !entry.Key.EndsWith("_f64", StringComparison.Ordinal) && !NotOutputs.Any(start => entry.Key.StartsWith(start, StringComparison.Ordinal)));

    /// <summary>What the recorded forward got; the prompts of generation are kept besides.</summary>
    private static bool IsInput(KeyValuePair<string, Tensor> entry) => entry.Key != "decoder_input_ids";

    /// <summary>The folder that has the numbers, where one only stores another's weights differently.</summary>
    private static string WithNumbers(string folder, string area)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")));
        return json.RootElement.TryGetProperty("same_as", out var other) ? Path.Combine(area, other.GetString()!) : folder;
    }
}
