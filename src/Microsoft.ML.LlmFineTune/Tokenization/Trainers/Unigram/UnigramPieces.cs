using System.Numerics;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The pieces of a unigram language model in training: substrings of one text, with scores.</summary>
/// <typeparam name="T">The precision of scores.</typeparam>
internal sealed class UnigramPieces<T> where T : struct, IBinaryFloatingPointIeee754<T>
{
    /// <summary>What an unknown character costs more than the rarest piece.</summary>
    private const double UnknownPenalty = 10;

    private readonly int[] _text;
    private TrainingTrie? _trie;
    private int[] _nodes = [];

    /// <param name="text">The code points that pieces are parts of.</param>
    /// <param name="pieces">The pieces; one without length is never found.</param>
    public UnigramPieces(int[] text, Piece[] pieces) => (_text, All, MinimumScore) = (text, pieces, Minimum(pieces));

    private UnigramPieces(int[] text, Piece[] pieces, TrainingTrie? trie, int[] nodes)
        : this(text, pieces) => (_trie, _nodes) = (trie, nodes);

    /// <summary>A part of the text with its score.</summary>
    public readonly record struct Piece(int Start, int Length, T Score);

    /// <summary>The pieces by id.</summary>
    public Piece[] All { get; }

    /// <summary>The lowest score.</summary>
    public T MinimumScore { get; }

    /// <summary>The score of a character that isn't a piece.</summary>
    public T UnknownScore => MinimumScore - T.CreateTruncating(UnknownPenalty);

    /// <summary>The trie over all pieces, made when it is first asked for.</summary>
    public TrainingTrie Trie
    {
        get
        {
            if (_trie is null)
            {
                _trie = new TrainingTrie();
                _nodes = new int[All.Length];
                for (var id = 0; id < All.Length; id++)
                    _nodes[id] = All[id].Length == 0 ? TrainingTrie.None : _trie.Add(CodePointsOf(id), id);
            }
            return _trie;
        }
    }

    /// <summary>The code points of a piece.</summary>
    public ReadOnlySpan<int> CodePointsOf(int id) => _text.AsSpan(All[id].Start, All[id].Length);

    /// <summary>Some of these pieces with other scores, in the same order; takes over the trie, so that these pieces can't be looked for any more.</summary>
    /// <param name="kept">Ids in ascending order, and the scores.</param>
    public UnigramPieces<T> Rescored(List<(int Id, T Score)> kept)
    {
        var trie = Trie;
        foreach (var node in _nodes)
        {
            if (node != TrainingTrie.None)
                trie.PieceAt(node) = TrainingTrie.None;
        }
        var pieces = new Piece[kept.Count];
        var nodes = new int[kept.Count];
        for (var id = 0; id < pieces.Length; id++)
        {
            pieces[id] = All[kept[id].Id] with { Score = kept[id].Score };
            nodes[id] = _nodes[kept[id].Id];
            if (nodes[id] != TrainingTrie.None)
                trie.PieceAt(nodes[id]) = id;
        }
        _trie = null;
        return new UnigramPieces<T>(_text, pieces, trie, nodes);
    }

    /// <summary>Some of these pieces with their scores, in any order.</summary>
    public UnigramPieces<T> Selected(List<int> ids) => new(_text, [.. ids.Select(id => All[id])]);

    private static T Minimum(Piece[] pieces)
    {
        var minimum = T.PositiveInfinity;
        foreach (var piece in pieces)
        {
            // False for NaN.
            if (piece.Score < minimum)
                minimum = piece.Score;
        }
        return minimum;
    }
}
