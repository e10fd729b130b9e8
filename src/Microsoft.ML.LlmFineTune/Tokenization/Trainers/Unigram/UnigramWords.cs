namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Words as code points, side by side in one text, each followed by a 0, and how often each occurs.</summary>
internal sealed class UnigramWords
{
    private readonly List<int> _starts = [0];
    private readonly List<long> _counts = [];

    /// <summary>The code points of all words.</summary>
    public List<int> Text { get; } = [];

    /// <summary>Number of words.</summary>
    public int Count => _counts.Count;

    public void Add(ReadOnlySpan<char> word, long count)
    {
        ScalarValues.Append(word, Text);
        End(count);
    }

    public void Add(ReadOnlySpan<int> word, long count)
    {
        Text.AddRange(word);
        End(count);
    }

    /// <summary>Where a word begins, in the text.</summary>
    public int StartOf(int word) => _starts[word];

    /// <summary>Code points of a word.</summary>
    public int LengthOf(int word) => _starts[word + 1] - _starts[word] - 1;

    /// <summary>How often a word occurs.</summary>
    public long CountOf(int word) => _counts[word];

    private void End(long count)
    {
        Text.Add(0);
        _starts.Add(Text.Count);
        _counts.Add(count);
    }
}
