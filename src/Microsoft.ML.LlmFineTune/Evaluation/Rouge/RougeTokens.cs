namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// rouge_score's words: runs of a-z and 0-9 of the lower-cased text. Of all characters beyond ASCII only two have such letters in their lower case: the Kelvin sign (k) and the dotted capital I (i, and a combining dot, which separates); the rest separates.
/// </summary>
internal sealed class RougeTokens(PorterStemmer? stemmer)
{
    private const int LongestUnstemmed = 3;
    private const char Kelvin = '\u212A', DottedI = '\u0130';

    private readonly CodePoints _word = new();

    /// <summary>Appends the words of a text.</summary>
    public void Read(ReadOnlySpan<char> text, TokenTable vocabulary, TokenList tokens)
    {
        _word.Clear();
        foreach (char c in text)
        {
            switch (c)
            {
                case (>= 'a' and <= 'z') or (>= '0' and <= '9'): _word.Append(c); break;
                case >= 'A' and <= 'Z': _word.Append(c + ('a' - 'A')); break;
                case Kelvin: _word.Append('k'); break;
                case DottedI: _word.Append('i'); End(vocabulary, tokens); break;
                default: End(vocabulary, tokens); break;
            }
        }
        End(vocabulary, tokens);
    }

    /// <summary>The words of a text.</summary>
    public IReadOnlyList<string> Read(string text)
    {
        TokenTable vocabulary = new();
        TokenList tokens = new();
        Read(text, vocabulary, tokens);
        List<string> words = [];
        foreach (int token in tokens.Span) words.Add(CodePoints.ToString(vocabulary[token]));
        return words;
    }

    private void End(TokenTable vocabulary, TokenList tokens)
    {
        if (_word.Length == 0) return;
        if (stemmer is not null && _word.Length > LongestUnstemmed) stemmer.Stem(_word);
        tokens.Add(vocabulary.Add(_word.Span));
        _word.Clear();
    }
}
