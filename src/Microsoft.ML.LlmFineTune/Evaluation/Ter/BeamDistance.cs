namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// Edit distance near the diagonal (scaled by the ratio of the lengths), as sacreBLEU computes it. The whole matrix of one text is kept; of texts that differ from it only behind some word, rows are computed from there on.
/// </summary>
internal sealed class BeamDistance
{
    private const int NarrowestBeam = 25, Unreached = int.MaxValue / 2;

    private int[] _costs = [], _previous = [], _current = [];
    private Operation[] _operations = [], _ignored = [];
    private int _words, _columns, _beam;
    private double _ratio;

    private enum Operation : byte
    {
        None,
        Keep,
        Substitute,
        Delete,
        Insert,
    }

    /// <summary>The distance of a text to a reference of at least one word.</summary>
    public int Compute(ReadOnlySpan<int> words, ReadOnlySpan<int> reference)
    {
        (_words, _columns) = (words.Length, reference.Length + 1);
        _ratio = words.IsEmpty ? 1 : (double)reference.Length / words.Length;
        _beam = NarrowestBeam < _ratio / 2 ? (int)Math.Ceiling((_ratio / 2) + NarrowestBeam) : NarrowestBeam;
        int cells = (words.Length + 1) * _columns;
        if (_costs.Length < cells)
        {
            _costs = new int[cells];
            _operations = new Operation[cells];
        }
        if (_current.Length < _columns)
        {
            _previous = new int[_columns];
            _current = new int[_columns];
            _ignored = new Operation[_columns];
        }
        for (int j = 0; j < _columns; j++) (_costs[j], _operations[j]) = (j, Operation.Insert);
        for (int i = 1; i <= words.Length; i++) FillRow(i, words[i - 1], reference, Row(i - 1), Row(i), _operations.AsSpan(i * _columns, _columns));
        return _costs[cells - 1];
    }

    /// <summary>The distance of a text of the same length that agrees with the last one given to <see cref="Compute"/> before a word.</summary>
    public int ComputeFrom(int firstChanged, ReadOnlySpan<int> words, ReadOnlySpan<int> reference)
    {
        Row(firstChanged).CopyTo(_previous);
        for (int i = firstChanged + 1; i <= _words; i++)
        {
            FillRow(i, words[i - 1], reference, _previous.AsSpan(0, _columns), _current.AsSpan(0, _columns), _ignored);
            (_previous, _current) = (_current, _previous);
        }
        return _previous[_columns - 1];
    }

    /// <summary>How the last text given to <see cref="Compute"/> is aligned with the reference.</summary>
    /// <param name="alignment">For each word of the reference the word that it is aligned with, or the last one before it; -1 before the first.</param>
    /// <param name="errors">Which words of the text are no match.</param>
    /// <param name="referenceErrors">Which words of the reference are no match.</param>
    public void Align(Span<int> alignment, Span<bool> errors, Span<bool> referenceErrors)
    {
        int i = _words, j = _columns - 1;
        while (i > 0 || j > 0)
        {
            Operation operation = _operations[(i * _columns) + j];
            if (operation == Operation.None) throw new InvalidOperationException("The beam of TER's edit distance has lost the path between two texts.");
            bool error = operation != Operation.Keep;
            if (operation == Operation.Delete)
            {
                errors[--i] = error;
                continue;
            }
            if (operation != Operation.Insert) errors[--i] = error;
            referenceErrors[--j] = error;
            alignment[j] = operation == Operation.Insert ? i - 1 : i;
        }
    }

    private Span<int> Row(int i) => _costs.AsSpan(i * _columns, _columns);

    private void FillRow(int i, int word, ReadOnlySpan<int> reference, ReadOnlySpan<int> above, Span<int> row, Span<Operation> operations)
    {
        int diagonal = (int)Math.Floor(i * _ratio), first = Math.Max(0, diagonal - _beam), end = i == _words ? _columns : Math.Min(_columns, diagonal + _beam);
        row.Fill(Unreached);
        for (int j = first; j < end; j++)
        {
            if (j == 0)
            {
                (row[0], operations[0]) = (above[0] + 1, Operation.Delete);
                continue;
            }
            (int cost, Operation operation) = (Unreached, Operation.None);
            bool same = word == reference[j - 1];
            int diagonalCost = above[j - 1] + (same ? 0 : 1), deletion = above[j] + 1, insertion = row[j - 1] + 1;
            if (diagonalCost < cost) (cost, operation) = (diagonalCost, same ? Operation.Keep : Operation.Substitute);
            if (deletion < cost) (cost, operation) = (deletion, Operation.Delete);
            if (insertion < cost) (cost, operation) = (insertion, Operation.Insert);
            (row[j], operations[j]) = (cost, operation);
        }
    }
}
