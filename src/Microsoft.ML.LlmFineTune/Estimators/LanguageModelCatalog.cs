using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.LlmFineTune.Training;
using Microsoft.ML.Runtime;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>All that can be done with language models: <c>mlContext.LanguageModels</c>.</summary>
public sealed class LanguageModelCatalog
{
    private readonly IHostEnvironment _environment;

    internal LanguageModelCatalog(IHostEnvironment environment) => _environment = Require.NotNull(environment);

    /// <summary>Trains a byte-level BPE tokenizer, as GPT-2's, on a text column.</summary>
    /// <param name="textColumnName">The text column.</param>
    /// <param name="vocabularySize">Entries of the vocabulary.</param>
    public TokenizerTrainingEstimator TrainTokenizer(string textColumnName = "Text", int vocabularySize = 4096) => TrainTokenizer(TokenizerRecipe.Gpt2(vocabularySize), textColumnName);

    /// <summary>Trains a tokenizer on a text column.</summary>
    /// <param name="recipe">What is trained, for example <c>TokenizerRecipe.BertUncased(8000)</c>.</param>
    /// <param name="textColumnName">The text column.</param>
    public TokenizerTrainingEstimator TrainTokenizer(TokenizerRecipe recipe, string textColumnName = "Text") =>
        TrainTokenizer(new TokenizerTrainingOptions { TextColumnName = textColumnName, Recipe = recipe });

    /// <summary>Trains a tokenizer on a text column.</summary>
    public TokenizerTrainingEstimator TrainTokenizer(TokenizerTrainingOptions options) => new(_environment, options);

    /// <summary>Adds the ids of each text's tokens.</summary>
    /// <param name="tokenizer">A <see cref="TokenizerModel"/>, or any other tokenizer.</param>
    /// <param name="textColumnName">The text column.</param>
    /// <param name="idsColumnName">The column of ids, a vector of Int32.</param>
    public TextTokenizationEstimator TokenizeWith(Tokenizer tokenizer, string textColumnName = "Text", string idsColumnName = "Ids") =>
        TokenizeWith(tokenizer, new TextTokenizationOptions { TextColumnName = textColumnName, IdsColumnName = idsColumnName });

    /// <summary>Adds what a tokenizer makes of a text or a pair of texts: ids, tokens, masks, words, offsets, as the options ask for.</summary>
    /// <exception cref="NotSupportedException">The tokenizer is not a <see cref="TokenizerModel"/> and doesn't tell what an option asks for.</exception>
    public TextTokenizationEstimator TokenizeWith(Tokenizer tokenizer, TextTokenizationOptions options) => new(_environment, tokenizer, options);

    /// <summary>An untrained language model; its seed is drawn from the <c>MLContext</c> unless it is given.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="config">The decoder's shape, for example <c>Gpt2Presets.Tiny(tokenizer.VocabularySize)</c>.</param>
    /// <param name="seed">Seed of the weights.</param>
    public LanguageModel Create(TokenizerModel tokenizer, ModelConfig config, long? seed = null) =>
        LanguageModel.Create(tokenizer, config, seed ?? _environment.Register(nameof(LanguageModel)).Rand.Next());

    /// <summary>An untrained encoder; its seed is drawn from the <c>MLContext</c> unless it is given.</summary>
    /// <param name="tokenizer">The tokenizer, for example one trained by <c>TokenizerRecipe.BertUncased(8000)</c>.</param>
    /// <param name="config">The encoder's shape.</param>
    /// <param name="seed">Seed of the weights.</param>
    public TextEncoder CreateEncoder(TokenizerModel tokenizer, ModelConfig config, long? seed = null) =>
        TextEncoder.Create(tokenizer, config, seed ?? _environment.Register(nameof(TextEncoder)).Rand.Next());

    /// <summary>Reads a decoder and its tokenizer: a folder in Hugging Face's layout, or a model of the hub.</summary>
    /// <param name="folderOrName">A folder; or "organisation/name" of a hub, perhaps with "@revision" behind it, which is downloaded into the cache that huggingface_hub uses.</param>
    /// <param name="hub">Where to download from; null: what huggingface_hub's environment variables say.</param>
    /// <param name="loading">Whether the weights are copied, or mapped from the files where these have them as the model does. Default: copied.</param>
    /// <param name="cancellation">Ends the download.</param>
    /// <exception cref="InvalidDataException">A file is cut, corrupt, or does not fit the others; the message names it.</exception>
    /// <exception cref="NotSupportedException">The model is no decoder: <see cref="LoadEncoder"/> reads encoders.</exception>
    /// <exception cref="DirectoryNotFoundException">It is no folder, and can't be the name of a repository.</exception>
    /// <exception cref="HubException">It is no folder, and the hub's model could not be had.</exception>
    public LanguageModel Load(string folderOrName, HubOptions? hub = null, WeightLoading loading = WeightLoading.Copied, CancellationToken cancellation = default) =>
        Reported(ModelFolder.LoadLanguageModel(ModelSource.Of(folderOrName, hub, cancellation), loading), folderOrName);

    /// <summary>Reads an encoder and its tokenizer: a folder in Hugging Face's layout, or a model of the hub. The weights of heads are kept for the tasks that have a use for them.</summary>
    /// <param name="folderOrName">A folder; or "organisation/name" of a hub, perhaps with "@revision" behind it, which is downloaded into the cache that huggingface_hub uses.</param>
    /// <param name="hub">Where to download from; null: what huggingface_hub's environment variables say.</param>
    /// <param name="loading">Whether the weights are copied, or mapped from the files where these have them as the model does. Default: copied.</param>
    /// <param name="cancellation">Ends the download.</param>
    /// <exception cref="InvalidDataException">A file is cut, corrupt, or does not fit the others; the message names it.</exception>
    /// <exception cref="NotSupportedException">The model is no encoder: <see cref="Load"/> reads decoders.</exception>
    /// <exception cref="DirectoryNotFoundException">It is no folder, and can't be the name of a repository.</exception>
    /// <exception cref="HubException">It is no folder, and the hub's model could not be had.</exception>
    public TextEncoder LoadEncoder(string folderOrName, HubOptions? hub = null, WeightLoading loading = WeightLoading.Copied, CancellationToken cancellation = default) =>
        Reported(ModelFolder.LoadEncoder(ModelSource.Of(folderOrName, hub, cancellation), loading), folderOrName);

    /// <summary>Reads a fitted task from the folder that <see cref="TextTransformer.SaveFolder"/> wrote.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="loading">Whether the weights are copied, or mapped from the files where these have them as the model does. Default: copied.</param>
    /// <exception cref="InvalidDataException">A file is cut or corrupt; the message names it.</exception>
    public TextTransformer LoadTransformer(string folder, WeightLoading loading = WeightLoading.Copied) => TransformerFolder.Load(folder, _environment, loading);

    /// <summary>Trains a language model to predict the next token: from scratch if it is untrained, going on otherwise.</summary>
    /// <param name="model">The model; it stays as it is, a copy is trained.</param>
    /// <param name="textColumnName">The text column.</param>
    /// <param name="epochs">Passes over the texts.</param>
    public CausalPretrainingEstimator PretrainCausalLanguageModel(LanguageModel model, string textColumnName = "Text", int epochs = 3) =>
        PretrainCausalLanguageModel(model, new CausalPretrainingOptions { TextColumnName = textColumnName, Epochs = epochs });

    /// <summary>Trains a language model to predict the next token: from scratch if it is untrained, going on otherwise.</summary>
    public CausalPretrainingEstimator PretrainCausalLanguageModel(LanguageModel model, CausalPretrainingOptions options) => new(_environment, model, options);

    /// <summary>
    /// Tries learning rates out for <see cref="PretrainCausalLanguageModel(LanguageModel, CausalPretrainingOptions)"/>: a short run whose rate rises from step to step. <see cref="RateCurve.Suggest"/> of the result is a peak rate to begin with.
    /// </summary>
    /// <param name="model">The model; it stays as it is.</param>
    /// <param name="data">The training data.</param>
    /// <param name="options">How training will go; see <see cref="LearningRateFinder.Run"/> for what of it is read.</param>
    /// <param name="range">Which rates are tried; null: 100 steps from 1e-7 to 1.</param>
    /// <exception cref="ArgumentException">The text column is missing or is no text, or no row has any text.</exception>
    public RateCurve FindLearningRate(LanguageModel model, IDataView data, CausalPretrainingOptions options, RateRangeOptions? range = null) =>
        PretrainCausalLanguageModel(model, options).FindLearningRate(data, range);

    /// <summary>
    /// Tries learning rates out for <see cref="ClassifyText(TextModel, TextClassificationOptions)"/>: a short run whose rate rises from step to step. <see cref="RateCurve.Suggest"/> of the result is a peak rate to begin with.
    /// </summary>
    /// <param name="model">The model; it stays as it is.</param>
    /// <param name="data">The training data, as the estimator is given it: its label is a key.</param>
    /// <param name="options">How training will go; see <see cref="LearningRateFinder.Run"/> for what of it is read.</param>
    /// <param name="range">Which rates are tried; null: 100 steps from 1e-7 to 1.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type; there are no rows, no text, or fewer than two classes.</exception>
    public RateCurve FindLearningRate(TextModel model, IDataView data, TextClassificationOptions options, RateRangeOptions? range = null) =>
        ClassifyText(model, options).FindLearningRate(data, range);

    /// <summary>Continues the prompts of a column.</summary>
    /// <param name="model">The model.</param>
    /// <param name="promptColumnName">The column of prompts.</param>
    /// <param name="maximumNewTokens">Most tokens that are added to a prompt.</param>
    public TextGenerationEstimator GenerateText(LanguageModel model, string promptColumnName = "Prompt", int maximumNewTokens = 64) =>
        GenerateText(model, new TextGenerationOptions { PromptColumnName = promptColumnName, Generation = new() { MaxNewTokens = maximumNewTokens } });

    /// <summary>Continues the prompts of a column.</summary>
    public TextGenerationEstimator GenerateText(LanguageModel model, TextGenerationOptions options) => new(model, options);

    /// <summary>Fine-tunes a decoder or an encoder into a text classifier.</summary>
    /// <param name="model">The model; it stays as it is, a copy is trained.</param>
    /// <param name="labelColumnName">The label column, a key.</param>
    /// <param name="textColumnName">The text column.</param>
    /// <param name="epochs">Passes over the texts.</param>
    public TextClassificationEstimator ClassifyText(TextModel model, string labelColumnName = "Label", string textColumnName = "Text", int epochs = 3) =>
        ClassifyText(model, new TextClassificationOptions { LabelColumnName = labelColumnName, TextColumnName = textColumnName, Epochs = epochs });

    /// <summary>Fine-tunes a decoder or an encoder into a text classifier.</summary>
    public TextClassificationEstimator ClassifyText(TextModel model, TextClassificationOptions options) => new(_environment, model, options);

    /// <summary>Turns texts into vectors, on which ML.NET's own trainers can stand.</summary>
    /// <param name="model">The model; of sentence-transformers its folder says how, of others the mean of the last hidden states is taken.</param>
    /// <param name="textColumnName">The text column.</param>
    /// <param name="embeddingColumnName">The column of vectors.</param>
    public TextEmbeddingEstimator EmbedText(TextModel model, string textColumnName = "Text", string embeddingColumnName = "Embedding") =>
        EmbedText(model, new TextEmbeddingOptions { TextColumnName = textColumnName, EmbeddingColumnName = embeddingColumnName });

    /// <summary>Turns texts into vectors, on which ML.NET's own trainers can stand.</summary>
    /// <exception cref="InvalidOperationException">The family's pooler is asked for, and the checkpoint had none.</exception>
    /// <exception cref="NotSupportedException">The model's folder asks for what the library does not have; or the family's pooler is asked for, and the family has none.</exception>
    public TextEmbeddingEstimator EmbedText(TextModel model, TextEmbeddingOptions options) => new(_environment, model, options);

    /// <summary>How well a language model predicts the texts of a column: each text by itself, sums over all, divided once.</summary>
    /// <param name="model">The model.</param>
    /// <param name="data">The texts.</param>
    /// <param name="textColumnName">The text column.</param>
    /// <exception cref="ArgumentException">The text column is missing or is no text, or there are no rows.</exception>
    public PerplexityMetrics Evaluate(LanguageModel model, IDataView data, string textColumnName = "Text") =>
        Evaluate(new CausalPretrainingTransformer(Require.NotNull(model), new CausalPretrainingOptions { TextColumnName = textColumnName }, training: null).Transform(data), textColumnName);

    /// <summary>Perplexity of rows that a pretrained model has scored; <c>mlContext.Evaluation.Perplexity</c> gives intervals and slices, too.</summary>
    /// <param name="scored">A view with the columns of a <see cref="CausalPretrainingTransformer"/>.</param>
    /// <param name="textColumnName">The text column: its words and bytes are counted.</param>
    /// <param name="tokenCountColumnName">The column of token counts.</param>
    /// <param name="logProbabilityColumnName">The column of log probabilities.</param>
    /// <exception cref="ArgumentException">A column is missing or of the wrong type, or there are no rows.</exception>
    public PerplexityMetrics Evaluate(IDataView scored, string textColumnName = "Text", string tokenCountColumnName = "TokenCount", string logProbabilityColumnName = "LogProbability") =>
        new EvaluationCatalog().Perplexity(scored, logProbabilityColumnName, tokenCountColumnName, textColumnName).Metrics;

    /// <summary>What a bug report needs to know: versions, libraries and their paths, processor, BLAS, threads, allocator, devices.</summary>
    public string Diagnose() => RuntimeDiagnosis.Collect().ToString();

    /// <summary>Says what the configuration has that nobody reads (the model may not be what its makers meant), and what is strange about the weights.</summary>
    private TModel Reported<TModel>(TModel model, string name) where TModel : TextModel
    {
        List<string> warnings = [.. model.Backbone.LoadWarnings];
        if (model.Config.UnknownKeys.Count > 0)
            warnings.Add($"'{name}': config.json has keys that the family '{model.Config.Family}' does not know, and they are not looked at: {string.Join(", ", model.Config.UnknownKeys)}.");
        if (warnings.Count == 0)
            return model;
        using var channel = _environment.Register(nameof(LanguageModelCatalog)).Start("Loading");
        foreach (string warning in warnings) channel.Warning(MessageSensitivity.None, "{0}", warning);
        return model;
    }
}
