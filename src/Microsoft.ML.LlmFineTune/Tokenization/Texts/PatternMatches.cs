namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The matches of a pattern in a text, from the left.</summary>
internal ref struct PatternMatches(ReadOnlySpan<char> text, string literal, CodePointRegex? regex)
{
    private readonly ReadOnlySpan<char> _text = text;
    private readonly CodePointMatcher _matcher = regex is null ? default : regex.Over(text);
    private int _from;
    private int _lastEnd = -1;

    /// <summary>The next match, if any.</summary>
    public bool Next(out int start, out int end)
    {
        while (_from <= _text.Length)
        {
            if (regex is null)
            {
                start = _text[_from..].IndexOf(literal, StringComparison.Ordinal);
                if (start < 0)
                    break;
                start += _from;
                end = start + literal.Length;
            }
            else
            {
                if (!_matcher.TryMatch(_from, out start, out var length))
                    break;
                end = start + length;
            }
            if (end == start && start == _lastEnd)
            {
                _from += _from + 1 < _text.Length && char.IsHighSurrogate(_text[_from]) ? 2 : 1;
                continue;
            }
            _from = _lastEnd = end;
            return true;
        }
        (start, end) = (0, 0);
        return false;
    }
}
