namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Pieces by their characters: from node to node, one UTF-16 unit at a time.</summary>
internal sealed class PieceTrie(int expected)
{
    public const int Root = 0;

    private readonly PairTable _children = new(4 * Math.Min(expected, 1 << 20));
    private readonly List<int> _ids = [-1];

    /// <summary>Adds a piece; of two equal ones the later counts.</summary>
    public void Add(string piece, int id)
    {
        if (piece.Length == 0)
            return;
        var node = Root;
        foreach (var unit in piece)
        {
            if (!_children.TryGet(node, unit, out var next, out _))
            {
                next = _ids.Count;
                _ids.Add(-1);
                _children.Set(node, unit, next, 0);
            }
            node = next;
        }
        _ids[node] = id;
    }

    /// <summary>Goes on by one unit.</summary>
    /// <param name="node">The node; moves on.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="id">The piece that ends there, or -1.</param>
    /// <returns>Whether any piece goes on like this.</returns>
    public bool TryStep(ref int node, char unit, out int id)
    {
        if (!_children.TryGet(node, unit, out var next, out _))
        {
            id = -1;
            return false;
        }
        node = next;
        id = _ids[next];
        return true;
    }
}
