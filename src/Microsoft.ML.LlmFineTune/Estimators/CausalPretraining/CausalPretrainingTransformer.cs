using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Estimators.CausalPretraining;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Training;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A pretrained language model: adds each row's token count, log probability and perplexity. The next task takes <see cref="Model"/>.</summary>
public sealed class CausalPretrainingTransformer : TextTransformer
{
    internal const string TaskName = "causal-language-modeling";
    private const string TextKey = "textColumn";
    private const string TokenCountKey = "tokenCountColumn";
    private const string LogProbabilityKey = "logProbabilityColumn";
    private const string PerplexityKey = "perplexityColumn";
    private readonly CausalPretrainingOptions _names;

    internal CausalPretrainingTransformer(LanguageModel model, CausalPretrainingOptions names, TrainingResult? training) : base(names.TextColumnName)
    {
        (Model, _names, Training) = (model, names, training);
        Mapping = new TextMapping<Likelihood>(names.TextColumnName, new LikelihoodScorer(model, LikelihoodScorer.MakeColumns(names)));
    }

    /// <summary>The language model.</summary>
    public LanguageModel Model { get; }

    /// <summary>What training did; null for a loaded transformer and one that was made of a model without training.</summary>
    public TrainingResult? Training { get; }

    internal override string Task => TaskName;

    private protected override ITextMapping Mapping { get; }

    internal static CausalPretrainingTransformer Load(string folder, JsonObject task, WeightLoading loading)
    {
        var names = new CausalPretrainingOptions
        {
            TextColumnName = task[TextKey]!.GetValue<string>(),
            TokenCountColumnName = task[TokenCountKey]!.GetValue<string>(),
            LogProbabilityColumnName = task[LogProbabilityKey]!.GetValue<string>(),
            PerplexityColumnName = task[PerplexityKey]!.GetValue<string>(),
        };
        names.Validate();
        var model = ModelFolder.LoadLanguageModel(folder, loading);
        KeptAdapter.Load(model.Backbone, folder, task);
        return new CausalPretrainingTransformer(model, names, training: null);
    }

    internal override JsonObject Describe() => new()
    {
        [TextKey] = TextColumnName,
        [TokenCountKey] = _names.TokenCountColumnName,
        [LogProbabilityKey] = _names.LogProbabilityColumnName,
        [PerplexityKey] = _names.PerplexityColumnName,
    };

    internal override void SaveFiles(string folder, JsonObject task) => ModelFolder.Save(Model, folder, task);
}
