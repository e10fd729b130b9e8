namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// The edits between two texts of numbered words: a greedy search for shifts of blocks, then the edit distance (Snover et al.), within tercom's limits as sacreBLEU has them.
/// </summary>
internal sealed class TerEdits
{
    private const int LongestShift = 10, FarthestShift = 50, MostCandidates = 1000;

    private readonly BeamDistance _distance = new();
    private int[] _words = [], _shifted = [], _best = [], _alignment = [];
    private bool[] _hypothesisErrors = [], _referenceErrors = [];

    /// <summary>Edits that make the hypothesis the reference.</summary>
    public int Count(ReadOnlySpan<int> hypothesis, ReadOnlySpan<int> reference)
    {
        if (reference.IsEmpty) return hypothesis.Length;
        Reserve(hypothesis.Length, reference.Length);
        hypothesis.CopyTo(_words);
        Span<int> words = _words.AsSpan(0, hypothesis.Length), best = _best.AsSpan(0, hypothesis.Length);
        int shifts = 0, candidates = 0;
        while (true)
        {
            int distance = _distance.Compute(words, reference);
            int gain = FindBestShift(words, reference, distance, best, ref candidates);
            // Where the candidates ran out, the shift that was just found is not made.
            if (candidates >= MostCandidates || gain <= 0) return shifts + distance;
            shifts++;
            best.CopyTo(words);
        }
    }

    private int FindBestShift(ReadOnlySpan<int> words, ReadOnlySpan<int> reference, int distance, Span<int> best, ref int candidates)
    {
        _distance.Align(_alignment, _hypothesisErrors, _referenceErrors);
        Span<int> shifted = _shifted.AsSpan(0, words.Length);
        bool found = false;
        (int Gain, int Length, int Start, int Target) chosen = default;
        for (int start = 0; start < words.Length; start++)
        {
            int from = Math.Max(0, start - FarthestShift), to = Math.Min(reference.Length - 1, start + FarthestShift);
            for (int at = from; at <= to; at++)
            {
                for (int length = 1; length <= LongestShift && start + length <= words.Length && at + length <= reference.Length && words[start + length - 1] == reference[at + length - 1]; length++)
                {
                    if (!_hypothesisErrors.AsSpan(start, length).Contains(true) || !_referenceErrors.AsSpan(at, length).Contains(true)) continue;
                    if (_alignment[at] >= start && _alignment[at] < start + length) continue;
                    int previous = -1;
                    for (int offset = -1; offset < length; offset++)
                    {
                        int target = at + offset == -1 ? 0 : _alignment[at + offset] + 1;
                        if (target == previous) continue;
                        previous = target;
                        Shift(words, start, length, target, shifted);
                        (int Gain, int Length, int Start, int Target) candidate = (distance - _distance.ComputeFrom(Math.Min(start, target), shifted, reference), length, -start, -target);
                        candidates++;
                        if (found && candidate.CompareTo(chosen) <= 0) continue;
                        found = true;
                        chosen = candidate;
                        shifted.CopyTo(best);
                    }
                    if (candidates >= MostCandidates) return chosen.Gain;
                }
            }
        }
        return found ? chosen.Gain : 0;
    }

    /// <summary>Moves a block of words; the target counts in the text with the block.</summary>
    private static void Shift(ReadOnlySpan<int> words, int start, int length, int target, Span<int> shifted)
    {
        // The block stands behind this many of the other words.
        int before = target < start ? target : target > start + length ? target - length : target;
        before = Math.Min(before, words.Length - length);
        ReadOnlySpan<int> block = words.Slice(start, length);
        int at = 0;
        for (int i = 0; i < words.Length - length; i++)
        {
            if (i == before)
            {
                block.CopyTo(shifted[at..]);
                at += length;
            }
            shifted[at++] = words[i < start ? i : i + length];
        }
        if (before == words.Length - length) block.CopyTo(shifted[at..]);
    }

    private void Reserve(int hypothesis, int reference)
    {
        if (_words.Length < hypothesis)
        {
            _words = new int[hypothesis];
            _shifted = new int[hypothesis];
            _best = new int[hypothesis];
            _hypothesisErrors = new bool[hypothesis];
        }
        if (_alignment.Length >= reference) return;
        _alignment = new int[reference];
        _referenceErrors = new bool[reference];
    }
}
