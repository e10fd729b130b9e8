using System.Text;

namespace Microsoft.ML.LlmFineTune.Data;

/// <summary>Reads rows of fields one by one. Lines end in LF, CRLF or CR; empty lines between rows are left out.</summary>
internal sealed class DelimitedScanner(TextReader file, string path, char separator, bool literalQuotes)
{
    private const int End = -1;

    private readonly StringBuilder _field = new();
    private int _line = 1;

    /// <summary>The line, from 1, on which the last row begins.</summary>
    public int FirstLineOfRow { get; private set; }

    /// <summary>The fields of the next row; null at the end.</summary>
    public List<string>? NextRow()
    {
        while (file.Peek() is '\r' or '\n')
            Read();
        if (file.Peek() == End)
            return null;
        FirstLineOfRow = _line;
        var row = new List<string>();
        while (true)
        {
            row.Add(NextField());
            if (file.Peek() != separator)
                return row;
            Read();
        }
    }

    private string NextField()
    {
        _field.Clear();
        if (!literalQuotes && file.Peek() == '"')
        {
            ReadQuoted();
        }
        else
        {
            while (file.Peek() is not (End or '\r' or '\n') and var next && next != separator)
                _field.Append((char)Read());
        }
        return _field.ToString();
    }

    private void ReadQuoted()
    {
        var start = _line;
        Read();
        while (true)
        {
            var character = Read();
            if (character == End)
                throw new InvalidDataException($"{path}, line {start}: a quote that opens a field is never closed. Double quotes inside of fields, or read the file with literal quotes.");
            if (character != '"')
            {
                _field.Append((char)character);
                continue;
            }
            if (file.Peek() != '"')
                break;
            _field.Append((char)Read());
        }
        if (file.Peek() is not (End or '\r' or '\n') and var next && next != separator)
            throw new InvalidDataException($"{path}, line {_line}: '{(char)next}' stands after a closing quote; a separator or a line break is required. Double quotes inside of fields, or read the file with literal quotes.");
    }

    private int Read()
    {
        var character = file.Read();
        if (character == '\n' || character == '\r' && file.Peek() != '\n')
            _line++;
        return character;
    }
}
