using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Cuts words into tokens of a vocabulary. Immutable, safe for several threads.</summary>
internal abstract class VocabularyModel
{
    /// <summary>The tokens and their ids.</summary>
    public abstract IReadOnlyDictionary<string, int> Vocabulary { get; }

    /// <summary>The token for what the vocabulary doesn't have; null where there is none.</summary>
    public abstract int? UnknownId { get; }

    /// <summary>Whether a word has the same tokens every time.</summary>
    public virtual bool Deterministic => true;

    /// <summary>Whether a token that stands for unknown text is spelled as that text is.</summary>
    public virtual bool UnknownKeepsText => false;

    public abstract int? IdOf(string token);

    public abstract string? TokenOf(int id);

    /// <summary>Appends the tokens of a word that isn't empty.</summary>
    /// <exception cref="InvalidOperationException">The word is not in the vocabulary, and that has no unknown token.</exception>
    public abstract void Tokenize(ReadOnlySpan<char> word, List<TokenPiece> pieces);

    public abstract void Write(Utf8JsonWriter writer);

    protected static InvalidOperationException NoUnknownToken(ReadOnlySpan<char> word, string? unknownToken) => new(
        $"'{(word.Length > 40 ? $"{word[..40]}..." : word.ToString())}' is not in the vocabulary, and {(unknownToken is null ? "no unknown token is set" : $"neither is the unknown token '{unknownToken}'")}: add one to the vocabulary, or leave such texts out.");
}
