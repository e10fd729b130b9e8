using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The sets that patterns name, as Oniguruma has them with Unicode 16.0.</summary>
internal static class CodePointSets
{
    private static readonly string[] Categories =
    [
        "Lu UppercaseLetter", "Ll LowercaseLetter", "Lt TitlecaseLetter", "Lm ModifierLetter", "Lo OtherLetter", "Mn NonspacingMark", "Mc SpacingMark", "Me EnclosingMark",
        "Nd DecimalNumber", "Nl LetterNumber", "No OtherNumber", "Zs SpaceSeparator", "Zl LineSeparator", "Zp ParagraphSeparator", "Cc Control", "Cf Format", "Cs Surrogate", "Co PrivateUse",
        "Pc ConnectorPunctuation", "Pd DashPunctuation", "Ps OpenPunctuation", "Pe ClosePunctuation", "Pi InitialPunctuation", "Pf FinalPunctuation", "Po OtherPunctuation",
        "Sm MathSymbol", "Sc CurrencySymbol", "Sk ModifierSymbol", "So OtherSymbol", "Cn Unassigned",
    ];

    private static readonly Dictionary<string, Func<CodePointSet>> Makers = CreateMakers();
    private static readonly ConcurrentDictionary<string, CodePointSet> Made = new(StringComparer.Ordinal);

    public static CodePointSet WhiteSpace => Named("space")!;

    public static CodePointSet Word => Named("word")!;

    public static CodePointSet Digit => Named("digit")!;

    public static CodePointSet HexadecimalDigit => Named("xdigit")!;

    public static CodePointSet AllButLineFeed { get; } = CodePointSet.Of('\n').Not();

    /// <summary>The set of a property, script, category or POSIX name; case, spaces, hyphens and underscores don't count. Null where there is none.</summary>
    public static CodePointSet? Named(string name)
    {
        var key = Key(name);
        return Makers.TryGetValue(key, out var make) ? Made.GetOrAdd(key, (_, make) => make(), make) : null;
    }

    private static string Key(string name)
    {
        var key = new StringBuilder(name.Length);
        foreach (var unit in name)
        {
            if (unit is not (' ' or '_' or '-'))
                key.Append(char.ToLowerInvariant(unit));
        }
        return key.ToString();
    }

    private static Dictionary<string, Func<CodePointSet>> CreateMakers()
    {
        var makers = new Dictionary<string, Func<CodePointSet>>(StringComparer.Ordinal);
        void Add(string names, Func<CodePointSet> make)
        {
            foreach (var name in names.Split(' '))
                makers.TryAdd(Key(name), make);
        }
        static CodePointSet Of(CharacterFlags flag) => CodePointSet.Where(at => (UnicodeData.Flags(at) & flag) != 0);
        static CodePointSet In(params ReadOnlySpan<UnicodeCategory> categories)
        {
            uint mask = 0;
            foreach (var category in categories)
                mask |= 1u << (int)category;
            return CodePointSet.Where(at => (mask & (1u << (int)UnicodeData.Category(at))) != 0);
        }
        CodePointSet Starting(char kind) => In([.. Categories.Index().Where(entry => entry.Item[0] == kind).Select(entry => (UnicodeCategory)entry.Index)]);

        // POSIX names come first: Punct is theirs (symbols included), Punctuation the category.
        Add("alnum", () => Of(CharacterFlags.Alphabetic).Or(In(UnicodeCategory.DecimalDigitNumber)));
        Add("alpha Alphabetic", () => Of(CharacterFlags.Alphabetic));
        Add("ascii", () => CodePointSet.Of(0, 0x7F));
        Add("blank", () => In(UnicodeCategory.SpaceSeparator).Or(CodePointSet.Of('\t')));
        Add("cntrl", () => In(UnicodeCategory.Control));
        Add("digit", () => In(UnicodeCategory.DecimalDigitNumber));
        Add("graph", () => Of(CharacterFlags.WhiteSpace).Or(In(UnicodeCategory.Control, UnicodeCategory.Surrogate, UnicodeCategory.OtherNotAssigned)).Not());
        Add("print", () => Of(CharacterFlags.WhiteSpace).Or(In(UnicodeCategory.Control, UnicodeCategory.Surrogate, UnicodeCategory.OtherNotAssigned)).Not().Or(In(UnicodeCategory.SpaceSeparator)));
        Add("punct", () => Starting('P').Or(Starting('S')));
        Add("space White_Space", () => Of(CharacterFlags.WhiteSpace));
        Add("lower Lowercase", () => Of(CharacterFlags.Lowercase));
        Add("upper Uppercase", () => Of(CharacterFlags.Uppercase));
        Add("xdigit ASCII_Hex_Digit AHex", () => CodePointSet.Of([('0', '9'), ('A', 'F'), ('a', 'f')]));
        Add("word", () => Of(CharacterFlags.Alphabetic).Or(Starting('M')).Or(In(UnicodeCategory.DecimalDigitNumber, UnicodeCategory.ConnectorPunctuation)));

        Add("Any", () => CodePointSet.All);
        Add("Assigned", () => In(UnicodeCategory.OtherNotAssigned).Not());
        foreach (var (index, names) in Categories.Index())
            Add(names, () => In((UnicodeCategory)index));
        foreach (var names in (string[])["L Letter", "M Mark Combining_Mark", "N Number", "P Punctuation", "S Symbol", "Z Separator", "C Other"])
            Add(names, () => Starting(names[0]));
        Add("LC Cased_Letter", () => In(UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter, UnicodeCategory.TitlecaseLetter));
        foreach (var (index, names) in UnicodeData.ScriptNames.Index())
            Add(names, () => CodePointSet.Where(at => UnicodeData.Script(at) == index));
        Add("Emoji", () => Of(CharacterFlags.Emoji));
        Add("Emoji_Presentation EPres", () => Of(CharacterFlags.EmojiPresentation));
        Add("Emoji_Modifier EMod", () => Of(CharacterFlags.EmojiModifier));
        Add("Emoji_Modifier_Base EBase", () => Of(CharacterFlags.EmojiModifierBase));
        Add("Emoji_Component EComp", () => Of(CharacterFlags.EmojiComponent));
        Add("Extended_Pictographic ExtPict", () => Of(CharacterFlags.ExtendedPictographic));
        Add("Ideographic Ideo", () => Of(CharacterFlags.Ideographic));
        Add("Default_Ignorable_Code_Point DI", () => Of(CharacterFlags.DefaultIgnorable));
        return makers;
    }
}
