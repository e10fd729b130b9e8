namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>An immutable set of code points, surrogates included: sorted ranges that neither touch nor overlap.</summary>
internal sealed class CodePointSet
{
    public const int Last = 0x10FFFF;

    private CodePointSet(IReadOnlyList<(int First, int Last)> ranges) => Ranges = ranges;

    public static CodePointSet Empty { get; } = new([]);

    public static CodePointSet All { get; } = new([(0, Last)]);

    public IReadOnlyList<(int First, int Last)> Ranges { get; }

    public static CodePointSet Of(int first, int last) => new([(first, last)]);

    public static CodePointSet Of(params ReadOnlySpan<int> codePoints)
    {
        var ranges = new List<(int First, int Last)>();
        foreach (var codePoint in codePoints)
            ranges.Add((codePoint, codePoint));
        return Of(ranges);
    }

    public static CodePointSet Where(Func<int, bool> condition)
    {
        var ranges = new List<(int First, int Last)>();
        for (var at = 0; at <= Last; at++)
        {
            if (!condition(at))
                continue;
            var first = at;
            while (at < Last && condition(at + 1))
                at++;
            ranges.Add((first, at));
        }
        return new CodePointSet(ranges);
    }

    /// <summary>Ranges in any order, which may overlap.</summary>
    public static CodePointSet Of(List<(int First, int Last)> ranges)
    {
        ranges.Sort();
        var joined = new List<(int First, int Last)>(ranges.Count);
        foreach (var range in ranges)
        {
            if (joined.Count > 0 && range.First <= joined[^1].Last + 1)
                joined[^1] = (joined[^1].First, Math.Max(joined[^1].Last, range.Last));
            else
                joined.Add(range);
        }
        return new CodePointSet(joined);
    }

    public bool Contains(int codePoint)
    {
        var (low, high) = (0, Ranges.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            if (codePoint < Ranges[middle].First)
                high = middle - 1;
            else if (codePoint > Ranges[middle].Last)
                low = middle + 1;
            else
                return true;
        }
        return false;
    }

    public CodePointSet Or(CodePointSet other) => Of([.. Ranges, .. other.Ranges]);

    public CodePointSet And(CodePointSet other)
    {
        var ranges = new List<(int First, int Last)>();
        for (int i = 0, j = 0; i < Ranges.Count && j < other.Ranges.Count;)
        {
            var (a, b) = (Ranges[i], other.Ranges[j]);
            var (first, last) = (Math.Max(a.First, b.First), Math.Min(a.Last, b.Last));
            if (first <= last)
                ranges.Add((first, last));
            if (a.Last < b.Last)
                i++;
            else
                j++;
        }
        return new CodePointSet(ranges);
    }

    public CodePointSet Not()
    {
        var ranges = new List<(int First, int Last)>();
        var next = 0;
        foreach (var (first, last) in Ranges)
        {
            if (first > next)
                ranges.Add((next, first - 1));
            next = last + 1;
        }
        if (next <= Last)
            ranges.Add((next, Last));
        return new CodePointSet(ranges);
    }

    /// <summary>The set with everything that has the same simple case folding as one of its members.</summary>
    public CodePointSet IgnoringCase()
    {
        var ranges = new List<(int First, int Last)>(Ranges);
        foreach (var (codePoint, equals) in CaseEquals.Value)
        {
            if (!Contains(codePoint))
                continue;
            foreach (var other in equals)
                ranges.Add((other, other));
        }
        return ranges.Count == Ranges.Count ? this : Of(ranges);
    }

    // For each cased character, all that fold to the same.
    private static readonly Lazy<Dictionary<int, List<int>>> CaseEquals = new(() =>
    {
        var byFolded = new Dictionary<int, List<int>>();
        foreach (var source in UnicodeData.CaseFolding.Sources)
        {
            var folded = UnicodeData.CaseFolding[source][0];
            if (!byFolded.TryGetValue(folded, out var equals))
                byFolded.Add(folded, equals = [folded]);
            equals.Add(source);
        }
        return byFolded.Values.SelectMany(equals => equals.Select(member => (member, equals))).ToDictionary(entry => entry.member, entry => entry.equals);
    });
}
