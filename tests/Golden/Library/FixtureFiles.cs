using System.Text.Json;

namespace Golden.Library;

/// <summary>Finds the cases of an area by reading its files.</summary>
internal static class FixtureFiles
{
    private const string ShardIndex = "model.safetensors.index.json";

    // Parts of checkpoints, inputs and tables of contents.
    private static readonly HashSet<string> NotCases = new(StringComparer.Ordinal)
    {
        "config.json", "config.legacy.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "adapter_config.json", "modules.json", "sentence_bert_config.json",
        ShardIndex, "recipe.json", "texts.json", "index.json", "data_config.json", "config_sentence_transformers.json", "vocab.json", "speed.json", "task.json",
    };

    // Files that describe one case: their folder has its name.
    private static readonly HashSet<string> OfFolders = new(StringComparer.Ordinal) { "expected.json", "training.json", "trajectory.json", ShardIndex };

    // Single cases that files have beside their lists, by what only those have.
    private static readonly Dictionary<string, string> SingleCases = new(StringComparer.Ordinal)
    {
        ["losses/language.json"] = "micro_batches",
        ["objectives/masked_lm.json"] = "candidates",
        ["objectives/completion_masks.json"] = "input_ids",
        ["objectives/shift_right.json"] = "decoder_input_ids",
    };

    // The same, by their names.
    private static readonly Dictionary<string, string[]> NamedCases = new(StringComparer.Ordinal)
    {
        ["embeddings.json"] = ["pair", "retrieval", "sts"],
    };

    public static IEnumerable<string> In(string area) => Directory.EnumerateFiles(area, "*.json", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(area, path).Replace(Path.DirectorySeparatorChar, '/'))
        .Where(file => (!NotCases.Contains(Path.GetFileName(file)) || IsShardedCheckpoint(area, file)) && !file.EndsWith(".tokenizer.json", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>A checkpoint in shards whose expected values stand with the single-file one.</summary>
    private static bool IsShardedCheckpoint(string area, string file) => Path.GetFileName(file) == ShardIndex && !File.Exists(Path.Combine(area, Path.GetDirectoryName(file)!, "expected.json"));

    /// <summary>The cases of a file: what stands under "cases", and every other list of objects; the whole file where there is neither.</summary>
    public static IEnumerable<FixtureCase> Cases(string area, string file, JsonElement root)
    {
        FixtureCase Of(string name, JsonElement value) => new(area, file, name, root, value);
        if (OfFolders.Contains(Path.GetFileName(file)) && file.Contains('/'))
        {
            var whole = Of(Path.GetFileName(Path.GetDirectoryName(file))!, root);
            // Each recorded generation of a checkpoint is a case of its own.
            return root.TryGetProperty("generation", out var records) && records.ValueKind == JsonValueKind.Array
                ? records.EnumerateArray().Select(record => Of($"{whole.Name} generation {record.GetProperty("name").GetString()} {record.GetProperty("prompt").GetString()}", record)).Prepend(whole)
                : [whole];
        }
        if (root.ValueKind == JsonValueKind.Array) return Items("", root, Of);
        if (file == "initialisation.json") return Items("", root.GetProperty("models"), Of);
        // A file that is one table of draws and their outcomes.
        if (file is "sampling.json" or "mirostat.json") return [Of(Path.GetFileNameWithoutExtension(file), root)];
        var found = root.EnumerateObject().Where(p => p.Name is "cases" or "models" or "stems" or "stems_original_algorithm" || p.Name.EndsWith("_vectors", StringComparison.Ordinal) || IsListOfObjects(p.Value)).SelectMany(p => Items(p.Name == "cases" ? "" : p.Name, p.Value, Of)).ToList();
        if (SingleCases.TryGetValue(file, out var mark)) found.AddRange(root.EnumerateObject().Where(property => property.Value.ValueKind == JsonValueKind.Object && property.Value.TryGetProperty(mark, out _)).Select(property => Of(property.Name, property.Value)));
        if (NamedCases.TryGetValue(file, out var names)) found.AddRange(names.Where(name => root.TryGetProperty(name, out _)).Select(name => Of(name, root.GetProperty(name))));
        return found.Count > 0 ? found : [Of(Path.GetFileNameWithoutExtension(file), root)];
    }

    private static IEnumerable<FixtureCase> Items(string prefix, JsonElement list, Func<string, JsonElement, FixtureCase> of) => list.ValueKind == JsonValueKind.Object
        ? list.EnumerateObject().Select(item => of(item.Name, item.Value))
        : list.EnumerateArray().Select((item, i) => of(item.ValueKind == JsonValueKind.Object && NameOf(item) is { } name ? name : FormattableString.Invariant($"{prefix}[{i}]"), item));

    private static string? NameOf(JsonElement item) => new[] { "name", "text" }.Select(key => item.TryGetProperty(key, out var name) && name.ValueKind == JsonValueKind.String && name.GetString()!.Length is > 0 and < 60 ? name.GetString() : null).FirstOrDefault(name => name is not null);

    private static bool IsListOfObjects(JsonElement value) => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object);
}
