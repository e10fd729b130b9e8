using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// A regular expression over code points, written as tokenizer.json and tiktoken's files write them. It is translated for .NET twice, for texts without surrogates and for others;
/// the published split patterns have scanners of their own instead, which give the same and are faster. A lone surrogate is a code point of its own, of category Cs. Safe for several threads.
/// </summary>
internal sealed class CodePointRegex
{
    private const int LongestTranslation = 1 << 20;
    private const int LongestCompiled = 1 << 16;

    private readonly Lazy<Regex> _units;
    private readonly Lazy<Regex> _pairs;

    private CodePointRegex(string pattern, TimeSpan timeout, string units, string pairs, TextSplitter? splitter)
    {
        Pattern = pattern;
        Splitter = splitter;
        _units = new(() => Create(units, timeout));
        _pairs = new(() => Create(pairs, timeout));
    }

    /// <summary>How long one match may take.</summary>
    public static TimeSpan DefaultTimeout { get; } = TimeSpan.FromSeconds(5);

    /// <summary>The pattern as it was given.</summary>
    public string Pattern { get; }

    /// <summary>The scanner of a published pattern, whose matches cover every text without gaps; null for other patterns.</summary>
    public TextSplitter? Splitter { get; }

    /// <summary>Reads a pattern.</summary>
    /// <param name="pattern">The pattern, at most <see cref="RegexParser.LongestPattern"/> characters.</param>
    /// <param name="flavor">Whose reading of it counts.</param>
    /// <param name="timeout">How long one match may take; default <see cref="DefaultTimeout"/>.</param>
    /// <param name="useSplitter">Whether a published pattern gets its scanner.</param>
    /// <exception cref="InvalidDataException">The pattern is malformed or has something that isn't supported; the message says what and where.</exception>
    public static CodePointRegex Parse(string pattern, RegexFlavor flavor = RegexFlavor.Oniguruma, TimeSpan? timeout = null, bool useSplitter = true)
    {
        var node = RegexParser.Parse(pattern, flavor);
        var (units, pairs) = (RegexEmitter.Emit(node, pairs: false, LongestTranslation), RegexEmitter.Emit(node, pairs: true, LongestTranslation));
        if (units is null || pairs is null)
            throw new InvalidDataException($"The regular expression '{Shortened(pattern)}' cannot be used: written out for UTF-16 it has more than {LongestTranslation} characters.");
        return new CodePointRegex(pattern, timeout ?? DefaultTimeout, units, pairs, useSplitter ? PublishedPatterns.Find(pattern, flavor) : null);
    }

    /// <summary>A pattern that matches a text literally.</summary>
    public static string Escape(string literal)
    {
        var escaped = new StringBuilder(literal.Length);
        foreach (var unit in literal)
        {
            if (@"\|.()[]{}^$*+?#-&".Contains(unit, StringComparison.Ordinal))
                escaped.Append('\\');
            escaped.Append(unit);
        }
        return escaped.ToString();
    }

    /// <summary>The matches in a text: looks once whether it has surrogates, so that many matches of a long text don't.</summary>
    public CodePointMatcher Over(ReadOnlySpan<char> text) => new(this, text, Splitter is null && text.ContainsAnyInRange('\uD800', '\uDFFF'));

    /// <summary>The leftmost match at or after a place between two code points; for many matches of one text take <see cref="Over"/>.</summary>
    /// <exception cref="TimeoutException">The match took longer than it may.</exception>
    public bool TryMatch(ReadOnlySpan<char> text, int start, out int index, out int length) => Over(text).TryMatch(start, out index, out length);

    internal bool TryMatch(ReadOnlySpan<char> text, bool hasSurrogates, int start, out int index, out int length)
    {
        (index, length) = (start, 0);
        if (Splitter is not null)
        {
            length = start < text.Length ? Splitter.MatchLength(text[start..]) : 0;
            return length > 0;
        }
        try
        {
            var matches = (hasSurrogates ? _pairs : _units).Value.EnumerateMatches(text, start);
            if (!matches.MoveNext())
                return false;
            (index, length) = (matches.Current.Index, matches.Current.Length);
            return true;
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new TimeoutException($"The regular expression '{Shortened(Pattern)}' took more than {e.MatchTimeout.TotalSeconds:0.###} s for one match in a text of {text.Length} characters; it backtracks too much. Use a simpler pattern, or shorter texts.", e);
        }
    }

    private static string Shortened(string pattern) => pattern.Length > 200 ? pattern[..200] + "..." : pattern;

    private static Regex Create(string pattern, TimeSpan timeout) =>
        new(pattern, RegexOptions.CultureInvariant | (pattern.Length <= LongestCompiled ? RegexOptions.Compiled : RegexOptions.None), timeout);
}
