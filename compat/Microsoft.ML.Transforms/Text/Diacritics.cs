using System.Collections.Frozen;

namespace Microsoft.ML.Transforms.Text;

/// <summary>Letters with marks: with invariant globalization string.Normalize takes nothing apart, so the letters are listed here.</summary>
internal static class Diacritics
{
    /// <summary>Each letter followed by what Unicode composes of it with marks, in the Latin, Greek and Cyrillic blocks.</summary>
    private const string Letters = """
        AÀÁÂÃÄÅĀĂĄǍǞǠǺȀȂȦ CÇĆĈĊČ DĎ EÈÉÊËĒĔĖĘĚȄȆȨ GĜĞĠĢǦǴ HĤȞ IÌÍÎÏĨĪĬĮİǏȈȊ JĴ KĶǨ LĹĻĽ NÑŃŅŇǸ OÒÓÔÕÖŌŎŐƠǑǪǬȌȎȪȬȮȰ
        RŔŖŘȐȒ SŚŜŞŠȘ TŢŤȚ UÙÚÛÜŨŪŬŮŰŲƯǓǕǗǙǛȔȖ WŴ YÝŶŸȲ ZŹŻŽ aàáâãäåāăąǎǟǡǻȁȃȧ cçćĉċč dď eèéêëēĕėęěȅȇȩ gĝğġģǧǵ hĥȟ
        iìíîïĩīĭįǐȉȋ jĵǰ kķǩ lĺļľ nñńņňǹ oòóôõöōŏőơǒǫǭȍȏȫȭȯȱ rŕŗřȑȓ sśŝşšș tţťț uùúûüũūŭůűųưǔǖǘǚǜȕȗ wŵ yýÿŷȳ zźżž ÆǢǼ
        ØǾ æǣǽ øǿ ƷǮ ʒǯ ΑΆ ΕΈ ΗΉ ΙΊΪ ΟΌ ΥΎΫ ΩΏ αά εέ ηή ιΐίϊ οό υΰϋύ ωώ ϒϓϔ ІЇ АӐӒ ГЃ ЕЀЁӖ ЖӁӜ ЗӞ ИЍЙӢӤ КЌ ОӦ УЎӮӰӲ ЧӴ
        ЫӸ ЭӬ аӑӓ гѓ еѐёӗ жӂӝ зӟ ийѝӣӥ кќ оӧ уўӯӱӳ чӵ ыӹ эӭ ії ѴѶ ѵѷ ӘӚ әӛ ӨӪ өӫ
        """;

    private static readonly FrozenDictionary<char, char> s_bases = Letters.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(group => group.Skip(1).Select(letter => KeyValuePair.Create(letter, group[0])))
        .ToFrozenDictionary();

    public static char BaseOf(char letter) => s_bases.GetValueOrDefault(letter, letter);

    /// <summary>Combining marks of the Latin, Hebrew and Arabic scripts.</summary>
    public static bool IsMark(char character) => character
        is (>= '\u0300' and <= '\u036F')
        or (>= '\u0591' and <= '\u05BD') or '\u05C1' or '\u05C2' or '\u05C4' or '\u05C5' or '\u05C7'
        or (>= '\u0610' and <= '\u0615') or (>= '\u064C' and <= '\u065E') or '\u0670';
}
