using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Tokenizers;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Models with their tokenizers, to and from folders in Hugging Face's layout.</summary>
internal static class ModelFolder
{
    internal static LanguageModel LoadLanguageModel(ModelSource source, WeightLoading loading) => LoadLanguageModel(source.Folder, loading, source);

    /// <param name="folder">The folder.</param>
    /// <param name="loading">Whether the weights are copied or mapped.</param>
    /// <param name="source">What the model is called; null: the folder may be gone tomorrow, as an unpacked file's.</param>
    internal static LanguageModel LoadLanguageModel(string folder, WeightLoading loading, ModelSource? source = null)
    {
        var (embedding, refusal) = ReadEmbedding(ref folder);
        string models = folder;
        var tokenizer = LoadPaired(models);
        var decoder = HuggingFaceFolder.LoadDecoder(models, loading: loading);
        return Joined(models, "the tokenizer's files", () => new LanguageModel(tokenizer, decoder) { SentenceTransformers = embedding, EmbeddingRefusal = refusal, Source = source });
    }

    internal static TextEncoder LoadEncoder(ModelSource source, WeightLoading loading)
    {
        string folder = source.Folder;
        var (embedding, refusal) = ReadEmbedding(ref folder);
        var tokenizer = LoadPaired(folder);
        var encoder = HuggingFaceFolder.LoadEncoder(folder, loading: loading);
        return new TextEncoder(tokenizer, encoder, HuggingFaceFolder.ReadOtherWeights(folder, encoder)) { SentenceTransformers = embedding, EmbeddingRefusal = refusal, Source = source };
    }

    internal static (TextEmbedder Embedder, TokenizerAdapter Tokenizer) LoadEmbedder(string folder, Pooling? pooling, bool isNormalized, WeightLoading loading)
    {
        var tokenizer = LoadPaired(folder);
        return (HuggingFaceFolder.LoadTextEmbedder(folder, pooling, isNormalized, loading: loading), tokenizer);
    }

    internal static (SequenceClassifier Classifier, TokenizerAdapter Tokenizer) LoadClassifier(string folder, WeightLoading loading)
    {
        var tokenizer = LoadPaired(folder);
        return (HuggingFaceFolder.LoadClassifier(folder, loading: loading), tokenizer);
    }

    internal static void Save(TextModel model, string folder, JsonObject? task = null)
    {
        if (task is not null)
            Save(folder, model.Backbone, model.Tokenizer, task, model.OtherWeights);
        else
            HuggingFaceFolder.Save(folder, model.Backbone, into => SaveTokenizer(model.Tokenizer.Tokenizer, into), otherWeights: model.OtherWeights);
        model.SentenceTransformers?.Write(folder, model.Config.Width);
    }

    internal static void Save(TextEmbedder embedder, TokenizerAdapter tokenizer, string folder, JsonObject task) =>
        HuggingFaceFolder.Save(folder, embedder, into => SaveTokenizer(tokenizer.Tokenizer, into), task);

    internal static void Save(SequenceClassifier classifier, TokenizerAdapter tokenizer, string folder, JsonObject task) => Save(folder, classifier, tokenizer, task, null);

    internal static TokenizerModel LoadTokenizer(string folder) => HuggingFaceTokenizerFiles.Read(folder).Tokenizer;

    internal static void SaveTokenizer(Tokenizer tokenizer, string folder)
    {
        var model = tokenizer as TokenizerModel
            ?? throw new NotSupportedException($"Saving needs a tokenizer that can be written as tokenizer.json (a {nameof(TokenizerModel)}); this one is a {tokenizer.GetType().Name}.");
        model.SaveFolder(folder);
    }

    /// <summary>A fitted model, with the adapter that stays beside its weights where there is one.</summary>
    private static void Save<TModel>(string folder, TModel model, TokenizerAdapter tokenizer, JsonObject task, IReadOnlyDictionary<string, Tensor>? otherWeights) where TModel : nn.Module, ICheckpointModel
    {
        if (KeptAdapter.Of(model) is not string adapter)
        {
            HuggingFaceFolder.Save(folder, model, into => SaveTokenizer(tokenizer.Tokenizer, into), task, otherWeights);
            return;
        }
        KeptAdapter.Describe(task);
        HuggingFaceFolder.SaveBase(folder, model, into =>
        {
            SaveTokenizer(tokenizer.Tokenizer, into);
            KeptAdapter.Save(model, adapter, into);
        }, task, otherWeights);
    }

    /// <summary>What sentence-transformers wrote beside the model; the folder becomes that of the model itself. What cannot be done hinders no task but embedding.</summary>
    private static (SentenceTransformerFolder? Embedding, string? Refusal) ReadEmbedding(ref string folder)
    {
        if (!SentenceTransformerFolder.Exists(folder))
            return (null, null);
        try
        {
            var embedding = SentenceTransformerFolder.Read(folder);
            folder = embedding.ModelFolder;
            return (embedding, null);
        }
        catch (NotSupportedException error)
        {
            return (null, error.Message);
        }
    }

    /// <summary>The tokenizer, provided that the configuration beside it knows its tokens.</summary>
    private static TokenizerAdapter LoadPaired(string folder)
    {
        NativeRuntime.Initialize();
        var files = HuggingFaceTokenizerFiles.Read(folder);
        var tokenizer = TokenizerAdapter.Of(files.Tokenizer);
        return Joined(folder, Path.GetFileName(files.MainFile), () =>
        {
            TextModel.RequireVocabulary(tokenizer, HuggingFaceFolder.ReadConfig(folder));
            return tokenizer;
        });
    }

    private static T Joined<T>(string folder, string tokenizerFile, Func<T> join)
    {
        try
        {
            return join();
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"'{folder}': {tokenizerFile} and config.json do not belong together. {Require.ReasonOf(error)}", error);
        }
    }
}
