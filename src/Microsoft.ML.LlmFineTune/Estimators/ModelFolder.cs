using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Models with their tokenizers, to and from folders in Hugging Face's layout.</summary>
internal static class ModelFolder
{
    internal static LanguageModel LoadLanguageModel(string folder)
    {
        NativeRuntime.Initialize();
        var tokenizer = LoadPaired(folder);
        return new LanguageModel(tokenizer, HuggingFaceFolder.LoadDecoder(folder));
    }

    internal static void Save(LanguageModel model, string folder, JsonObject? task = null) =>
        HuggingFaceFolder.Save(folder, model.Decoder, into => SaveTokenizer(model.Tokenizer.Tokenizer, into), task);

    internal static (SequenceClassifier Classifier, TokenizerAdapter Tokenizer) LoadClassifier(string folder)
    {
        NativeRuntime.Initialize();
        var tokenizer = LoadPaired(folder);
        return (HuggingFaceFolder.LoadClassifier(folder), tokenizer);
    }

    internal static void Save(SequenceClassifier classifier, TokenizerAdapter tokenizer, string folder, JsonObject task) =>
        HuggingFaceFolder.Save(folder, classifier, into => SaveTokenizer(tokenizer.Tokenizer, into), task);

    /// <summary>The tokenizer, provided that it belongs to the configuration beside it.</summary>
    private static TokenizerAdapter LoadPaired(string folder)
    {
        var files = HuggingFaceTokenizerFiles.Read(folder);
        var tokenizer = TokenizerAdapter.Of(files.Tokenizer);
        try
        {
            LanguageModel.RequirePair(tokenizer, HuggingFaceFolder.ReadConfig(folder));
            return tokenizer;
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"'{folder}': {Path.GetFileName(files.MainFile)} and config.json do not belong together. {error.Message}", error);
        }
    }

    internal static TokenizerModel LoadTokenizer(string folder) => HuggingFaceTokenizerFiles.Read(folder).Tokenizer;

    internal static void SaveTokenizer(Tokenizer tokenizer, string folder)
    {
        var model = tokenizer as TokenizerModel
            ?? throw new NotSupportedException($"Saving needs a tokenizer that can be written as tokenizer.json (a {nameof(TokenizerModel)}); this one is a {tokenizer.GetType().Name}.");
        model.SaveFolder(folder);
    }
}
