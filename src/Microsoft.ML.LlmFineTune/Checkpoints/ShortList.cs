namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Lists in messages, of bounded length.</summary>
internal static class ShortList
{
    private const int Shown = 8;

    /// <summary>The first of some texts, and how many more there are.</summary>
    public static string Of(IReadOnlyCollection<string> texts)
    {
        string more = texts.Count > Shown ? $" and {texts.Count - Shown} more" : "";
        return string.Join(", ", texts.Take(Shown)) + more;
    }
}
