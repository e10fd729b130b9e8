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

    private static readonly SortedDictionary<string, Func<string, JsonObject, IHostEnvironment, WeightLoading, TextTransformer>> Loaders = new(StringComparer.Ordinal)
    {
        [TokenizerTrainingTransformer.TaskName] = (folder, task, environment, _) => TokenizerTrainingTransformer.Load(folder, task, environment),
        [TextTokenizationTransformer.TaskName] = (folder, task, environment, _) => TextTokenizationTransformer.Load(folder, task, environment),
        [CausalPretrainingTransformer.TaskName] = (folder, task, _, loading) => CausalPretrainingTransformer.Load(folder, task, loading),
        [TextGenerationTransformer.TaskName] = (folder, task, _, loading) => TextGenerationTransformer.Load(folder, task, loading),
        [TextClassificationTransformer.TaskName] = (folder, task, _, loading) => TextClassificationTransformer.Load(folder, task, loading),
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

    internal static TextTransformer Load(string folder, IHostEnvironment environment, WeightLoading loading = WeightLoading.Copied)
    {
        var task = HuggingFaceFolder.ReadTask(Require.Text(folder));
        try
        {
            int format = task[FormatKey]!.GetValue<int>();
            if (format != Format)
                throw new InvalidDataException($"'{folder}': task.json has format {format}; this version of the library reads format {Format}.");
            string name = task[TaskKey]!.GetValue<string>();
            return Loaders.TryGetValue(name, out var load)
                ? load(folder, task, environment, loading)
                : throw new InvalidDataException($"'{folder}': task.json is of task '{name}'; known are {string.Join(", ", Loaders.Keys)}.");
        }
        catch (Exception error) when (error is NullReferenceException or InvalidOperationException or FormatException or JsonException or ArgumentException)
        {
            throw new InvalidDataException($"'{folder}': task.json lacks a value, or has a wrong one ({error.Message}). Save the model again.", error);
        }
    }
}
