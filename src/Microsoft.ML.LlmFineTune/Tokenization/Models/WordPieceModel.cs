using System.Buffers;
using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// WordPiece (Wu et al.: "Google's Neural Machine Translation System", 2016), as BERT encodes: from the left, always the longest token that fits. A word that doesn't come out even is one unknown token.
/// </summary>
internal sealed class WordPieceModel : VocabularyModel
{
    private readonly TokenTable _tokens;
    private readonly string _prefix;
    private readonly int _longest;

    /// <summary>A model of a vocabulary.</summary>
    /// <param name="vocabulary">The tokens and their ids.</param>
    /// <param name="unknownToken">What stands for words that can't be cut.</param>
    /// <param name="prefix">What tokens that don't begin a word begin with.</param>
    /// <param name="maximumCharacters">Words of more characters are unknown.</param>
    public WordPieceModel(Dictionary<string, int> vocabulary, string unknownToken = "[UNK]", string prefix = "##", int maximumCharacters = 100)
    {
        _tokens = new TokenTable(vocabulary);
        (UnknownToken, _prefix, MaximumCharacters) = (unknownToken, prefix, maximumCharacters);
        UnknownId = _tokens.IdOf(unknownToken);
        _longest = vocabulary.Count == 0 ? 0 : vocabulary.Keys.Max(token => token.Length);
    }

    public string UnknownToken { get; }

    public string Prefix => _prefix;

    public int MaximumCharacters { get; }

    public override IReadOnlyDictionary<string, int> Vocabulary => _tokens.Ids;

    public override int? UnknownId { get; }

    public override int? IdOf(string token) => _tokens.IdOf(token);

    public override string? TokenOf(int id) => _tokens.TokenOf(id);

    public override void Tokenize(ReadOnlySpan<char> word, List<TokenPiece> pieces)
    {
        var first = pieces.Count;
        if (TooLong(word) || !Cut(word, pieces))
        {
            pieces.RemoveRange(first, pieces.Count - first);
            pieces.Add(new TokenPiece(UnknownId ?? throw NoUnknownToken(word, UnknownToken), 0, word.Length));
        }
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("WordPiece");
        writer.WriteString("unk_token", UnknownToken);
        writer.WriteString("continuing_subword_prefix", _prefix);
        writer.WriteNumber("max_input_chars_per_word", MaximumCharacters);
        ModelJson.WriteVocabulary(writer, _tokens.Ids);
        writer.WriteEndObject();
    }

    private bool TooLong(ReadOnlySpan<char> word)
    {
        if (word.Length <= MaximumCharacters)
            return false;
        var characters = 0;
        foreach (var unit in word)
            characters += char.IsLowSurrogate(unit) ? 0 : 1;
        return characters > MaximumCharacters;
    }

    private bool Cut(ReadOnlySpan<char> word, List<TokenPiece> pieces)
    {
        // The word behind the prefix, so that prefix and rest are one span wherever the rest begins.
        var rented = ArrayPool<char>.Shared.Rent(_prefix.Length + word.Length);
        try
        {
            for (var start = 0; start < word.Length;)
            {
                var prefix = start > 0 ? _prefix.Length : 0;
                _prefix.CopyTo(rented);
                word[start..].CopyTo(rented.AsSpan(prefix));
                var end = Math.Min(word.Length, start + Math.Max(_longest - prefix, 0));
                int id;
                while (true)
                {
                    if (end <= start)
                        return false;
                    if ((end == word.Length || !char.IsLowSurrogate(word[end])) && _tokens.TryGet(rented.AsSpan(0, prefix + end - start), out id))
                        break;
                    end--;
                }
                pieces.Add(new TokenPiece(id, start, end));
                start = end;
            }
            return true;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(rented);
        }
    }
}
