namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Pieces by their beginnings. The branches of all nodes lie in one hash table.</summary>
internal sealed class TrainingTrie
{
    /// <summary>No node, no piece.</summary>
    public const int None = -1;

    private const int CodePointBits = 21;

    private ulong[] _branches = new ulong[1 << 10];
    private int[] _children = new int[1 << 10];
    private int[] _pieces = new int[1 << 9];
    private int _nodes = 1;

    public TrainingTrie() => _pieces[0] = None;

    /// <summary>The node that a code point leads to, <see cref="None"/> if there is none; node 0 is the root.</summary>
    public int Child(int node, int codePoint)
    {
        var key = Key(node, codePoint);
        var mask = _branches.Length - 1;
        for (var slot = Hash(key) & mask; ; slot = (slot + 1) & mask)
        {
            var found = _branches[slot];
            if (found == key)
                return _children[slot];
            if (found == 0)
                return None;
        }
    }

    /// <summary>The piece that ends at a node, or <see cref="None"/>. May be changed.</summary>
    public ref int PieceAt(int node) => ref _pieces[node];

    /// <summary>Adds a piece.</summary>
    /// <returns>Its node.</returns>
    public int Add(ReadOnlySpan<int> codePoints, int piece)
    {
        var node = 0;
        foreach (var codePoint in codePoints)
            node = ChildOrNew(node, codePoint);
        _pieces[node] = piece;
        return node;
    }

    private int ChildOrNew(int node, int codePoint)
    {
        var key = Key(node, codePoint);
        var mask = _branches.Length - 1;
        var slot = Hash(key) & mask;
        for (; _branches[slot] != 0; slot = (slot + 1) & mask)
        {
            if (_branches[slot] == key)
                return _children[slot];
        }
        (_branches[slot], _children[slot]) = (key, _nodes);
        if (_nodes == _pieces.Length)
            Array.Resize(ref _pieces, _nodes * 2);
        _pieces[_nodes] = None;
        if (_nodes++ > _branches.Length / 2)
            Grow();
        return _nodes - 1;
    }

    private void Grow()
    {
        var (branches, children) = (_branches, _children);
        _branches = new ulong[branches.Length * 2];
        _children = new int[branches.Length * 2];
        var mask = _branches.Length - 1;
        for (var i = 0; i < branches.Length; i++)
        {
            if (branches[i] == 0)
                continue;
            var slot = Hash(branches[i]) & mask;
            while (_branches[slot] != 0)
                slot = (slot + 1) & mask;
            (_branches[slot], _children[slot]) = (branches[i], children[i]);
        }
    }

    // One more than the node, so that no key is 0.
    private static ulong Key(int node, int codePoint) => ((ulong)(uint)(node + 1) << CodePointBits) | (uint)codePoint;

    private static int Hash(ulong key)
    {
        key *= 0x9E3779B97F4A7C15;
        return (int)((key ^ (key >> 29)) >> 31) & int.MaxValue;
    }
}
