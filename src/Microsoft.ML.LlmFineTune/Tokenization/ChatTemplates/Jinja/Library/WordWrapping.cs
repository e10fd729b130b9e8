using static Microsoft.ML.LlmFineTune.Tokenization.Filters;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The <c>wordwrap</c> filter: Python's <c>textwrap</c>, line by line.</summary>
internal static class WordWrapping
{
    public static object? Filter(RenderState state, object?[] a)
    {
        var width = PythonNumbers.ToIndex(Or(a[1], 79L));
        var separator = Or(a[3], null) is { } given ? Printing.Text(given) : "\n";
        if (!Values.IsText(a[0], out var text)) throw a[0] is UndefinedValue undefined ? undefined.Error() : Raise.Attribute(a[0], "splitlines");
        var output = new PrintBuffer();
        var first = true;
        foreach (var line in StringMethods.Lines(text, keepEnds: false))
        {
            if (!first) output.Append(separator);
            first = false;
            var inner = true;
            foreach (var wrapped in Wrap(line, width, Flag(a[2], true), Flag(a[4], true)))
            {
                if (!inner) output.Append(separator);
                inner = false;
                output.Append(wrapped);
            }
        }
        return output.ToString();
    }

    private static List<string> Wrap(string text, long width, bool breakLong, bool breakHyphens)
    {
        if (width <= 0) throw Raise.Value($"invalid width {width} (must be > 0)");
        var lines = new List<string>();
        var chunks = new LinkedList<string>(Chunks(text, breakHyphens));
        while (chunks.First is not null)
        {
            RenderBudget.Steps(1);
            var line = new List<string>();
            long length = 0;
            if (lines.Count > 0 && IsBlank(chunks.First.Value)) chunks.RemoveFirst();
            for (; chunks.First is { } next && length + CodePointText.Count(next.Value) <= width; chunks.RemoveFirst())
            {
                RenderBudget.Steps(1);
                line.Add(next.Value);
                length += CodePointText.Count(next.Value);
            }
            if (chunks.First is { } tooLong && CodePointText.Count(tooLong.Value) > width)
            {
                var space = width < 1 ? 1 : width - length;
                if (breakLong)
                {
                    var chunk = tooLong.Value;
                    var end = CodePointText.Offset(chunk, (int)space);
                    // Python breaks behind a hyphen, if one stands in the part that fits.
                    if (breakHyphens && CodePointText.Count(chunk) > space)
                    {
                        var hyphen = chunk[..end].LastIndexOf('-');
                        if (hyphen > 0 && chunk[..hyphen].Any(c => c != '-')) end = hyphen + 1;
                    }
                    line.Add(chunk[..end]);
                    RenderBudget.Make(chunk.Length - end);
                    chunks.First.Value = chunk[end..];
                }
                else if (line.Count == 0)
                {
                    line.Add(tooLong.Value);
                    chunks.RemoveFirst();
                }
            }
            if (line.Count > 0 && IsBlank(line[^1])) line.RemoveAt(line.Count - 1);
            if (line.Count > 0) lines.Add(string.Concat(line));
        }
        return lines;
    }

    private static bool IsBlank(string chunk) => chunk.All(c => Characters.IsSpace(c));

    /// <summary>Runs of blanks, and words; a word with hyphens between letters in several.</summary>
    private static IEnumerable<string> Chunks(string text, bool breakHyphens)
    {
        const string blanks = "\t\n\v\f\r ";
        for (var at = 0; at < text.Length;)
        {
            RenderBudget.Make(1);
            var start = at;
            var blank = blanks.Contains(text[at]);
            while (at < text.Length && blanks.Contains(text[at]) == blank && (at == start || blank || !breakHyphens || !Breaks(text, start, at))) at++;
            yield return text[start..at];
        }
    }

    // Behind a hyphen that follows a letter (or two characters) and has a letter and another behind it; and around a dash of several hyphens.
    private static bool Breaks(string text, int start, int at)
    {
        if (IsDash(text, at) && at > start && text[at - 1] != '-' && IsWordOrPunctuation(text[at - 1])) return true;
        if (text[at - 1] == '-' && at >= start + 2 && text[at - 2] == '-') return text[at] != '-' && IsWord(text[at]);
        if (text[at - 1] != '-' || at < start + 2 || !IsLetter(text[at]) || at + 1 >= text.Length) return false;
        var before = text[at - 2];
        var wide = at >= start + 3 && IsWordOrPunctuation(text[at - 3]) && (IsLetter(before) || char.IsAsciiDigit(before) || before == '_');
        return (wide || (at >= start + 3 && IsLetter(before))) && IsLetter(before) && (IsLetter(text[at + 1]) || text[at + 1] == '-');
    }

    private static bool IsDash(string text, int at)
    {
        var hyphens = 0;
        while (at + hyphens < text.Length && text[at + hyphens] == '-') hyphens++;
        return hyphens >= 2 && at + hyphens < text.Length && IsWord(text[at + hyphens]);
    }

    private static bool IsLetter(char c) => Characters.IsWord(c) && !char.IsDigit(c) && c != '_';

    private static bool IsWord(char c) => Characters.IsWord(c);

    private static bool IsWordOrPunctuation(char c) => Characters.IsWord(c) || "!\"'&.,?".Contains(c);
}
