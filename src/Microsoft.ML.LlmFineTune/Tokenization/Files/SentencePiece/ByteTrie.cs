namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Finds the pieces that a text begins with. The children of a node stand side by side, ordered by their byte.</summary>
internal sealed class ByteTrie
{
    private readonly byte[] _labels;
    private readonly int[] _values;

    // The children of node n are the nodes from _children[n] to _children[n + 1].
    private readonly int[] _children;

    /// <param name="pieces">Pieces, all different and none empty, with their values (0 or more).</param>
    public ByteTrie(IEnumerable<(byte[] Piece, int Value)> pieces)
    {
        var sorted = pieces.ToArray();
        Array.Sort(sorted, (left, right) => left.Piece.AsSpan().SequenceCompareTo(right.Piece));
        var (labels, values, children) = (new List<byte> { 0 }, new List<int> { -1 }, new List<int>());
        var ranges = new Queue<(int First, int End, int Depth)>();
        ranges.Enqueue((0, sorted.Length, 0));
        // Breadth first, so that the children of one node become neighbours.
        while (ranges.TryDequeue(out var range))
        {
            children.Add(labels.Count);
            for (var first = range.First; first < range.End;)
            {
                var label = sorted[first].Piece[range.Depth];
                var end = first + 1;
                while (end < range.End && sorted[end].Piece[range.Depth] == label)
                    end++;
                labels.Add(label);
                var ends = sorted[first].Piece.Length == range.Depth + 1;
                values.Add(ends ? sorted[first].Value : -1);
                ranges.Enqueue((ends ? first + 1 : first, end, range.Depth + 1));
                first = end;
            }
        }
        children.Add(labels.Count);
        (_labels, _values, _children) = ([.. labels], [.. values], [.. children]);
    }

    /// <summary>The node that a walk begins at.</summary>
    public const int Root = 0;

    public bool IsEmpty => _labels.Length == 1;

    /// <summary>Goes from a node over a byte; false where no piece goes on so. <paramref name="value"/> is -1 where no piece ends.</summary>
    public bool Step(ref int node, byte label, out int value)
    {
        var (first, end) = (_children[node], _children[node + 1]);
        var at = _labels.AsSpan(first, end - first).IndexOf(label);
        if (at < 0)
        {
            value = -1;
            return false;
        }
        node = first + at;
        value = _values[node];
        return true;
    }

    /// <summary>The value of a piece, or -1.</summary>
    public int ValueOf(ReadOnlySpan<byte> piece)
    {
        var (node, value) = (Root, -1);
        foreach (var label in piece)
        {
            if (!Step(ref node, label, out value))
                return -1;
        }
        return value;
    }

    /// <summary>The length of the longest piece that a text begins with; 0: none.</summary>
    public int LongestPrefix(ReadOnlySpan<byte> text)
    {
        var (node, longest) = (Root, 0);
        for (var i = 0; i < text.Length && Step(ref node, text[i], out var value); i++)
        {
            if (value >= 0)
                longest = i + 1;
        }
        return longest;
    }
}
