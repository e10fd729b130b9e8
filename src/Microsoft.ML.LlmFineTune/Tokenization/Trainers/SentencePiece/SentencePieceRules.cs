namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Which substrings may be pieces of a SentencePiece model.</summary>
internal sealed class SentencePieceRules(SentencePieceTrainerOptions options)
{
    /// <summary>The mark of white space, U+2581.</summary>
    public const int Space = 0x2581;

    /// <summary>What stands for characters outside of the alphabet, and for borders that no piece crosses; texts with it are left out.</summary>
    public const int Unknown = 0x2585;

    /// <summary>What stands for symbols that aren't learnt.</summary>
    public const int Border = '\t';

    // Unassigned characters count as Common.
    private static readonly int Common = UnicodeData.OldScript(' ');
    private static readonly int Inherited = UnicodeData.OldScript(0x300);
    private static readonly int Han = UnicodeData.OldScript(0x4E00);
    private static readonly int Hiragana = UnicodeData.OldScript(0x3042);
    private static readonly int Katakana = UnicodeData.OldScript(0x30A2);

    private const int AnyScript = -1;
    private const int ProlongedSound = 0x30FC;

    /// <summary>Whether a substring may be a piece.</summary>
    public bool Allows(ReadOnlySpan<int> piece)
    {
        if (piece.IsEmpty || piece.Length > options.MaximumPieceLength)
            return false;
        var spacesOnly = options.AllowWhitespaceOnlyPieces && !piece.ContainsAnyExcept(Space);
        var last = AnyScript;
        for (var i = 0; i < piece.Length; i++)
        {
            var codePoint = piece[i];
            switch (codePoint)
            {
                case Unknown or Border or 0 or ' ':
                    return false;
                case Space:
                    if (!spacesOnly && !AllowsSpaceAt(i, piece.Length))
                        return false;
                    break;
                default:
                    var isDigit = codePoint is (>= '0' and <= '9') or (>= 0xFF10 and <= 0xFF19);
                    var script = !options.SplitByNumber && isDigit ? AnyScript : ScriptOf(codePoint, last);
                    if ((options.SplitDigits && isDigit && piece.Length > 1) || (options.SplitByUnicodeScript && script != AnyScript && last != AnyScript && script != last))
                        return false;
                    last = script;
                    break;
            }
        }
        return true;
    }

    // Where words are split at white space, it stands at one end. Where they aren't, it may stand inside, but not alone at the other end.
    private bool AllowsSpaceAt(int index, int length) => options.TreatWhitespaceAsSuffix
        ? index == length - 1 || (!options.SplitByWhitespace && index > 0)
        : index == 0 || (!options.SplitByWhitespace && index < length - 1);

    private static int ScriptOf(int codePoint, int last)
    {
        var script = UnicodeData.OldScript(codePoint);
        if (script == Inherited)
            return last;
        return script == Hiragana || script == Katakana || codePoint == ProlongedSound ? Han : script == 0 ? Common : script;
    }
}
