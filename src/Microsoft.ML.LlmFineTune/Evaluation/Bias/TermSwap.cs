namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>One replacement in a text.</summary>
/// <param name="Start">Where the replaced words begin in the original text, in UTF-16 units.</param>
/// <param name="Original">The words as they were.</param>
/// <param name="Replacement">What stands there now.</param>
/// <param name="FromGroup">The group that the words were of.</param>
/// <param name="ToGroup">The group that they are of now.</param>
public sealed record TermSwap(int Start, string Original, string Replacement, string FromGroup, string ToGroup);

/// <summary>A text with its terms swapped.</summary>
/// <param name="Text">The new text; the old one where nothing was found.</param>
/// <param name="Swaps">What was swapped, in the order of the text.</param>
public sealed record SwappedText(string Text, IReadOnlyList<TermSwap> Swaps)
{
    /// <summary>Whether anything was swapped.</summary>
    public bool Changed => Swaps.Count > 0;
}
