namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Texts out of files in messages, of bounded length.</summary>
internal static class ShortList
{
    private const int Shown = 8;
    private const int MostCharacters = 200;

    /// <summary>The first of some texts, and how many more there are.</summary>
    public static string Of(IReadOnlyCollection<string> texts)
    {
        string more = texts.Count > Shown ? $" and {texts.Count - Shown} more" : "";
        return string.Join(", ", texts.Take(Shown).Select(Cut)) + more;
    }

    /// <summary>The beginning of a text.</summary>
    public static string Cut(string text) => text.Length > MostCharacters ? $"{text[..MostCharacters]}..." : text;
}
