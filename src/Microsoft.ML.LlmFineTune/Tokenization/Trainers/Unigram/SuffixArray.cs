namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// The suffixes of a sequence in order, in linear time, by induced sorting (Nong, Zhang and Chan 2009, "Linear Suffix Array Construction by Almost Pure Induced-Sorting"), and the substrings that repeat.
/// </summary>
internal static class SuffixArray
{
    private const int StepsPerCheck = 1 << 20;
    private const int None = -1;

    /// <summary>The starts of the suffixes, in order; a suffix stands before all that it begins.</summary>
    /// <param name="text">Values from 0 to <paramref name="alphabet"/> - 1.</param>
    /// <param name="alphabet">One more than the largest value at most.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static int[] Sort(ReadOnlySpan<int> text, int alphabet, CancellationToken cancellationToken)
    {
        var suffixes = new int[text.Length];
        if (text.Length > 0)
            Sort(text, suffixes, alphabet, cancellationToken);
        return suffixes;
    }

    /// <summary>How many values each suffix shares with the one before it in the order (Kasai et al. 2001); 0 for the first.</summary>
    public static int[] CommonPrefixes(ReadOnlySpan<int> text, ReadOnlySpan<int> suffixes, CancellationToken cancellationToken)
    {
        var before = new int[text.Length];
        for (var i = 0; i < suffixes.Length; i++)
            before[suffixes[i]] = i == 0 ? None : suffixes[i - 1];
        var shared = 0;
        for (var start = 0; start < text.Length; start++)
        {
            Check(start, cancellationToken);
            var other = before[start];
            if (other == None)
                shared = 0;
            else
                shared += text[(start + shared)..].CommonPrefixLength(text[(other + shared)..]);
            before[start] = shared;
            shared = Math.Max(shared - 1, 0);
        }
        var common = new int[text.Length];
        for (var i = 0; i < suffixes.Length; i++)
            common[i] = before[suffixes[i]];
        return common;
    }

    /// <summary>
    /// Substrings that occur more than once and can't be longer without occurring less often: ranges of the suffix array with the length that all its suffixes share. A range comes before every range that it is inside of, and after those that end before it.
    /// </summary>
    public static IEnumerable<(int First, int End, int Length)> Repeats(int[] commonPrefixes)
    {
        var open = new Stack<(int First, int Length)>();
        for (var i = 1; i <= commonPrefixes.Length; i++)
        {
            var common = i < commonPrefixes.Length ? commonPrefixes[i] : 0;
            var first = i - 1;
            while (open.TryPeek(out var top) && top.Length > common)
            {
                open.Pop();
                yield return (top.First, i, top.Length);
                first = top.First;
            }
            if (common > 0 && (!open.TryPeek(out var outer) || outer.Length < common))
                open.Push((first, common));
        }
    }

    private static void Sort(ReadOnlySpan<int> text, Span<int> suffixes, int alphabet, CancellationToken cancellationToken)
    {
        var length = text.Length;
        if (length == 1)
        {
            suffixes[0] = 0;
            return;
        }

        // Rising: a suffix that is smaller than the next one. The end of the text is smaller than everything.
        var rising = new bool[length];
        for (var i = length - 2; i >= 0; i--)
            rising[i] = text[i] < text[i + 1] || (text[i] == text[i + 1] && rising[i + 1]);
        var ends = new int[alphabet];
        foreach (var value in text)
            ends[value]++;
        for (var value = 1; value < alphabet; value++)
            ends[value] += ends[value - 1];

        // Valleys: where falling ends and rising begins. Their order gives that of all others.
        var valleys = new List<int>();
        for (var i = 1; i < length; i++)
        {
            if (rising[i] && !rising[i - 1])
                valleys.Add(i);
        }
        var order = valleys.ToArray();
        Induce(text, suffixes, rising, ends, order, cancellationToken);
        if (order.Length > 1)
        {
            var (names, count) = Name(text, suffixes, rising, order, cancellationToken);
            if (count < order.Length)
            {
                var sorted = new int[order.Length];
                Sort(names, sorted, count, cancellationToken);
                for (var i = 0; i < sorted.Length; i++)
                    order[i] = valleys[sorted[i]];
            }
            else
            {
                for (var i = 0; i < names.Length; i++)
                    order[names[i]] = valleys[i];
            }
            Induce(text, suffixes, rising, ends, order, cancellationToken);
        }
    }

    // From valleys in order, the order of all suffixes; from valleys in any order, that of the pieces between valleys.
    private static void Induce(ReadOnlySpan<int> text, Span<int> suffixes, bool[] rising, int[] ends, int[] valleys, CancellationToken cancellationToken)
    {
        suffixes.Fill(None);
        var room = ends.AsSpan().ToArray();
        for (var i = valleys.Length - 1; i >= 0; i--)
            suffixes[--room[text[valleys[i]]]] = valleys[i];

        // Falling suffixes stand at the beginning of their value's range, in the order of the suffixes behind them.
        room[0] = 0;
        ends.AsSpan(0, ends.Length - 1).CopyTo(room.AsSpan(1));
        suffixes[room[text[^1]]++] = text.Length - 1;
        for (var i = 0; i < suffixes.Length; i++)
        {
            Check(i, cancellationToken);
            var start = suffixes[i] - 1;
            if (start >= 0 && !rising[start])
                suffixes[room[text[start]]++] = start;
        }

        // Rising suffixes stand at its end; the valleys find their places anew.
        ends.AsSpan().CopyTo(room);
        for (var i = suffixes.Length - 1; i >= 0; i--)
        {
            Check(i, cancellationToken);
            var start = suffixes[i] - 1;
            if (start >= 0 && rising[start])
                suffixes[--room[text[start]]] = start;
        }
    }

    // Equal pieces have equal names, and names are in the order of the pieces; in the order of the text.
    private static (int[] Names, int Count) Name(ReadOnlySpan<int> text, ReadOnlySpan<int> suffixes, bool[] rising, int[] valleys, CancellationToken cancellationToken)
    {
        var numbers = new int[text.Length];
        for (var i = 0; i < valleys.Length; i++)
            numbers[valleys[i]] = i + 1;
        var names = new int[valleys.Length];
        var name = None;
        var last = None;
        for (var i = 0; i < suffixes.Length; i++)
        {
            Check(i, cancellationToken);
            var number = numbers[suffixes[i]] - 1;
            if (number < 0)
                continue;
            if (last == None || !AreEqual(text, valleys, last, number))
                name++;
            names[number] = name;
            last = number;
        }
        return (names, name + 1);
    }

    // A piece reaches to the next valley, that included; the last one to the end of the text.
    private static bool AreEqual(ReadOnlySpan<int> text, int[] valleys, int a, int b)
    {
        if (a == valleys.Length - 1 || b == valleys.Length - 1)
            return false;
        var length = valleys[a + 1] - valleys[a] + 1;
        return valleys[b + 1] - valleys[b] + 1 == length && text.Slice(valleys[a], length).SequenceEqual(text.Slice(valleys[b], length));
    }

    private static void Check(int step, CancellationToken cancellationToken)
    {
        if (step % StepsPerCheck == 0)
            cancellationToken.ThrowIfCancellationRequested();
    }
}
