using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>Texts that end a generated one.</summary>
public sealed class StopStrings
{
    private readonly IReadOnlyList<string> _texts;

    /// <summary>Creates the condition.</summary>
    /// <param name="texts">None of them empty.</param>
    public StopStrings(IReadOnlyList<string> texts)
    {
        Require.Argument(Require.NotNull(texts).All(text => !string.IsNullOrEmpty(text)), "A stop string must not be empty.", nameof(texts));
        _texts = texts;
    }

    /// <summary>Whether there is no stop string.</summary>
    public bool IsEmpty => _texts.Count == 0;

    /// <summary>Where the first stop string begins in a text; -1 when there is none.</summary>
    public int FirstIn(string text)
    {
        int first = -1;
        foreach (string stop in _texts)
        {
            int place = text.IndexOf(stop, StringComparison.Ordinal);
            if (place >= 0 && (first < 0 || place < first)) first = place;
        }
        return first;
    }

    /// <summary>Whether a stop string ends in the part of a text that is new (more text of the same token may follow it).</summary>
    /// <param name="before">The text before the last token.</param>
    /// <param name="after">The text with the last token.</param>
    public bool EndsInLastToken(string before, string after)
    {
        // Not the length of the text before: half a character shows as a replacement mark that the next token's other half takes away.
        int unchanged = before.AsSpan().CommonPrefixLength(after);
        foreach (string stop in _texts)
        {
            int from = Math.Max(0, unchanged - stop.Length + 1);
            if (after.IndexOf(stop, from, StringComparison.Ordinal) >= 0) return true;
        }
        return false;
    }

    /// <summary>How much of a text can be shown: all but an end that may become a stop string.</summary>
    public int SafeLength(string text)
    {
        int safe = text.Length;
        foreach (string stop in _texts)
        {
            for (int overlap = Math.Min(stop.Length - 1, text.Length); overlap > 0; overlap--)
            {
                if (!text.AsSpan().EndsWith(stop.AsSpan(0, overlap), StringComparison.Ordinal)) continue;
                safe = Math.Min(safe, text.Length - overlap);
                break;
            }
        }
        return safe;
    }
}
