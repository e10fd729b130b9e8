namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Counts how many n-grams of a text, of each order, are found in references. Texts are numbered tokens or code points.</summary>
internal sealed class NGramOverlap
{
    private readonly NGramTrie _nGrams = new();
    private Counts[] _counts = new Counts[128];
    private long[] _matches = [];
    private int _reference;

    /// <summary>N-grams of each order that both sides have: for each n-gram the smaller of the text's count and the largest count in one reference.</summary>
    public ReadOnlySpan<long> Matches => _matches;

    /// <summary>N-grams of an order in a text of a length.</summary>
    public static int Total(int length, int order) => Math.Max(0, length - order + 1);

    /// <summary>Begins with a text that is compared with no reference yet.</summary>
    public void Start(ReadOnlySpan<int> text, int maximumOrder)
    {
        _nGrams.Clear(text.Length * maximumOrder);
        if (_matches.Length != maximumOrder) _matches = new long[maximumOrder];
        _matches.AsSpan().Clear();
        _reference = 0;
        for (int start = 0; start < text.Length; start++)
        {
            int node = 0, end = Math.Min(text.Length, start + maximumOrder);
            for (int i = start; i < end; i++)
            {
                int known = _nGrams.Count;
                node = _nGrams.AddChild(node, text[i]);
                if (node == known)
                {
                    if (node >= _counts.Length) Array.Resize(ref _counts, _counts.Length * 2);
                    _counts[node] = default;
                }
                _counts[node].Text++;
            }
        }
    }

    /// <summary>Forgets the references, keeps the text.</summary>
    public void ForgetReferences()
    {
        _matches.AsSpan().Clear();
        for (int node = 1; node < _nGrams.Count; node++) _counts[node].Best = 0;
    }

    /// <summary>Compares with a reference more.</summary>
    public void AddReference(ReadOnlySpan<int> reference)
    {
        _reference++;
        Counts[] counts = _counts;
        for (int start = 0; start < reference.Length; start++)
        {
            int node = 0, end = Math.Min(reference.Length, start + _matches.Length);
            for (int i = start; i < end; i++)
            {
                // Where the text lacks an n-gram, it lacks all that begin with it.
                node = _nGrams.Child(node, reference[i]);
                if (node == 0) break;
                ref Counts count = ref counts[node];
                if (count.Reference != _reference)
                {
                    count.Reference = _reference;
                    count.InReference = 0;
                }
                if (++count.InReference <= count.Best) continue;
                count.Best = count.InReference;
                if (count.Best <= count.Text) _matches[i - start]++;
            }
        }
    }

    private struct Counts
    {
        public int Text, Reference, InReference, Best;
    }
}
