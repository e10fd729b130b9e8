namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// What a tokenizer makes of a text or of a pair of texts: one entry a token in each list. What Hugging Face's tokenizers call an Encoding.
/// </summary>
public sealed class TextEncoding
{
    internal const int NoWord = -1;

    private readonly int[] _ids;
    private readonly TokenSpan[] _spans;
    private readonly int[] _words;
    private readonly int[] _typeIds;
    private readonly int[] _specialTokensMask;
    private readonly int[] _attentionMask;
    private readonly Func<int, string> _spell;
    private readonly Dictionary<int, string>? _spellings;

    internal TextEncoding(EncodedTokens tokens, Func<int, string> spell)
    {
        (_ids, _spans, _words, _typeIds) = (tokens.Ids, tokens.Spans, tokens.Words, tokens.TypeIds);
        (_specialTokensMask, _attentionMask) = (tokens.SpecialTokensMask, tokens.AttentionMask);
        (_spell, _spellings) = (spell, tokens.Spellings);
        Sequences = tokens.Sequences;
        TruncatedTokens = tokens.TruncatedTokens;
        Overflowing = [.. tokens.Overflowing.Select(overflow => new TextEncoding(overflow, spell))];
    }

    /// <summary>How many tokens there are, special and padding tokens among them.</summary>
    public int Count => _ids.Length;

    /// <summary>Numbers of the tokens in the vocabulary.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>The part of the text that each token stands for, in UTF-16 units of the text as it was given (for a pair: of the one of the two that the token is from; for words: of the word). Special tokens and padding have 0 to 0.</summary>
    public IReadOnlyList<TokenSpan> Spans => _spans;

    /// <summary>Which part of the model's input a token belongs to, as the post-processor says: mostly 0 for a text, 1 for the second of a pair.</summary>
    public IReadOnlyList<int> TypeIds => _typeIds;

    /// <summary>1 for tokens that the tokenizer added, padding among them; 0 for those of the text.</summary>
    public IReadOnlyList<int> SpecialTokensMask => _specialTokensMask;

    /// <summary>0 for padding, otherwise 1.</summary>
    public IReadOnlyList<int> AttentionMask => _attentionMask;

    /// <summary>The tokens as the vocabulary spells them; added tokens and unknown text as the text spells them.</summary>
    public IReadOnlyList<string> Tokens => field ??= [.. _ids.Select((id, i) => _spellings?.GetValueOrDefault(i) ?? _spell(id))];

    /// <summary>What was cut off, in windows as long as this and, as asked for, overlapping; empty where nothing was.</summary>
    public IReadOnlyList<TextEncoding> Overflowing { get; }

    /// <summary>How many tokens of the text or texts were cut off.</summary>
    public int TruncatedTokens { get; }

    internal IReadOnlyList<(int Sequence, int Start, int End)> Sequences { get; }

    /// <summary>The number of the word that a token is part of, as the pre-tokenizer split them (or as they were given), from 0; null for special tokens and padding.</summary>
    public int? WordOf(int token) => _words[token] == NoWord ? null : _words[token];

    /// <summary>Which text a token is from: 0, or 1 for the second of a pair; null for special tokens and padding.</summary>
    public int? SequenceOf(int token)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)token, (uint)Count, nameof(token));
        if (Sequences.Count == 0)
            return 0;
        int? found = null;
        foreach (var (sequence, start, end) in Sequences)
        {
            if (token >= start && token < end && !(found > sequence))
                found = sequence;
        }
        return found;
    }

    /// <summary>The first token that stands for a place of the text; null where none does.</summary>
    /// <param name="position">A UTF-16 unit of the text.</param>
    /// <param name="sequence">Which text: 0, or 1 for the second of a pair.</param>
    public int? TokenAt(int position, int sequence = 0)
    {
        for (var token = 0; token < Count; token++)
        {
            if (position >= _spans[token].Start && position < _spans[token].End && SequenceOf(token) == sequence)
                return token;
        }
        return null;
    }

    /// <summary>The tokens of a word; null where it has none.</summary>
    /// <param name="word">The number of the word.</param>
    /// <param name="sequence">Which text: 0, or 1 for the second of a pair.</param>
    public Range? TokensOfWord(int word, int sequence = 0)
    {
        var (first, end) = (-1, -1);
        for (var token = 0; token < Count; token++)
        {
            if (_words[token] != word || SequenceOf(token) != sequence)
                continue;
            first = first < 0 ? token : first;
            end = token + 1;
        }
        return first < 0 ? null : first..end;
    }
}
