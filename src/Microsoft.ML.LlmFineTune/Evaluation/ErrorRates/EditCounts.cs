namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>The edits that make a reference the hypothesis. Their sum is unique; where several ways are as short, the split is that of the path which, traced back from the end, prefers the diagonal, then deletion, then insertion.</summary>
/// <param name="Substitutions">Items of the reference that another stands for.</param>
/// <param name="Deletions">Items of the reference that are missing.</param>
/// <param name="Insertions">Items that the reference does not have.</param>
/// <param name="Hits">Items of the reference that are right.</param>
public readonly record struct EditCounts(long Substitutions, long Deletions, long Insertions, long Hits)
{
    /// <summary>Edits: the Levenshtein distance of a text, or a sum of such.</summary>
    public long Distance => Substitutions + Deletions + Insertions;

    /// <summary>Items of the reference.</summary>
    public long ReferenceLength => Hits + Substitutions + Deletions;

    /// <summary>Items of the hypothesis.</summary>
    public long HypothesisLength => Hits + Substitutions + Insertions;

    /// <summary>Distance / reference length, 0 or greater; 0 when both are empty, infinity when only the reference is.</summary>
    public double ErrorRate => ReferenceLength > 0 ? (double)Distance / ReferenceLength : Distance > 0 ? double.PositiveInfinity : 0;

    /// <summary>Counts of both.</summary>
    public static EditCounts operator +(EditCounts left, EditCounts right) =>
        new(left.Substitutions + right.Substitutions, left.Deletions + right.Deletions, left.Insertions + right.Insertions, left.Hits + right.Hits);
}
