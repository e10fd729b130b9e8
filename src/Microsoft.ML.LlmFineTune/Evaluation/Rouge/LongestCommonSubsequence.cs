namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Longest common subsequences of numbered words.</summary>
internal sealed class LongestCommonSubsequence
{
    private int[] _table = [];

    /// <summary>Their length.</summary>
    public int Length(ReadOnlySpan<int> left, ReadOnlySpan<int> right)
    {
        if (_table.Length < right.Length + 1) _table = new int[right.Length + 1];
        Span<int> row = _table.AsSpan(0, right.Length + 1);
        row.Clear();
        foreach (int word in left)
        {
            int diagonal = 0;
            for (int j = 0; j < right.Length; j++)
            {
                int above = row[j + 1];
                row[j + 1] = word == right[j] ? diagonal + 1 : Math.Max(above, row[j]);
                diagonal = above;
            }
        }
        return row[right.Length];
    }

    /// <summary>Marks the words of the target that are in the subsequence which rouge_score finds: from the ends, equal words are taken, else the candidate's word is dropped where the rest is strictly longer without it, else the target's.</summary>
    public void Mark(ReadOnlySpan<int> target, ReadOnlySpan<int> candidate, Span<bool> marks)
    {
        int width = candidate.Length + 1;
        int cells = checked((target.Length + 1) * width);
        if (_table.Length < cells) _table = new int[cells];
        Span<int> table = _table.AsSpan(0, cells);
        table[..width].Clear();
        for (int i = 1; i <= target.Length; i++)
        {
            Span<int> above = table.Slice((i - 1) * width, width), row = table.Slice(i * width, width);
            row[0] = 0;
            for (int j = 1; j < width; j++) row[j] = target[i - 1] == candidate[j - 1] ? above[j - 1] + 1 : Math.Max(above[j], row[j - 1]);
        }
        int left = target.Length, right = candidate.Length;
        while (left > 0 && right > 0)
        {
            if (target[left - 1] == candidate[right - 1])
            {
                marks[--left] = true;
                right--;
            }
            else if (table[(left * width) + right - 1] > table[((left - 1) * width) + right])
            {
                right--;
            }
            else
            {
                left--;
            }
        }
    }
}
