using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Estimators.TextEmbedding;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>
/// Turns the texts of a column into vectors. Rows are embedded many at a time; what texts lost by cutting is a warning in <c>MLContext.Log</c> at the end of each reading
/// (of a <c>PredictionEngine</c>: at the first text that is cut). White space around a text is left out, as sentence-transformers does.
/// </summary>
public sealed class TextEmbeddingTransformer : TextTransformer
{
    internal const string TaskName = "text-embedding";
    private const string TextKey = "textColumn";
    private const string EmbeddingKey = "embeddingColumn";
    private const string PoolingKey = "pooling";
    private const string NormalizeKey = "normalize";
    private const string MaximumTokensKey = "maximumTokens";
    private const string LowersCaseKey = "lowersCase";
    private const string PromptKey = "prompt";
    private readonly TokenizerAdapter _tokenizer;
    private readonly TextFrame _frame;
    private readonly SentenceTransformerFolder _texts;

    private TextEmbeddingTransformer(IHostEnvironment environment, TextEmbedder embedder, TokenizerAdapter tokenizer, int? maximumTokens, SentenceTransformerFolder texts, string textColumnName, string embeddingColumnName)
        : base(textColumnName)
    {
        (Embedder, _tokenizer, _texts, EmbeddingColumnName) = (embedder, tokenizer, texts, embeddingColumnName);
        _frame = TextFrame.Of(tokenizer, embedder.Backbone, maximumTokens);
        var log = new TruncationLog(environment, nameof(TextEmbedding));
        Mapping = new TextMapping<float[]>(textColumnName, new EmbeddingScorer(embedder, _frame, text => texts.Prepare(text), EmbeddingScorer.MakeColumns(embeddingColumnName, Width), log));
    }

    /// <summary>The column of vectors.</summary>
    public string EmbeddingColumnName { get; }

    /// <summary>Numbers of a vector.</summary>
    public int Width => Embedder.Outputs;

    /// <summary>Tokens of a text that are read, special ones among them.</summary>
    public int MaximumTokens => _frame.MaximumTokens;

    /// <summary>The model, in evaluation mode.</summary>
    public TextEmbedder Embedder { get; }

    internal override string Task => TaskName;

    private protected override ITextMapping Mapping { get; }

    /// <summary>What the options say, or else the model's folder.</summary>
    /// <exception cref="NotSupportedException">The folder asks for what the library does not have, and the options do not say what to do instead.</exception>
    internal static TextEmbeddingTransformer Of(IHostEnvironment environment, TextModel model, TextEmbeddingOptions options)
    {
        options.Validate();
        if (model.EmbeddingRefusal is string refusal && (options.Pooling is null || options.Normalize is null))
            throw new NotSupportedException($"{refusal} To embed otherwise than sentence-transformers, set {nameof(options.Pooling)} and {nameof(options.Normalize)}.");
        Require.Argument(options.MaximumTokens is not int tokens || tokens <= model.Config.MaximumLength,
            $"MaximumTokens must be at most the model's {model.Config.MaximumLength} positions; received {options.MaximumTokens}.", nameof(options));
        var folder = model.SentenceTransformers ?? Texts("", lowersCase: false);
        int longest = Math.Min(model.Config.MaximumLength, folder.MaximumLength ?? model.Tokenizer.Config?.ModelMaxLength ?? int.MaxValue);
        return new TextEmbeddingTransformer(
            environment, model.CreateEmbedder(Layer(options.Pooling, folder.Pooling), options.Normalize ?? folder.IsNormalized), model.Tokenizer, options.MaximumTokens ?? longest,
            options.Prompt is string prompt ? Texts(prompt, folder.LowersCase) : folder, options.TextColumnName, options.EmbeddingColumnName);
    }

    internal static TextEmbeddingTransformer Load(string folder, JsonObject task, IHostEnvironment environment, WeightLoading loading)
    {
        var pooling = Enum.Parse<TextEmbeddingPooling>(task[PoolingKey]!.GetValue<string>());
        var (embedder, tokenizer) = ModelFolder.LoadEmbedder(folder, Layer(pooling, default), task[NormalizeKey]!.GetValue<bool>(), loading);
        return new TextEmbeddingTransformer(
            environment, embedder, tokenizer, Require.Within(task[MaximumTokensKey]!.GetValue<int>(), 2, embedder.Backbone.Config.MaximumLength, MaximumTokensKey),
            Texts(task[PromptKey]!.GetValue<string>(), task[LowersCaseKey]!.GetValue<bool>()), Name(TextKey), Name(EmbeddingKey));

        string Name(string key) => Require.Text(task[key]!.GetValue<string>(), key);
    }

    internal override JsonObject Describe() => new()
    {
        [TextKey] = TextColumnName,
        [EmbeddingKey] = EmbeddingColumnName,
        [PoolingKey] = (Embedder.Pooling switch
        {
            null => TextEmbeddingPooling.Pooler,
            Pooling.FirstToken => TextEmbeddingPooling.FirstToken,
            Pooling.LastToken => TextEmbeddingPooling.LastToken,
            _ => TextEmbeddingPooling.Mean,
        }).ToString(),
        [NormalizeKey] = Embedder.IsNormalized,
        [MaximumTokensKey] = MaximumTokens,
        [LowersCaseKey] = _texts.LowersCase,
        [PromptKey] = _texts.DefaultPrompt is string name ? _texts.Prompts[name] : "",
    };

    internal override void SaveFiles(string folder, JsonObject task) => ModelFolder.Save(Embedder, _tokenizer, folder, task);

    /// <summary>The embedder's way to say it: null is the family's pooler.</summary>
    private static Pooling? Layer(TextEmbeddingPooling? pooling, Pooling otherwise) => pooling switch
    {
        null => otherwise,
        TextEmbeddingPooling.Mean => Pooling.Mean,
        TextEmbeddingPooling.FirstToken => Pooling.FirstToken,
        TextEmbeddingPooling.LastToken => Pooling.LastToken,
        _ => null,
    };

    /// <summary>What is done to a text before it is tokenized.</summary>
    private static SentenceTransformerFolder Texts(string prompt, bool lowersCase) => new()
    {
        ModelFolder = "", IsNormalized = false, LowersCase = lowersCase, Prompts = new Dictionary<string, string> { [PromptKey] = prompt }, DefaultPrompt = PromptKey,
    };
}
