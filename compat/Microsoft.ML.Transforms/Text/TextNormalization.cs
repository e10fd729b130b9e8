using System.Text;
using CaseMode = Microsoft.ML.Transforms.Text.TextNormalizingEstimator.CaseMode;

namespace Microsoft.ML.Transforms.Text;

/// <summary>What is kept of a text, and in which case.</summary>
internal sealed record TextNormalization(CaseMode Case, bool KeepDiacritics, bool KeepPunctuations, bool KeepNumbers)
{
    public ReadOnlyMemory<char> Apply(ReadOnlyMemory<char> text, StringBuilder buffer)
    {
        buffer.Clear();
        foreach (char character in text.Span)
        {
            if (Keeps(character))
                buffer.Append(ToCase(KeepDiacritics ? character : Diacritics.BaseOf(character)));
        }
        return buffer.Equals(text.Span) ? text : buffer.ToString().AsMemory();
    }

    private bool Keeps(char character)
        => (KeepPunctuations || !char.IsPunctuation(character))
        && (KeepNumbers || !char.IsNumber(character))
        && (KeepDiacritics || !Diacritics.IsMark(character));

    private char ToCase(char character) => Case switch
    {
        CaseMode.Lower => char.ToLowerInvariant(character),
        CaseMode.Upper => char.ToUpperInvariant(character),
        _ => character,
    };
}
