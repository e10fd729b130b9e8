using System.Globalization;
using System.Text;

namespace Microsoft.ML.Data;

/// <summary>Takes a line apart. Only fields with text are kept (and empty ones where these are to be NaN), each with its index.</summary>
internal sealed class FieldScanner
{
    private readonly TextFormat _format;
    private readonly ParseStatistics _statistics;
    private readonly int _inputSize;
    private readonly int _lastNeeded;
    private readonly StringBuilder _quoted = new();

    private TextLine _line;
    private int _end;
    private int _at;
    private int _fieldStart;
    private ReadOnlyMemory<char> _field;
    private int _sparseIndex;

    /// <param name="format">The format.</param>
    /// <param name="statistics">Where errors go.</param>
    /// <param name="lastNeeded">The index of the last field that anybody wants.</param>
    /// <param name="inputSize">The number of fields of a sparse line, 0 where the lines tell it.</param>
    public FieldScanner(TextFormat format, ParseStatistics statistics, int lastNeeded, int inputSize)
    {
        _format = format;
        _statistics = statistics;
        _lastNeeded = lastNeeded;
        _inputSize = inputSize;
    }

    public List<int> Indices { get; } = [];

    public List<ReadOnlyMemory<char>> Texts { get; } = [];

    /// <summary>The place of the first kept field that is not before an index.</summary>
    public int Find(int index)
    {
        int place = Indices.BinarySearch(index);
        return place < 0 ? ~place : place;
    }

    /// <summary>Scans a line and gives the number of its fields, as far as they are needed.</summary>
    public int Scan(TextLine line)
    {
        Indices.Clear();
        Texts.Clear();
        _line = line;
        _end = _format.Trim ? line.Text.AsSpan().TrimEnd().Length : line.Text.Length;
        _at = 0;
        return _format.Sparse ? ScanSparse() : ScanDense();
    }

    private int ScanDense()
    {
        for (int index = 0; ;)
        {
            bool more = NextField();
            if (!_field.IsEmpty || _format.MissingRealsAsNaNs)
                Keep(index);
            if (++index > _lastNeeded || !more)
                return index;
        }
    }

    /// <summary>First plain fields, then items "index:value" of a vector behind these, whose length stands before them or is known.</summary>
    private int ScanSparse()
    {
        int index = 0, denseCount = -1, sparseCount = -1, previous = -1;
        int size = _inputSize, lastNeeded = _lastNeeded;
        for (; ; )
        {
            bool more = NextField();
            if (_sparseIndex < 0)
            {
                if (denseCount >= 0)
                {
                    Error("Non-sparse formatted value follows sparse formatted value");
                    break;
                }
                if (!_field.IsEmpty)
                    Keep(index);
                if (index++ > lastNeeded || !more)
                    break;
                continue;
            }
            if (denseCount < 0)
            {
                if (size == 0)
                {
                    if (Indices.Count == 0 || Indices[^1] != index - 1)
                    {
                        Error("Missing dimensionality or ambiguous sparse item. Use sparse=- for non-sparse file, and/or quote the value.");
                        break;
                    }
                    if (!int.TryParse(Texts[^1].Span, NumberStyles.None, CultureInfo.InvariantCulture, out sparseCount) || sparseCount <= 0)
                    {
                        Error("Bad dimensionality or ambiguous sparse item. Use sparse=- for non-sparse file, and/or quote the value.");
                        break;
                    }
                    denseCount = Indices[^1];
                    Indices.RemoveAt(Indices.Count - 1);
                    Texts.RemoveAt(Texts.Count - 1);
                    sparseCount = Math.Min(sparseCount, TextColumnSource.End - denseCount - 1);
                    size = denseCount + sparseCount;
                    lastNeeded = Math.Min(lastNeeded, size - 1);
                }
                else
                {
                    denseCount = Indices.Count;
                    sparseCount = size - denseCount;
                }
            }
            if (_sparseIndex > lastNeeded - denseCount)
            {
                if (_sparseIndex >= sparseCount)
                    Error("Sparse item index larger than expected. Is the specified size incorrect?");
                if (_sparseIndex >= sparseCount || _sparseIndex > lastNeeded - denseCount + 1)
                    break;
            }
            if (previous >= _sparseIndex)
            {
                Error("Sparse indices out of order");
                break;
            }
            previous = _sparseIndex;
            if (!_field.IsEmpty)
                Keep(denseCount + _sparseIndex);
            if (!more)
                break;
        }
        return denseCount < 0 ? Math.Max(index, size) : size;
    }

    private void Keep(int index)
    {
        Indices.Add(index);
        Texts.Add(_field);
    }

    private void Error(string message) => _statistics.FormatError(_line.Path, _line.Number, _fieldStart, _at, message);

    /// <summary>Reads a field; false when it was the line's last one.</summary>
    private bool NextField()
    {
        SkipBlanks();
        _sparseIndex = -1;
        _field = default;
        _fieldStart = _at;
        if (_at < _end && _format.Sparse)
            ReadSparseIndex();
        if (_at >= _end)
            return false;
        if (_format.Quoting && _line.Text[_at] == '"')
            ReadQuoted();
        else
        {
            int start = _at;
            while (_at < _end && !_format.IsSeparator(_line.Text[_at]))
                _at++;
            _field = _line.Text.AsMemory(start, _at - start);
        }
        if (_at >= _end)
            return false;
        _at++;
        return true;
    }

    private void ReadSparseIndex()
    {
        const int MostDigits = 9;
        int digits = 0;
        while (digits < MostDigits && _at + digits < _end && char.IsAsciiDigit(_line.Text[_at + digits]))
            digits++;
        if (digits == 0 || _at + digits >= _end || _line.Text[_at + digits] != ':')
            return;
        _sparseIndex = int.Parse(_line.Text.AsSpan(_at, digits), NumberStyles.None, CultureInfo.InvariantCulture);
        _at += digits + 1;
        SkipBlanks();
    }

    /// <summary>A field in quotes. One that does not end well is empty.</summary>
    private void ReadQuoted()
    {
        string text = _line.Text;
        _quoted.Clear();
        bool closed = false;
        for (_at++; _at < _end && !closed; _at++)
        {
            char unit = text[_at];
            if (unit == _format.EscapeChar && _at + 1 < _end && text[_at + 1] == '"')
                _quoted.Append(text[++_at]);
            else if (unit == '"')
                closed = true;
            else
                _quoted.Append(unit);
        }
        bool good = closed;
        for (; _at < _end && !_format.IsSeparator(text[_at]); _at++)
            good &= text[_at] == ' ';
        if (!good)
            Error("Illegal quoting");
        else if (_quoted.Length > 0)
            _field = _quoted.ToString().AsMemory();
    }

    private void SkipBlanks()
    {
        while (!_format.BlanksSeparate && _at < _end && _line.Text[_at] == ' ')
            _at++;
    }
}
