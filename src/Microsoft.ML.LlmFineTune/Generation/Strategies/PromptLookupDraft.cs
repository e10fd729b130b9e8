namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>Proposes what followed the text's last tokens where they stood before, the longest match and the earliest place first (Saxena: "Prompt Lookup Decoding", 2023).</summary>
internal sealed class PromptLookupDraft(DecodingPlan plan) : IDraft
{
    public (IReadOnlyList<int> Tokens, IReadOnlyList<double[]>? Probabilities) Propose(DecodingRow row, int room)
    {
        ReadOnlySpan<int> text = row.Tokens;
        for (int size = Math.Min(plan.Options.PromptLookupNGramSize, text.Length - 1); size > 0; size--)
        {
            ReadOnlySpan<int> ending = text[^size..];
            int place = text[..^1].IndexOf(ending);
            if (place < 0) continue;
            ReadOnlySpan<int> following = text[(place + size)..];
            following = following[..Math.Min(following.Length, Math.Min(plan.Options.PromptLookupTokens, room))];
            int end = following.IndexOfAny(plan.EndTokens);
            return ((end < 0 ? following : following[..end]).ToArray(), null);
        }
        return ([], null);
    }

    public void Learn(int proposed, int stayed)
    {
    }

    public void Dispose()
    {
    }
}
