using System.Text;

namespace Microsoft.ML.LlmFineTune.Data;

/// <summary>Cleaning of single texts.</summary>
public static class TextCleaning
{
    /// <summary>Makes each run of white space (Unicode's) one space, and drops it at both ends.</summary>
    public static string FoldWhiteSpace(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var folded = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            if (!char.IsWhiteSpace(character))
                folded.Append(character);
            else if (folded.Length > 0 && folded[^1] != ' ')
                folded.Append(' ');
        }
        if (folded.Length > 0 && folded[^1] == ' ')
            folded.Length--;
        return folded.ToString();
    }
}
