using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Models with their tokenizers, to and from folders in Hugging Face's layout.</summary>
internal static class ModelFolder
{
    private const string TokenizerName = "tokenizer.json";

    internal static LanguageModel LoadLanguageModel(string folder)
    {
        NativeRuntime.Initialize();
        var tokenizer = LoadPaired(folder);
        return new LanguageModel(tokenizer, HuggingFaceFolder.LoadDecoder(folder));
    }

    internal static void Save(LanguageModel model, string folder, JsonObject? task = null) =>
        HuggingFaceFolder.Save(folder, model.Decoder, into => SaveTokenizer(model.Tokenizer, into), task);

    internal static (SequenceClassifier Classifier, TokenizerAdapter Tokenizer) LoadClassifier(string folder)
    {
        NativeRuntime.Initialize();
        var tokenizer = LoadPaired(folder);
        return (HuggingFaceFolder.LoadClassifier(folder), tokenizer);
    }

    internal static void Save(SequenceClassifier classifier, TokenizerAdapter tokenizer, string folder, JsonObject task) =>
        HuggingFaceFolder.Save(folder, classifier, into => SaveTokenizer(tokenizer, into), task);

    /// <summary>The tokenizer, provided that it belongs to the configuration beside it.</summary>
    private static TokenizerAdapter LoadPaired(string folder)
    {
        var tokenizer = TokenizerAdapter.Of(LoadTokenizer(folder));
        try
        {
            LanguageModel.RequirePair(tokenizer, HuggingFaceFolder.ReadConfig(folder));
            return tokenizer;
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"'{folder}': {TokenizerName} and config.json do not belong together. {error.Message}", error);
        }
    }

    internal static TokenizerModel LoadTokenizer(string folder)
    {
        string path = Path.Combine(Require.Text(folder), TokenizerName);
        return File.Exists(path)
            ? TokenizerModel.Load(path)
            : throw new FileNotFoundException($"'{folder}' has no {TokenizerName}: it is not a model folder, or a part of it is missing.", path);
    }

    internal static void SaveTokenizer(TokenizerAdapter tokenizer, string folder)
    {
        var model = tokenizer.Tokenizer as TokenizerModel
            ?? throw new NotSupportedException($"Saving needs a tokenizer that can be written as {TokenizerName} (a {nameof(TokenizerModel)}); this model's is a {tokenizer.Tokenizer.GetType().Name}.");
        AtomicFile.Write(Path.Combine(folder, TokenizerName), model.Save);
    }
}
