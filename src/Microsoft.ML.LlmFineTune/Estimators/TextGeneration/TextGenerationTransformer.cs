using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TextGeneration;
using Microsoft.ML.LlmFineTune.Generation;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Continues the prompts of a column: adds the generated texts. Made by the estimator or from a language model directly; nothing is trained.</summary>
public sealed class TextGenerationTransformer : TextTransformer
{
    internal const string TaskName = "text-generation";
    private const string PromptKey = "promptColumn";
    private const string GeneratedTextKey = "generatedTextColumn";
    private const string BatchSizeKey = "batchSize";
    private const string GenerationKey = "generation";

    internal TextGenerationTransformer(LanguageModel model, TextGenerationOptions options) : base(options.PromptColumnName)
    {
        (Model, Options) = (model, options);
        var scorer = new ContinuationScorer(new TextGenerator(model.Decoder, model.Tokenizer), options.Generation, options.BatchSize, ContinuationScorer.MakeColumns(options.GeneratedTextColumnName));
        Mapping = new TextMapping<string>(options.PromptColumnName, scorer);
    }

    /// <summary>The language model.</summary>
    public LanguageModel Model { get; }

    /// <summary>How it generates.</summary>
    public TextGenerationOptions Options { get; }

    internal override string Task => TaskName;

    private protected override ITextMapping Mapping { get; }

    internal static TextGenerationTransformer Load(string folder, JsonObject task, WeightLoading loading)
    {
        var options = new TextGenerationOptions
        {
            PromptColumnName = task[PromptKey]!.GetValue<string>(),
            GeneratedTextColumnName = task[GeneratedTextKey]!.GetValue<string>(),
            BatchSize = task[BatchSizeKey]!.GetValue<int>(),
            Generation = task[GenerationKey].Deserialize<GenerationOptions>()!,
        };
        options.Validate();
        var model = ModelFolder.LoadLanguageModel(folder, loading);
        KeptAdapter.Load(model.Backbone, folder, task);
        return new TextGenerationTransformer(model, options);
    }

    internal override JsonObject Describe()
    {
        if (Options.Generation.AllowedTokens is not null || Options.Generation.Processors.Count > 0)
            throw new NotSupportedException("Code cannot be saved: Generation.AllowedTokens and Generation.Processors must be left out of a transformer that is saved.");
        return new JsonObject
        {
            [PromptKey] = Options.PromptColumnName,
            [GeneratedTextKey] = Options.GeneratedTextColumnName,
            [BatchSizeKey] = Options.BatchSize,
            [GenerationKey] = JsonSerializer.SerializeToNode(Options.Generation),
        };
    }

    internal override void SaveFiles(string folder, JsonObject task) => ModelFolder.Save(Model, folder, task);
}
