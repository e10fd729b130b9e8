using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A model and its tokenizer: what one task hands to the next. Tasks copy the weights before they train, so a text model never changes.</summary>
/// <remarks>Native memory is freed when nothing refers to the model any more, or at once by <see cref="Dispose"/>.</remarks>
public abstract class TextModel : IDisposable
{
    private protected TextModel(TokenizerAdapter tokenizer, BackboneModel backbone, IReadOnlyDictionary<string, Tensor>? otherWeights = null)
    {
        NativeRuntime.Initialize();
        Tokenizer = Require.NotNull(tokenizer);
        Backbone = Require.NotNull(backbone);
        OtherWeights = otherWeights ?? new Dictionary<string, Tensor>();
        RequireVocabulary(tokenizer, backbone.Config);
        backbone.eval();
    }

    /// <summary>The tokenizer.</summary>
    public TokenizerAdapter Tokenizer { get; }

    /// <summary>The model below any task's head, in evaluation mode.</summary>
    public BackboneModel Backbone { get; }

    /// <summary>The model's configuration.</summary>
    public ModelConfig Config => Backbone.Config;

    /// <summary>What the checkpoint had beside the backbone, by its names there: the weights of heads, of which new tasks take what fits.</summary>
    internal IReadOnlyDictionary<string, Tensor> OtherWeights { get; }

    /// <summary>How the model embeds texts, where its folder was one of sentence-transformers; else null.</summary>
    public SentenceTransformerFolder? SentenceTransformers { get; init; }

    /// <summary>What the model was read from; null for one that was made otherwise.</summary>
    internal ModelSource? Source { get; init; }

    /// <summary>Why embeddings cannot be those of sentence-transformers, where the folder asks for what the library does not have; else null.</summary>
    internal string? EmbeddingRefusal { get; init; }

    /// <summary>Writes a folder in Hugging Face's layout: config.json, model.safetensors, tokenizer.json; those of sentence-transformers too, where the model came with them. Where writing fails, what was there stays as it was.</summary>
    /// <exception cref="NotSupportedException">The tokenizer is not one of ours, and has no file to be saved in.</exception>
    public void Save(string folder) => ModelFolder.Save(this, folder);

    /// <summary>Frees the model's memory.</summary>
    public void Dispose()
    {
        Backbone.Dispose();
        foreach (var weight in OtherWeights.Values)
            weight.Dispose();
    }

    /// <summary>Demands that the model knows all tokens.</summary>
    internal static void RequireVocabulary(TokenizerAdapter tokenizer, ModelConfig config) => Require.Argument(
        tokenizer.VocabularySize <= config.VocabularySize,
        $"The model must know every token of the tokenizer; it knows {config.VocabularySize}, the tokenizer has {tokenizer.VocabularySize}. Take the tokenizer that the model was trained with.", nameof(tokenizer));

    /// <summary>A model of the same weights, for a task to train.</summary>
    internal BackboneModel CopyBackbone()
    {
        var copy = Backbone.CreateLike();
        using var noGradients = no_grad();
        foreach (var ((_, target), (_, source)) in copy.named_parameters().Zip(Backbone.named_parameters()))
            target.copy_(source);
        // A matrix in four bits is none of the parameters.
        foreach (var ((_, target), (_, source)) in copy.named_buffers().Zip(Backbone.named_buffers()))
            target.copy_(source);
        return copy;
    }

    /// <summary>The model as one that turns texts into vectors; it shares the weights.</summary>
    /// <exception cref="InvalidOperationException">The family's pooler is asked for, and the checkpoint had none.</exception>
    /// <exception cref="NotSupportedException">The family's pooler is asked for, and the family has none.</exception>
    internal TextEmbedder CreateEmbedder(Pooling? pooling, bool isNormalized)
    {
        KeptAdapter.RequireNone(Backbone, "An embedder");
        var embedder = new TextEmbedder(Backbone, pooling, isNormalized);
        var missing = ModelWeights.FillHead(embedder, OtherWeights);
        if (missing.Count > 0)
            throw new InvalidOperationException($"The family's pooler needs weights that the checkpoint does not have: {string.Join(", ", missing)}. Pool by the mean or the first token.");
        embedder.eval();
        return embedder;
    }

    /// <summary>A classifier on a copy of the weights: of its head, what the checkpoint has and fits is taken (BERT's pooler, for example), the rest is drawn.</summary>
    internal SequenceClassifier CreateClassifier(IReadOnlyList<string> labels, Pooling? pooling, RandomStream random)
    {
        KeptAdapter.RequireNone(Backbone, "A classifier");
        var classifier = new SequenceClassifier(CopyBackbone(), labels, pooling);
        classifier.InitializeHead(random);
        ModelWeights.FillHead(classifier, OtherWeights);
        return classifier;
    }
}
