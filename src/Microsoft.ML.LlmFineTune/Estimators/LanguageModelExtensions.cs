using Microsoft.ML.LlmFineTune.Doors;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Runtime;
using Microsoft.ML.Tokenizers;

// Where ML.NET's own verbs are found.
namespace Microsoft.ML;

/// <summary>Language models on an <see cref="MLContext"/> and in ML.NET's usual spots.</summary>
public static class LanguageModelExtensions
{
    extension(MLContext mlContext)
    {
        /// <summary>All that can be done with language models.</summary>
        public LanguageModelCatalog LanguageModels => new(mlContext);

        /// <summary>Metrics of generated texts, answers, tags, classes, numbers and searches, with confidence intervals, slices and reports.</summary>
        public EvaluationCatalog Evaluation => new();
    }

    extension(MulticlassClassificationCatalog.MulticlassClassificationTrainers trainers)
    {
        /// <summary>Fine-tunes a decoder or an encoder into a text classifier; an untrained model makes it training from scratch.</summary>
        /// <param name="model">The model; it stays as it is, a copy is trained.</param>
        /// <param name="labelColumnName">The label column, a key.</param>
        /// <param name="textColumnName">The text column.</param>
        /// <param name="epochs">Passes over the texts.</param>
        public TextClassificationEstimator FineTuneLanguageModel(TextModel model, string labelColumnName = "Label", string textColumnName = "Text", int epochs = 3) =>
            CatalogOf(trainers).ClassifyText(model, labelColumnName, textColumnName, epochs);

        /// <summary>Fine-tunes a decoder or an encoder into a text classifier; an untrained model makes it training from scratch.</summary>
        public TextClassificationEstimator FineTuneLanguageModel(TextModel model, TextClassificationOptions options) =>
            CatalogOf(trainers).ClassifyText(model, options);
    }

    extension(TransformsCatalog.TextTransforms transforms)
    {
        /// <summary>Trains a byte-level BPE tokenizer, as GPT-2's, on a text column and adds the ids of each text's tokens.</summary>
        /// <param name="textColumnName">The text column.</param>
        /// <param name="vocabularySize">Entries of the vocabulary.</param>
        public TokenizerTrainingEstimator TrainTokenizer(string textColumnName = "Text", int vocabularySize = 4096) =>
            CatalogOf(transforms).TrainTokenizer(textColumnName, vocabularySize);

        /// <summary>Trains a tokenizer on a text column and adds the ids of each text's tokens.</summary>
        /// <param name="recipe">What is trained, for example <c>TokenizerRecipe.BertUncased(8000)</c>.</param>
        /// <param name="textColumnName">The text column.</param>
        public TokenizerTrainingEstimator TrainTokenizer(TokenizerRecipe recipe, string textColumnName = "Text") => CatalogOf(transforms).TrainTokenizer(recipe, textColumnName);

        /// <summary>Trains a tokenizer on a text column and adds the ids of each text's tokens.</summary>
        public TokenizerTrainingEstimator TrainTokenizer(TokenizerTrainingOptions options) => CatalogOf(transforms).TrainTokenizer(options);

        /// <summary>Adds the ids of each text's tokens.</summary>
        /// <param name="tokenizer">A <see cref="TokenizerModel"/>, or any other tokenizer.</param>
        /// <param name="textColumnName">The text column.</param>
        /// <param name="idsColumnName">The column of ids, a vector of Int32.</param>
        public TextTokenizationEstimator TokenizeWith(Tokenizer tokenizer, string textColumnName = "Text", string idsColumnName = "Ids") =>
            CatalogOf(transforms).TokenizeWith(tokenizer, textColumnName, idsColumnName);

        /// <summary>Adds what a tokenizer makes of a text or a pair of texts: ids, tokens, masks, words, offsets, as the options ask for.</summary>
        public TextTokenizationEstimator TokenizeWith(Tokenizer tokenizer, TextTokenizationOptions options) => CatalogOf(transforms).TokenizeWith(tokenizer, options);

        /// <summary>Continues the prompts of a column with a language model.</summary>
        /// <param name="model">The model.</param>
        /// <param name="promptColumnName">The column of prompts.</param>
        /// <param name="maximumNewTokens">Most tokens that are added to a prompt.</param>
        public TextGenerationEstimator GenerateText(LanguageModel model, string promptColumnName = "Prompt", int maximumNewTokens = 64) =>
            CatalogOf(transforms).GenerateText(model, promptColumnName, maximumNewTokens);

        /// <summary>Continues the prompts of a column with a language model.</summary>
        public TextGenerationEstimator GenerateText(LanguageModel model, TextGenerationOptions options) => CatalogOf(transforms).GenerateText(model, options);

        /// <summary>Turns texts into vectors, on which ML.NET's own trainers can stand.</summary>
        /// <param name="model">The model; of sentence-transformers its folder says how, of others the mean of the last hidden states is taken.</param>
        /// <param name="textColumnName">The text column.</param>
        /// <param name="embeddingColumnName">The column of vectors.</param>
        public TextEmbeddingEstimator EmbedText(TextModel model, string textColumnName = "Text", string embeddingColumnName = "Embedding") =>
            CatalogOf(transforms).EmbedText(model, textColumnName, embeddingColumnName);

        /// <summary>Turns texts into vectors, on which ML.NET's own trainers can stand.</summary>
        public TextEmbeddingEstimator EmbedText(TextModel model, TextEmbeddingOptions options) => CatalogOf(transforms).EmbedText(model, options);
    }

    private static LanguageModelCatalog CatalogOf(object catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new LanguageModelCatalog((IHostEnvironment)EnvironmentDoor.Of(catalog));
    }
}
