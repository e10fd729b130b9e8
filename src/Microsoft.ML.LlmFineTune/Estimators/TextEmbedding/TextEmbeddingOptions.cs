using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>How texts become vectors. What is null is as the model's folder says where that was one of sentence-transformers.</summary>
public sealed record TextEmbeddingOptions
{
    /// <summary>The text column; a missing text is an empty one. Default "Text".</summary>
    public string TextColumnName { get; init; } = "Text";

    /// <summary>The column of vectors, as wide as the model's hidden states. Default "Embedding".</summary>
    public string EmbeddingColumnName { get; init; } = "Embedding";

    /// <summary>How the hidden states of a text become one vector. Default null: as the folder says, else <see cref="TextEmbeddingPooling.Mean"/>.</summary>
    public TextEmbeddingPooling? Pooling { get; init; }

    /// <summary>Whether vectors are divided by their Euclidean length, so that their dot product is the cosine. Default null: as the folder says, else false.</summary>
    public bool? Normalize { get; init; }

    /// <summary>Tokens of a text that are read, special ones among them, at least 2; longer texts lose their end, counted and reported in the log. Default null: as the folder says, else as many as the model has positions.</summary>
    public int? MaximumTokens { get; init; }

    /// <summary>What is put before each text, "query: " for example. Default null: as the folder says, else nothing.</summary>
    public string? Prompt { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Text(TextColumnName);
        Require.Text(EmbeddingColumnName);
        Require.Argument(Pooling is not TextEmbeddingPooling pooling || Enum.IsDefined(pooling), $"Pooling must be one of {string.Join(", ", Enum.GetNames<TextEmbeddingPooling>())}; received {Pooling}.");
        if (MaximumTokens is int tokens) Require.AtLeast(tokens, 2, nameof(MaximumTokens));
    }
}
