namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>tercom's normalization, as sacreBLEU has it, on code points.</summary>
internal sealed class TerTokenization(TerOptions options)
{
    private readonly CodePoints _result = new(), _scratch = new();

    /// <summary>The words of a text, separated by white space; a view that the next call overwrites.</summary>
    /// <param name="text">Lower-cased unless case counts. May be changed.</param>
    public ReadOnlySpan<int> Apply(CodePoints text)
    {
        if (!options.Normalized && !options.NoPunctuation) return text.Span;
        _result.Clear();
        if (options.Normalized && text.Length > 0) Normalize(text);
        else _result.Append(text.Span);
        if (!options.NoPunctuation) return _result.Span;
        _scratch.Clear();
        foreach (int c in _result.Span)
        {
            if (!IsPunctuation(c) && !(options.AsianSupport && IsAsianPunctuation(c))) _scratch.Append(c);
        }
        return _scratch.Span;
    }

    private void Normalize(CodePoints text)
    {
        WesternTokens.Replace(text, _scratch, "\n-", []);
        WesternTokens.Replace(text, _scratch, "\n", [' ']);
        WesternTokens.Unescape(text, _scratch);
        _result.Append(' ');
        _result.Append(text.Span);
        _result.Append(' ');
        WesternTokens.Split(_result, _scratch, splitPossessive: true);
        if (!options.AsianSupport) return;
        WesternTokens.Surround(_result.Span, _scratch, static c => IsAsianCharacter(c) || IsAsianPunctuation(c));
        _result.Clear();
        _result.Append(_scratch.Span);
    }

    private static bool IsPunctuation(int c) => c is '.' or ',' or '?' or ':' or ';' or '!' or '"' or '(' or ')';

    private static bool IsAsianPunctuation(int c) => c is 0x3001 or 0x3002 or (>= 0x3008 and <= 0x3011) or (>= 0x3014 and <= 0x301F) or (>= 0xFF61 and <= 0xFF65) or 0x30FB
        or 0xFF0E or 0xFF0C or 0xFF1F or 0xFF1A or 0xFF1B or 0xFF01 or 0xFF02 or 0xFF08 or 0xFF09;

    /// <summary>
    /// Ideographs, strokes, radicals, compatibility forms. The reference's range of enclosed characters ends at U+3F22 in place of U+32FF, which takes in the parts between; its patterns for kana can match nowhere, as they demand the beginning of the text
    /// where a space stands, so runs of kana stay whole.
    /// </summary>
    private static bool IsAsianCharacter(int c) => c is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3200 and <= 0x4DBF) or (>= 0x31C0 and <= 0x31EF) or (>= 0x2E80 and <= 0x2EFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0xFE30 and <= 0xFE4F);
}
