namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A reusable list of numbered tokens.</summary>
internal sealed class TokenList
{
    private int[] _numbers = new int[64];

    public int Count { get; private set; }

    public ReadOnlySpan<int> Span => _numbers.AsSpan(0, Count);

    public void Clear() => Count = 0;

    public void Add(int token)
    {
        if (Count == _numbers.Length) Array.Resize(ref _numbers, Count * 2);
        _numbers[Count++] = token;
    }

    /// <summary>Numbers the words of a text.</summary>
    public ReadOnlySpan<int> Read(ReadOnlySpan<int> text, TokenTable vocabulary)
    {
        Clear();
        while (PythonText.NextWord(ref text, out ReadOnlySpan<int> word)) Add(vocabulary.Add(word));
        return Span;
    }
}
