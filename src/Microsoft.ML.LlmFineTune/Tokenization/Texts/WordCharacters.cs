using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What <c>\w</c> matches (Unicode Technical Standard 18): alphabetic characters, marks, decimal digits, connectors, and the two joiners.</summary>
internal static class WordCharacters
{
    public static bool Contains(int codePoint)
    {
        if (codePoint < 0x80)
            return char.IsAsciiLetterOrDigit((char)codePoint) || codePoint == '_';
        return CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
        {
            <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true,
            // Letters in circles and squares are alphabetic, although they are symbols.
            UnicodeCategory.OtherSymbol => codePoint is (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189),
            _ => codePoint is 0x200C or 0x200D,
        };
    }
}
