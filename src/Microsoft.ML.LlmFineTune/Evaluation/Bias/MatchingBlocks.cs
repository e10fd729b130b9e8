namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Ratcliff and Obershelp's alignment: the longest common block (leftmost in the first sequence, then in the second), then the same to the left and to the right of it. Not a longest common subsequence.</summary>
internal static class MatchingBlocks
{
    /// <summary>Pairs of equal tokens, in order.</summary>
    internal static IReadOnlyList<(int First, int Second)> Pairs(IReadOnlyList<int> first, IReadOnlyList<int> second)
    {
        Dictionary<int, List<int>> places = [];
        for (int i = 0; i < second.Count; i++)
        {
            if (!places.TryGetValue(second[i], out List<int>? list)) places.Add(second[i], list = []);
            list.Add(i);
        }
        List<(int First, int Second)> pairs = [];
        // A stack of its own: a long sentence could nest deeply.
        Stack<(int FirstStart, int FirstEnd, int SecondStart, int SecondEnd)> open = new([(0, first.Count, 0, second.Count)]);
        while (open.TryPop(out var part))
        {
            (int start, int other, int length) = Longest(first, places, part.FirstStart, part.FirstEnd, part.SecondStart, part.SecondEnd);
            if (length == 0) continue;
            for (int i = 0; i < length; i++) pairs.Add((start + i, other + i));
            open.Push((part.FirstStart, start, part.SecondStart, other));
            open.Push((start + length, part.FirstEnd, other + length, part.SecondEnd));
        }
        pairs.Sort();
        return pairs;
    }

    private static (int First, int Second, int Length) Longest(IReadOnlyList<int> first, Dictionary<int, List<int>> places, int firstStart, int firstEnd, int secondStart, int secondEnd)
    {
        (int First, int Second, int Length) best = (firstStart, secondStart, 0);
        // Length of the common block that ends at a place of the second sequence and at the last token of the first.
        Dictionary<int, int> before = [], now = [];
        for (int i = firstStart; i < firstEnd; i++)
        {
            now.Clear();
            foreach (int j in places.GetValueOrDefault(first[i], []))
            {
                if (j < secondStart) continue;
                if (j >= secondEnd) break;
                int length = now[j] = before.GetValueOrDefault(j - 1) + 1;
                if (length > best.Length) best = (i - length + 1, j - length + 1, length);
            }
            (before, now) = (now, before);
        }
        return best;
    }
}
