using System.Numerics;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>All ways to make a word of pieces (Kudo 2018, arXiv:1804.10959): a graph whose nodes are pieces at places. Reused for one word after another; not for several threads at once.</summary>
/// <typeparam name="T">The precision of scores and sums: the order and rounding of every operation is that of the reference implementations.</typeparam>
internal sealed class WordLattice<T> where T : struct, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Where logarithms differ by more, the smaller one adds nothing.</summary>
    private const double NegligibleDifference = 50;

    /// <summary>The id of characters that aren't pieces.</summary>
    private const int UnknownId = 0;

    private const int WordBegin = -1;
    private const int WordEnd = -2;
    private const int AgendaLimit = 10_000;
    private const int AgendaKept = 20;

    // By node, in the order of where they begin: where, id, score, and the best path to the node with the node before it.
    private int[] _begins = new int[64];
    private int[] _ends = new int[64];
    private int[] _ids = new int[64];
    private T[] _scores = new T[64];
    private T[] _bestScores = new T[64];
    private int[] _before = new int[64];
    private int[] _byEnd = new int[64];
    private int _nodes;

    // By place: its first node, the first node that ends there (in _byEnd), sums of the paths to its left and right.
    private int[] _firstNodes = new int[16];
    private int[] _firstEnds = new int[16];
    private T[] _left = new T[16];
    private T[] _right = new T[16];
    private int _length;

    private readonly List<Hypothesis> _hypotheses = [];
    private readonly List<int> _agenda = [];

    /// <summary>Finds all pieces in a word.</summary>
    public void Fill(ReadOnlySpan<int> word, UnigramPieces<T> pieces)
    {
        (_length, _nodes) = (word.Length, 0);
        if (_firstNodes.Length < word.Length + 2)
        {
            var places = Math.Max(word.Length + 2, _firstNodes.Length * 2);
            (_firstNodes, _firstEnds, _left, _right) = (new int[places], new int[places], new T[places], new T[places]);
        }
        var (trie, all) = (pieces.Trie, pieces.All);
        for (var begin = 0; begin < word.Length; begin++)
        {
            _firstNodes[begin] = _nodes;
            var isPiece = false;
            var node = 0;
            for (var end = begin; end < word.Length; end++)
            {
                node = trie.Child(node, word[end]);
                if (node == TrainingTrie.None)
                    break;
                var id = trie.PieceAt(node);
                if (id == TrainingTrie.None)
                    continue;
                Append(begin, end + 1, id, all[id].Score);
                isPiece |= end == begin;
            }
            if (!isPiece)
                Append(begin, begin + 1, UnknownId, pieces.UnknownScore);
        }
        _firstNodes[word.Length] = _nodes;
    }

    /// <summary>Adds to each piece how often it is expected in the word, over all paths by their probabilities, times the word's count.</summary>
    public void AddExpected(T count, Span<T> expected)
    {
        var left = _left.AsSpan(0, _length + 1);
        var right = _right.AsSpan(0, _length + 1);
        // No sum yet: 0 stands for it only where a path begins.
        left.Fill(T.NaN);
        left[0] = T.Zero;
        for (var node = 0; node < _nodes; node++)
        {
            var path = _scores[node] + left[_begins[node]];
            ref var sum = ref left[_ends[node]];
            sum = T.IsNaN(sum) ? path : LogSum(sum, path);
        }
        right[_length] = T.Zero;
        for (var begin = _length - 1; begin >= 0; begin--)
        {
            var sum = T.NaN;
            for (var node = _firstNodes[begin]; node < _firstNodes[begin + 1]; node++)
            {
                var path = _scores[node] + right[_ends[node]];
                sum = T.IsNaN(sum) ? path : LogSum(sum, path);
            }
            right[begin] = sum;
        }
        var all = left[_length];
        for (var node = 0; node < _nodes; node++)
        {
            var probability = Math.Exp(Number(left[_begins[node]] + _scores[node] + right[_ends[node]] - all));
            ref var sum = ref expected[_ids[node]];
            sum = Rounded(Number(sum) + (Number(count) * probability));
        }
    }

    /// <summary>Adds to each piece how often the best path has it, times the word's count.</summary>
    public void AddBest(T count, Span<T> sums)
    {
        for (var node = FindBest(); node != WordBegin; node = _before[node])
            sums[_ids[node]] += count;
    }

    /// <summary>How many pieces the best path has, and the ids of the second best.</summary>
    /// <param name="second">The ids; empty where there is only one path.</param>
    public int BestAndSecond(List<int> second)
    {
        second.Clear();
        FindBest();
        _hypotheses.Clear();
        _agenda.Clear();
        Push(new Hypothesis(WordEnd, -1, T.Zero, T.Zero));
        var bestLength = -1;
        while (_agenda.Count > 0)
        {
            var top = Pop();
            var hypothesis = _hypotheses[top];
            if (hypothesis.Node == WordBegin)
            {
                if (bestLength < 0)
                {
                    bestLength = 0;
                    for (var next = hypothesis.Next; _hypotheses[next].Node != WordEnd; next = _hypotheses[next].Next)
                        bestLength++;
                    continue;
                }
                for (var next = hypothesis.Next; _hypotheses[next].Node != WordEnd; next = _hypotheses[next].Next)
                    second.Add(_ids[_hypotheses[next].Node]);
                return bestLength;
            }
            var place = hypothesis.Node == WordEnd ? _length : _begins[hypothesis.Node];
            if (place == 0)
                Push(new Hypothesis(WordBegin, top, hypothesis.Rest, hypothesis.Rest));
            for (var i = _firstEnds[place]; i < _firstEnds[place + 1]; i++)
            {
                var node = _byEnd[i];
                Push(new Hypothesis(node, top, _bestScores[node] + hypothesis.Rest, _scores[node] + hypothesis.Rest));
            }
            if (_agenda.Count >= AgendaLimit)
                Shrink();
        }
        return bestLength;
    }

    private void Append(int begin, int end, int id, T score)
    {
        if (_nodes == _begins.Length)
        {
            var length = _nodes * 2;
            Array.Resize(ref _begins, length);
            Array.Resize(ref _ends, length);
            Array.Resize(ref _ids, length);
            Array.Resize(ref _scores, length);
            (_bestScores, _before, _byEnd) = (new T[length], new int[length], new int[length]);
        }
        (_begins[_nodes], _ends[_nodes], _ids[_nodes], _scores[_nodes]) = (begin, end, id, score);
        _nodes++;
    }

    // The last node of the best path. Every piece compares sums that its own score is in: rounding may make equal what wasn't.
    private int FindBest()
    {
        SortByEnd();
        for (var node = 0; node < _nodes; node++)
            (_bestScores[node], _before[node]) = BestBefore(_begins[node], _scores[node]);
        return BestBefore(_length, T.Zero).Node;
    }

    private (T Score, int Node) BestBefore(int place, T score)
    {
        if (place == 0)
            return (score, WordBegin);
        var first = _firstEnds[place];
        var best = (Score: _bestScores[_byEnd[first]] + score, Node: _byEnd[first]);
        for (var i = first + 1; i < _firstEnds[place + 1]; i++)
        {
            var sum = _bestScores[_byEnd[i]] + score;
            if (sum > best.Score)
                best = (sum, _byEnd[i]);
        }
        return best;
    }

    private void SortByEnd()
    {
        var firsts = _firstEnds.AsSpan(0, _length + 2);
        firsts.Clear();
        for (var node = 0; node < _nodes; node++)
            firsts[_ends[node]]++;
        var sum = 0;
        for (var place = 0; place < firsts.Length; place++)
            (firsts[place], sum) = (sum, sum + firsts[place]);
        for (var node = 0; node < _nodes; node++)
            _byEnd[firsts[_ends[node]]++] = node;
        for (var place = firsts.Length - 1; place > 0; place--)
            firsts[place] = firsts[place - 1];
        firsts[0] = 0;
    }

    private void Push(Hypothesis hypothesis)
    {
        _hypotheses.Add(hypothesis);
        PushNumber(_hypotheses.Count - 1);
    }

    private void PushNumber(int number)
    {
        _agenda.Add(number);
        Rise(_agenda.Count - 1, number);
    }

    // Equal estimates leave the heap in the order in which the heap of C++'s standard library gives them.
    private int Pop()
    {
        var top = _agenda[0];
        var last = _agenda[^1];
        _agenda.RemoveAt(_agenda.Count - 1);
        var count = _agenda.Count;
        if (count == 0)
            return top;
        var hole = 0;
        while ((2 * hole) + 1 < count)
        {
            var child = (2 * hole) + 2;
            if (child == count || Estimate(child) < Estimate(child - 1))
                child--;
            _agenda[hole] = _agenda[child];
            hole = child;
        }
        Rise(hole, last);
        return top;
    }

    private void Rise(int hole, int number)
    {
        var estimate = _hypotheses[number].Estimate;
        while (hole > 0 && Estimate((hole - 1) / 2) < estimate)
        {
            _agenda[hole] = _agenda[(hole - 1) / 2];
            hole = (hole - 1) / 2;
        }
        _agenda[hole] = number;
    }

    private T Estimate(int place) => _hypotheses[_agenda[place]].Estimate;

    // Long pieces of few different characters have very many equal paths.
    private void Shrink()
    {
        var kept = new int[AgendaKept];
        for (var i = 0; i < kept.Length; i++)
            kept[i] = Pop();
        _agenda.Clear();
        foreach (var number in kept)
            PushNumber(number);
    }

    private static T LogSum(T a, T b)
    {
        var (minimum, maximum) = a > b ? (b, a) : (a, b);
        return maximum > minimum + T.CreateTruncating(NegligibleDifference) ? maximum : Rounded(Number(maximum) + Math.Log(Math.Exp(Number(minimum - maximum)) + 1));
    }

    private static double Number(T value) => double.CreateTruncating(value);

    private static T Rounded(double value) => T.CreateTruncating(value);

    /// <summary>A path from a node to the end of the word: the score of its pieces, and that with the best path to the node.</summary>
    private readonly record struct Hypothesis(int Node, int Next, T Estimate, T Rest);
}
