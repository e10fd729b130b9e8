namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>rougeLsum: for each sentence of the target the union of its longest common subsequences with the sentences of the prediction, where each word counts as often as both texts have it.</summary>
internal sealed class SummaryOverlap
{
    private readonly LongestCommonSubsequence _subsequence = new();
    private readonly TokenList _target = new(), _prediction = new();
    private readonly List<int> _targetEnds = [], _predictionEnds = [];
    private int[] _left = [];
    private bool[] _marks = [];

    public RougeScore Score(IReadOnlyList<string> target, IReadOnlyList<string> prediction, RougeTokens tokens, TokenTable vocabulary)
    {
        Read(target, tokens, vocabulary, _target, _targetEnds);
        Read(prediction, tokens, vocabulary, _prediction, _predictionEnds);
        // A word may be hit as often as the text that has it less often.
        if (_left.Length < 2 * vocabulary.Count) _left = new int[2 * vocabulary.Count];
        Span<int> left = _left.AsSpan(0, 2 * vocabulary.Count);
        left.Clear();
        foreach (int word in _target.Span) left[2 * word]++;
        foreach (int word in _prediction.Span) left[(2 * word) + 1]++;

        int hits = 0, start = 0;
        foreach (int end in _targetEnds)
        {
            ReadOnlySpan<int> sentence = _target.Span[start..end];
            start = end;
            foreach (int word in Union(sentence))
            {
                if (left[2 * word] == 0 || left[(2 * word) + 1] == 0) continue;
                left[2 * word]--;
                left[(2 * word) + 1]--;
                hits++;
            }
        }
        return RougeScore.Of(hits, _prediction.Count, _target.Count);
    }

    private List<int> Union(ReadOnlySpan<int> sentence)
    {
        if (_marks.Length < sentence.Length) _marks = new bool[sentence.Length];
        Span<bool> marks = _marks.AsSpan(0, sentence.Length);
        marks.Clear();
        int start = 0;
        foreach (int end in _predictionEnds)
        {
            _subsequence.Mark(sentence, _prediction.Span[start..end], marks);
            start = end;
        }
        List<int> words = [];
        for (int i = 0; i < marks.Length; i++)
        {
            if (marks[i]) words.Add(sentence[i]);
        }
        return words;
    }

    private static void Read(IReadOnlyList<string> sentences, RougeTokens tokens, TokenTable vocabulary, TokenList words, List<int> ends)
    {
        words.Clear();
        ends.Clear();
        foreach (string sentence in sentences)
        {
            tokens.Read(sentence, vocabulary, words);
            ends.Add(words.Count);
        }
    }
}
