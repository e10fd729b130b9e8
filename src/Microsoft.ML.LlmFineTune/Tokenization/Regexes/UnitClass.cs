using System.Globalization;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Spells sets of UTF-16 units for .NET. Whole categories stand as such where they save ranges, for the engine looks those up faster; .NET is asked what is in its categories, so that a set stays what it is
/// whatever their version of Unicode.
/// </summary>
internal static class UnitClass
{
    private static readonly string[] Names = ["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn"];

    private const int FewRanges = 8;

    private static readonly Lazy<CodePointSet[]> Categories = new(() =>
    {
        var ranges = Names.Select(_ => new List<(int First, int Last)>()).ToArray();
        for (var unit = 0; unit <= 0xFFFF; unit++)
        {
            var list = ranges[(int)CharUnicodeInfo.GetUnicodeCategory((char)unit)];
            if (list.Count > 0 && list[^1].Last == unit - 1)
                list[^1] = (list[^1].First, unit);
            else
                list.Add((unit, unit));
        }
        return [.. ranges.Select(CodePointSet.Of)];
    });

    /// <summary>A class of the units of a set; what cannot match where there are none.</summary>
    public static string Of(CodePointSet units)
    {
        if (units.Ranges.Count == 0)
            return "(?!)";
        var text = new StringBuilder("[");
        if (units.Ranges.Count > FewRanges)
            units = AppendCategories(text, units);
        foreach (var (first, last) in units.Ranges)
        {
            Append(text, first);
            if (last > first)
                Append(last > first + 1 ? text.Append('-') : text, last);
        }
        return text.Append(']').ToString();
    }

    // Gives what is left; everything, if the categories save nothing.
    private static CodePointSet AppendCategories(StringBuilder text, CodePointSet units)
    {
        var start = text.Length;
        var rest = units;
        for (var category = 0; category < Names.Length; category++)
        {
            var members = Categories.Value[category];
            if (units.And(members).Count != members.Count)
                continue;
            text.Append(@"\p{").Append(Names[category]).Append('}');
            rest = rest.And(members.Not());
        }
        if (rest.Ranges.Count < units.Ranges.Count / 2)
            return rest;
        text.Length = start;
        return units;
    }

    // A letter or digit as it is, for patterns that people look at.
    private static void Append(StringBuilder text, int unit)
    {
        if (unit < 0x80 && char.IsAsciiLetterOrDigit((char)unit))
            text.Append((char)unit);
        else
            text.Append(CultureInfo.InvariantCulture, $@"\u{unit:X4}");
    }
}
