using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A fitted task as a folder: Hugging Face's files and <c>task.json</c>, which names the task and its columns.</summary>
internal static class TransformerFolder
{
    private const string TaskFile = "task.json";
    private const string TaskKey = "task";
    private const string FormatKey = "format";
    private const int Format = 1;

    private static readonly Dictionary<string, Func<string, JsonObject, TextTransformer>> Loaders = new();

    internal static void Save(TextTransformer transformer, string folder)
    {
        Directory.CreateDirectory(folder);
        var task = transformer.SaveParts(folder);
        task.Insert(0, FormatKey, Format);
        task.Insert(1, TaskKey, transformer.Task);
        string path = Path.Combine(folder, TaskFile), fresh = path + ".new";
        File.WriteAllText(fresh, task.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        File.Move(fresh, path, overwrite: true);
    }

    internal static TextTransformer Load(string folder)
    {
        string path = Path.Combine(folder, TaskFile);
        if (!File.Exists(path))
            throw new FileNotFoundException($"'{folder}' is not the folder of a fitted task: {TaskFile} is missing. A bare language model is loaded with LanguageModel.Load.", path);
        try
        {
            var task = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
            if (task[FormatKey]?.GetValue<int>() is not Format)
                throw new InvalidDataException($"'{path}' has format {task[FormatKey]?.ToJsonString() ?? "(none)"}; this version reads format {Format}.");
            string name = task[TaskKey]?.GetValue<string>() ?? "(none)";
            return Loaders.TryGetValue(name, out var load)
                ? load(folder, task)
                : throw new InvalidDataException($"'{path}' is of task '{name}'; known are {string.Join(", ", Loaders.Keys.Order(StringComparer.Ordinal))}.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{path}' is corrupt: {error.Message} Save the model again.", error);
        }
    }
}
