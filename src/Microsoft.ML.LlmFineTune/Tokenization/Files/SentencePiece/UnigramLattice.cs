using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>All pieces that a text can be made of, each between two places of the text.</summary>
internal sealed class UnigramLattice
{
    private const int LargestAgenda = 10_000;
    private const int SmallestAgenda = 512;

    private readonly List<Node>[] _ending;
    private readonly List<Node>[] _beginning;
    private readonly Node _begin = new(default, 0, 0, 0);
    private readonly Node _end;

    public UnigramLattice(int length)
    {
        _end = new Node(default, length, length, 0);
        _ending = new List<Node>[length + 1];
        _beginning = new List<Node>[length + 1];
        _ending[0] = [_begin];
        _beginning[length] = [_end];
    }

    public void Add(SentencePieceSegment segment, float score)
    {
        var node = new Node(segment, segment.Start, segment.Start + segment.Length, score);
        (_beginning[node.Start] ??= []).Add(node);
        (_ending[node.End] ??= []).Add(node);
    }

    /// <summary>The best paths, best first, found by A* from the end: the exact best score up to each node is known beforehand.</summary>
    public List<(List<SentencePieceSegment> Segments, float Score)> Best(int count)
    {
        FindBestScores();
        var found = new List<(List<SentencePieceSegment>, float)>();
        var agenda = new BinaryHeap();
        agenda.Push(new Hypothesis(_end, null, _end.BestScore, 0));
        while (agenda.Count > 0)
        {
            var top = agenda.Pop();
            if (top.Node == _begin)
            {
                var segments = new List<SentencePieceSegment>();
                for (var step = top.Next; step?.Next is not null; step = step.Next)
                    segments.Add(step.Node.Segment);
                found.Add((segments, top.Estimate));
                if (found.Count == count)
                    break;
                continue;
            }
            foreach (var node in _ending[top.Node.Start] ?? [])
                agenda.Push(new Hypothesis(node, top, node.BestScore + top.Score, node.Score + top.Score));
            // Long texts that repeat themselves have more equally good paths than memory.
            if (agenda.Count >= LargestAgenda)
                agenda.KeepBest(Math.Min(SmallestAgenda, count * 10));
        }
        return found;
    }

    /// <summary>A random path, drawn by its probability to the power of <paramref name="alpha"/>: sums forward, draws backward.</summary>
    public List<SentencePieceSegment> Sample(float alpha, RandomStream random)
    {
        for (var at = 0; at < _beginning.Length; at++)
        {
            foreach (var node in _beginning[at] ?? [])
                node.Sum = LogSum(_ending[at] ?? [], alpha);
        }
        var segments = new List<SentencePieceSegment>();
        for (var node = Draw(_end, alpha, random); node != _begin; node = Draw(node, alpha, random))
            segments.Add(node.Segment);
        segments.Reverse();
        return segments;
    }

    private static double LogSum(List<Node> nodes, float alpha)
    {
        var largest = double.NegativeInfinity;
        foreach (var node in nodes)
            largest = Math.Max(largest, node.Sum + (alpha * node.Score));
        var sum = 0.0;
        foreach (var node in nodes)
            sum += Math.Exp(node.Sum + (alpha * node.Score) - largest);
        return largest + Math.Log(sum);
    }

    private Node Draw(Node from, float alpha, RandomStream random)
    {
        var nodes = _ending[from.Start]!;
        var left = random.NextDouble();
        foreach (var node in nodes)
        {
            left -= Math.Exp(node.Sum + (alpha * node.Score) - from.Sum);
            if (left < 0)
                return node;
        }
        return nodes[^1];
    }

    private void FindBestScores()
    {
        for (var at = 0; at < _beginning.Length; at++)
        {
            foreach (var node in _beginning[at] ?? [])
            {
                var best = float.NegativeInfinity;
                foreach (var before in _ending[at] ?? [])
                    best = Math.Max(best, before.BestScore + node.Score);
                node.BestScore = best;
            }
        }
    }

    private sealed class Node(SentencePieceSegment segment, int start, int end, float score)
    {
        public SentencePieceSegment Segment { get; } = segment;
        public int Start { get; } = start;
        public int End { get; } = end;
        public float Score { get; } = score;
        public float BestScore { get; set; }
        public double Sum { get; set; }
    }

    /// <summary>A path from a node to the end: the score of the best whole path that ends so, and its own.</summary>
    private sealed record Hypothesis(Node Node, Hypothesis? Next, float Estimate, float Score);

    /// <summary>
    /// A heap by estimate. Equal estimates come out in the order in which a binary heap gives them that sinks the hole to the bottom before it lets the last item rise, as the C++ standard
    /// library's does: the reference's order of equally good splits is no other.
    /// </summary>
    private sealed class BinaryHeap
    {
        private readonly List<Hypothesis> _items = [];

        public int Count => _items.Count;

        public void Push(Hypothesis item)
        {
            _items.Add(item);
            Rise(_items.Count - 1, item);
        }

        public Hypothesis Pop()
        {
            var (top, last) = (_items[0], _items[^1]);
            _items.RemoveAt(_items.Count - 1);
            if (_items.Count == 0)
                return top;
            var hole = 0;
            for (var child = 2; child < _items.Count; child = (2 * hole) + 2)
            {
                if (_items[child].Estimate < _items[child - 1].Estimate)
                    child--;
                _items[hole] = _items[child];
                hole = child;
            }
            if ((2 * hole) + 1 == _items.Count - 1)
            {
                _items[hole] = _items[(2 * hole) + 1];
                hole = (2 * hole) + 1;
            }
            Rise(hole, last);
            return top;
        }

        public void KeepBest(int count)
        {
            var best = new List<Hypothesis>(count);
            while (best.Count < count)
                best.Add(Pop());
            _items.Clear();
            foreach (var item in best)
                Push(item);
        }

        private void Rise(int hole, Hypothesis item)
        {
            for (var parent = (hole - 1) / 2; hole > 0 && _items[parent].Estimate < item.Estimate; parent = (hole - 1) / 2)
            {
                _items[hole] = _items[parent];
                hole = parent;
            }
            _items[hole] = item;
        }
    }
}
