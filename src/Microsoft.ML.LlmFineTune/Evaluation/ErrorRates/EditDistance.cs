using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Edit distances of texts. A character is a code point; words are separated by white space.</summary>
public static class EditDistance
{
    /// <summary>Levenshtein's edits between words. Takes time by the product of the lengths, memory by their sum.</summary>
    public static EditCounts Words(string hypothesis, string reference)
    {
        (TokenTable vocabulary, CodePoints text, TokenList left, TokenList right) = (new(), new(), new(), new());
        text.Set(Require.NotNull(reference));
        left.Read(text.Span, vocabulary);
        text.Set(Require.NotNull(hypothesis));
        right.Read(text.Span, vocabulary);
        return Count(left.Span, right.Span);
    }

    /// <summary>Levenshtein's edits between characters, white space included. Takes time by the product of the lengths, memory by their sum.</summary>
    public static EditCounts Characters(string hypothesis, string reference)
    {
        (CodePoints left, CodePoints right) = (new(), new());
        left.Set(Require.NotNull(reference));
        right.Set(Require.NotNull(hypothesis));
        return Count(left.Span, right.Span);
    }

    /// <summary>Damerau's distance between characters: neighbours that changed places are one edit, also when others stand between them, as in nltk's edit_distance with transpositions. Takes time and memory by the product of the lengths.</summary>
    /// <exception cref="ArgumentException">The product of the lengths is beyond an array's.</exception>
    public static int DamerauCharacters(string hypothesis, string reference)
    {
        (CodePoints leftText, CodePoints rightText) = (new(), new());
        leftText.Set(Require.NotNull(reference));
        rightText.Set(Require.NotNull(hypothesis));
        ReadOnlySpan<int> left = leftText.Span, right = rightText.Span;
        long width = right.Length + 1, cells = (left.Length + 1) * width;
        Require.Argument(cells <= Array.MaxLength, string.Create(CultureInfo.InvariantCulture, $"Damerau's distance needs a table of the product of the lengths, which must be at most {Array.MaxLength}; received {left.Length} and {right.Length} characters."), nameof(reference));
        int[] table = new int[cells];
        Dictionary<int, int> lastLeft = [];
        for (int j = 0; j < width; j++) table[j] = j;
        for (int i = 1; i <= left.Length; i++)
        {
            long row = i * width, above = row - width;
            table[row] = i;
            int lastRight = 0;
            for (int j = 1; j <= right.Length; j++)
            {
                bool same = left[i - 1] == right[j - 1];
                int distance = Math.Min(Math.Min(table[above + j], table[row + j - 1]) + 1, table[above + j - 1] + (same ? 0 : 1));
                if (lastLeft.TryGetValue(right[j - 1], out int leftAt) && lastRight > 0)
                    distance = Math.Min(distance, table[((leftAt - 1) * width) + lastRight - 1] + (i - leftAt) + (j - lastRight) - 1);
                if (same) lastRight = j;
                table[row + j] = distance;
            }
            lastLeft[left[i - 1]] = i;
        }
        return table[cells - 1];
    }

    /// <summary>Each cell takes over the counts of the neighbour that tracing back would choose, so no table is kept.</summary>
    internal static EditCounts Count(ReadOnlySpan<int> reference, ReadOnlySpan<int> hypothesis)
    {
        Cell[] row = new Cell[hypothesis.Length + 1];
        for (int j = 1; j < row.Length; j++) row[j] = new Cell(j, 0, 0, j);
        foreach (int item in reference)
        {
            Cell diagonal = row[0];
            row[0] = diagonal with { Distance = diagonal.Distance + 1, Deletions = diagonal.Deletions + 1 };
            for (int j = 1; j < row.Length; j++)
            {
                Cell above = row[j], before = row[j - 1];
                int substitution = item == hypothesis[j - 1] ? 0 : 1, through = diagonal.Distance + substitution;
                if (through <= above.Distance + 1 && through <= before.Distance + 1) row[j] = diagonal with { Distance = through, Substitutions = diagonal.Substitutions + substitution };
                else if (above.Distance <= before.Distance) row[j] = above with { Distance = above.Distance + 1, Deletions = above.Deletions + 1 };
                else row[j] = before with { Distance = before.Distance + 1, Insertions = before.Insertions + 1 };
                diagonal = above;
            }
        }
        Cell last = row[^1];
        return new EditCounts(last.Substitutions, last.Deletions, last.Insertions, reference.Length - last.Substitutions - last.Deletions);
    }

    private readonly record struct Cell(int Distance, int Substitutions, int Deletions, int Insertions);
}
