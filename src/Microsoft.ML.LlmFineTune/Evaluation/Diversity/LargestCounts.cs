namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>For each n-gram of many texts how often the text has it that has it most often, and the most of the others: so the largest count among all texts but one is at hand.</summary>
internal sealed class LargestCounts(int orders)
{
    private readonly NGramTrie _nGrams = new();
    private Entry[] _entries = new Entry[1024];
    private int _round;

    /// <summary>Adds a text. Its n-grams are counted up one by one, so the two largest counts are right whenever it ends.</summary>
    public void Add(int text, ReadOnlySpan<int> tokens) => Visit(text, tokens, static (ref Entry entry, int order, Span<double> _) =>
    {
        if (entry.Current <= entry.Largest && entry.Owner != entry.Text) entry.Second = Math.Max(entry.Second, entry.Current);
        else if (entry.Owner == entry.Text) entry.Largest = Math.Max(entry.Largest, entry.Current);
        else (entry.Second, entry.Largest, entry.Owner) = (entry.Largest, entry.Current, entry.Text);
    }, []);

    /// <summary>Matches of each order of an added text in the others.</summary>
    public void Matches(int text, ReadOnlySpan<int> tokens, Span<double> matches)
    {
        matches.Clear();
        Visit(text, tokens, static (ref Entry entry, int order, Span<double> matches) =>
        {
            if (entry.Current <= (entry.Owner == entry.Text ? entry.Second : entry.Largest)) matches[order]++;
        }, matches);
    }

    private delegate void Visitor(ref Entry entry, int order, Span<double> matches);

    private void Visit(int text, ReadOnlySpan<int> tokens, Visitor visitor, Span<double> matches)
    {
        _round++;
        for (int start = 0; start < tokens.Length; start++)
        {
            int node = 0, end = Math.Min(tokens.Length, start + orders);
            for (int i = start; i < end; i++)
            {
                node = _nGrams.AddChild(node, tokens[i]);
                if (node >= _entries.Length) Array.Resize(ref _entries, _entries.Length * 2);
                ref Entry entry = ref _entries[node];
                if (entry.Round != _round) (entry.Round, entry.Text, entry.Current) = (_round, text, 0);
                entry.Current++;
                visitor(ref entry, i - start, matches);
            }
        }
    }

    private struct Entry
    {
        public int Round, Text, Current, Owner, Largest, Second;
    }
}
