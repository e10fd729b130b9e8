// <example>
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Training;
// </example>
using Microsoft.ML.LlmFineTune.Batches;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/adapters.md, word for word between the marks.</summary>
internal static class AdaptersExample
{
    public static void Train(string folder, IBatchSource batches, TrainingOptions options, string adapterFolder)
    {
        // <example>

        using DecoderModel model = HuggingFaceFolder.LoadDecoder(folder);
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions { Rank = 16, Alpha = 32, Dropout = 0.05, Targets = ModuleSelection.AllLinear });

        new Trainer(model, new NextTokenObjective(), options).Train(batches);      // the loop is the same: only the adapter requires gradients

        PeftFolder.Save(adapterFolder, model, baseModel: "org/name");
        adapters.MergeAndRemove();                                                 // or: an ordinary model, which HuggingFaceFolder.Save writes
        // </example>
    }

    public static TextClassificationOptions InPipelines(string adapterFolder)
    {
        // <example>

        var classification = new TextClassificationOptions
        {
            Adapter = new LoraOptions { Rank = 8, Alpha = 16 },
            AdapterFolder = adapterFolder,                                         // null: the adapter is not kept by itself
        };
        // </example>
        return classification;
    }

    public static ModelAdapters Several(DecoderModel model, string translationsFolder)
    {
        // <example>

        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions(), "summaries");
        PeftFolder.Load(translationsFolder, model, "translations");                // now this one is active
        adapters.Activate("summaries");                                            // no weights are read or copied
        adapters.Deactivate();                                                     // the bare model
        adapters.Remove("translations");
        // </example>
        return adapters;
    }

    public static long InFourBits(string folder)
    {
        // <example>

        using DecoderModel model = HuggingFaceFolder.LoadDecoder(folder);
        ModelQuantization.ToNf4(model);                                            // linear layers; embeddings, norms, biases and heads stay
        ModelAdapters.Attach(model, new LoraOptions { Targets = ModuleSelection.AllLinear });
        // </example>
        return model.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel());
    }

    public static CausalPretrainingTransformer PretrainsInFourBits(MLContext mlContext, LanguageModel model, IDataView data)
    {
        // <example>

        var options = new CausalPretrainingOptions { Adapter = new LoraOptions(), BaseQuantization = new Nf4Options(), Precision = TrainingPrecision.BFloat16, AdapterFolder = "adapter" };
        var fitted = mlContext.LanguageModels.PretrainCausalLanguageModel(model, options).Fit(data);
        // </example>
        return fitted;
    }
}
