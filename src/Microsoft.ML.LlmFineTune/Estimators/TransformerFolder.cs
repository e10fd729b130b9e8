using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A fitted task as a folder: Hugging Face's files and <c>task.json</c>, which names the task and its columns.</summary>
internal static class TransformerFolder
{
    private const string TaskKey = "task";
    private const string FormatKey = "format";
    private const int Format = 1;

    private static readonly SortedDictionary<string, Func<string, JsonObject, IHostEnvironment, TextTransformer>> Loaders = new(StringComparer.Ordinal)
    {
        [TokenizerTrainingTransformer.TaskName] = TokenizerTrainingTransformer.Load,
        [TextTokenizationTransformer.TaskName] = TextTokenizationTransformer.Load,
        [CausalPretrainingTransformer.TaskName] = (folder, task, _) => CausalPretrainingTransformer.Load(folder, task),
        [TextGenerationTransformer.TaskName] = (folder, task, _) => TextGenerationTransformer.Load(folder, task),
        [TextClassificationTransformer.TaskName] = (folder, task, _) => TextClassificationTransformer.Load(folder, task),
        [TextEmbeddingTransformer.TaskName] = TextEmbeddingTransformer.Load,
    };

    internal static void Save(TextTransformer transformer, string folder)
    {
        Directory.CreateDirectory(Require.Text(folder));
        var task = transformer.Describe();
        task.Insert(0, FormatKey, Format);
        task.Insert(1, TaskKey, transformer.Task);
        transformer.SaveFiles(folder, task);
    }

    internal static TextTransformer Load(string folder, IHostEnvironment environment)
    {
        var task = HuggingFaceFolder.ReadTask(Require.Text(folder));
        try
        {
            int format = task[FormatKey]!.GetValue<int>();
            if (format != Format)
                throw new InvalidDataException($"'{folder}': task.json has format {format}; this version of the library reads format {Format}.");
            string name = task[TaskKey]!.GetValue<string>();
            return Loaders.TryGetValue(name, out var load)
                ? load(folder, task, environment)
                : throw new InvalidDataException($"'{folder}': task.json is of task '{name}'; known are {string.Join(", ", Loaders.Keys)}.");
        }
        catch (Exception error) when (error is NullReferenceException or InvalidOperationException or FormatException or JsonException or ArgumentException)
        {
            throw new InvalidDataException($"'{folder}': task.json lacks a value, or has a wrong one ({error.Message}). Save the model again.", error);
        }
    }
}
