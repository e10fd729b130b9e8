using System.Text;

namespace Microsoft.ML.Data;

internal readonly record struct TextLine(string Path, long Number, string Text);

/// <summary>The lines of some files that hold rows: no comments (//; and # before the first row), no empty lines, no headers.</summary>
internal sealed class LineReader(TextFormat format)
{
    public IEnumerable<TextLine> Read(IMultiStreamSource source, bool skipHeader, long limit)
    {
        for (int file = 0; file < source.Count && limit > 0; file++)
        {
            string path = source.GetPathOrNull(file);
            using var reader = source.OpenTextReader(file);
            bool begun = false;
            long number = 0;
            while (limit > 0 && ReadLine(reader, number, begun) is { } text)
            {
                number++;
                if (text.Length == 0 || text.StartsWith("//", StringComparison.Ordinal) || (!begun && text[0] == '#'))
                    continue;
                bool isHeader = skipHeader && !begun;
                begun = true;
                if (isHeader)
                    continue;
                limit--;
                yield return new(path, number, text);
            }
        }
    }

    private string ReadLine(TextReader reader, long number, bool begun)
    {
        string line = reader.ReadLine();
        if (!format.Multiline || string.IsNullOrEmpty(line) || line.StartsWith("//", StringComparison.Ordinal) || (!begun && line[0] == '#'))
            return line;
        if (!EndsInsideQuotes(line, false))
            return line;
        var whole = new StringBuilder(line);
        bool open = true;
        while (open)
        {
            line = reader.ReadLine() ?? throw new EndOfStreamException($"A quoted field opened on line {number} was never closed, and we've read to the last line in the file without finding the closing quote");
            whole.Append('\n').Append(line);
            open = EndsInsideQuotes(line, true);
        }
        return whole.ToString();
    }

    /// <summary>Whether a quoted field is still open at the end of a line.</summary>
    private bool EndsInsideQuotes(string line, bool startsInside)
    {
        if (line.Length == 0)
            return startsInside;
        int at = 0;
        bool inside = Field(line, ref at, startsInside, out _);
        while (at < line.Length)
        {
            inside = Field(line, ref at, false, out bool broken);
            if (broken)
                return false;
            while (at < line.Length && format.IsSeparator(line[at]))
                at++;
        }
        return inside;
    }

    private bool Field(string line, ref int at, bool startsInside, out bool broken)
    {
        broken = false;
        if (!startsInside)
            SkipBlanks(line, ref at);
        if (at >= line.Length)
            return startsInside;
        if (!startsInside && line[at] != '"')
        {
            while (at < line.Length && !format.IsSeparator(line[at]))
                at++;
            return false;
        }
        if (!startsInside)
            at++;
        for (; ; at++)
        {
            if (at >= line.Length)
                return true;
            if (format.EscapeChar != '"' && line[at] == format.EscapeChar)
            {
                if (++at >= line.Length)
                    return true;
                continue;
            }
            if (line[at] != '"')
                continue;
            if (format.EscapeChar != '"')
                break;
            if (++at >= line.Length)
                return false;
            if (line[at] != '"')
                break;
        }
        SkipBlanks(line, ref at);
        broken = at < line.Length && !format.IsSeparator(line[at]);
        return false;
    }

    private void SkipBlanks(string line, ref int at)
    {
        while (!format.BlanksSeparate && at < line.Length && line[at] == ' ')
            at++;
    }
}
