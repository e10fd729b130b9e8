using System.Text.RegularExpressions;
namespace Microsoft.ML.LlmFineTune.Tokenization;
internal sealed class CodePointRegex
{
    private readonly Regex _r;
    private CodePointRegex(string p) => _r = new Regex(p, RegexOptions.CultureInvariant | RegexOptions.Compiled);
    public static CodePointRegex Parse(string pattern) { try { return new(pattern); } catch (ArgumentException e) { throw new InvalidDataException(e.Message, e); } }
    public bool TryMatch(ReadOnlySpan<char> text, int start, out int index, out int length)
    {
        foreach (var m in _r.EnumerateMatches(text, start)) { (index, length) = (m.Index, m.Length); return true; }
        (index, length) = (0, 0); return false;
    }
}
