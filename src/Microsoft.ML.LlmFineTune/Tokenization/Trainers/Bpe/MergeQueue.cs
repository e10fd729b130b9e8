namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Pairs that wait to be merged: the most frequent first, of equally frequent ones that with the smaller left and then the smaller right id. A heap with four children a node.</summary>
internal sealed class MergeQueue
{
    private Candidate[] _heap = new Candidate[1 << 10];

    /// <summary>Candidates in the queue.</summary>
    public int Count { get; private set; }

    /// <summary>A pair with its number, the count that it had when it was queued, and the places where it is to be merged.</summary>
    public readonly record struct Candidate(long Count, ulong Key, int Number, ArraySegment<int> Places);

    public void Enqueue(Candidate candidate)
    {
        if (Count == _heap.Length)
            Array.Resize(ref _heap, Count * 2);
        var at = Count++;
        while (at > 0)
        {
            var parent = (at - 1) / 4;
            if (!IsBefore(candidate, _heap[parent]))
                break;
            _heap[at] = _heap[parent];
            at = parent;
        }
        _heap[at] = candidate;
    }

    public bool TryDequeue(out Candidate best)
    {
        if (Count == 0)
        {
            best = default;
            return false;
        }
        best = _heap[0];
        var last = _heap[--Count];
        _heap[Count] = default;
        if (Count > 0)
            Sink(last);
        return true;
    }

    private void Sink(Candidate candidate)
    {
        var at = 0;
        while (true)
        {
            var first = (4 * at) + 1;
            if (first >= Count)
                break;
            var best = first;
            var end = Math.Min(first + 4, Count);
            for (var child = first + 1; child < end; child++)
            {
                if (IsBefore(_heap[child], _heap[best]))
                    best = child;
            }
            if (!IsBefore(_heap[best], candidate))
                break;
            _heap[at] = _heap[best];
            at = best;
        }
        _heap[at] = candidate;
    }

    private static bool IsBefore(in Candidate a, in Candidate b) => a.Count != b.Count ? a.Count > b.Count : a.Key < b.Key;
}
