using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Unicode;

/// <summary>What the reference does with every code point, as its number of positive answers and the SHA-256 of them in lines; surrogates and the letter a (which surrounded the code points) are left out.</summary>
public sealed class UnicodePropertiesTests
{
    [Theory]
    [InlineData("Punctuation", 726, "8829fb3eddb7b9812f50254a43360a44d6ef35d0f05d6e0894a253ec3e968bc6")]
    [InlineData("WhiteSpace", 25, "6ec35ac39131757788b3711c54417a9716745066709572b33730e93a0f86c640")]
    [InlineData("Numeric", 1924, "d5f9b9f92256c0bda2f910aff31175d6f1ea796d1b8aec48c67ff29479a2cb4d")]
    [InlineData("Control", 137680, "e794e24f782596b411423489c34a5bf1be695c1484f0a7637b76a64621abd026")]
    [InlineData("NonSpacingMark", 1567, "eaecd4d551f80d81e3fe8cfc15b94be40194ebe10bdfa10f534ea6c1fd3304b0")]
    [InlineData("Mark", 2097, "31f5fcb5a46cbc8e91dd4069c15147eb3471842deb564dddd9ba4eb5404bf137")]
    [InlineData("Cjk", 81264, "66fe127a60ce2c1a01094f0432d9d609591e75aeede79686628db872ae998348")]
    public void Properties_are_the_reference_s(string property, int count, string digest)
    {
        Func<int, bool> holds = property switch
        {
            "Punctuation" => UnicodeProperties.IsPunctuation,
            "WhiteSpace" => UnicodeProperties.IsWhiteSpace,
            "Numeric" => UnicodeProperties.IsNumeric,
            "Control" => UnicodeProperties.IsControl,
            "NonSpacingMark" => UnicodeProperties.IsNonSpacingMark,
            "Mark" => UnicodeProperties.IsMark,
            _ => UnicodeProperties.IsCjk,
        };
        AssertDigest(count, digest, [.. All().Where(holds).Select(Hex)]);
    }

    [Fact]
    public void Lower_case_is_the_reference_s()
    {
        var lines = new List<string>();
        Span<int> lower = stackalloc int[3];
        foreach (var codePoint in All())
        {
            var count = UnicodeProperties.ToLower(codePoint, lower);
            if (count != 1 || lower[0] != codePoint)
                lines.Add($"{Hex(codePoint)}:{string.Join(' ', lower[..count].ToArray().Select(Hex))}");
        }
        AssertDigest(1488, "d96301f8b2593687ae13c18df0894ccb23676a4dd0422cb885de0c0457e797af", lines);
    }

    [Fact]
    public void Scripts_are_the_reference_s()
    {
        var first = new Dictionary<int, int>();
        var runs = new List<(int First, int Last, int Script)>();
        foreach (var codePoint in All())
        {
            var script = UnicodeProperties.Script(codePoint);
            first.TryAdd(script, codePoint);
            if (runs.Count > 0 && runs[^1].Script == script && runs[^1].Last == codePoint - 1)
                runs[^1] = runs[^1] with { Last = codePoint };
            else
                runs.Add((codePoint, codePoint, script));
        }
        AssertDigest(1490, "417e1d2e08e262ee9f185b6a7760410a6067a1ebe09c1ccf9f73a82241acfeb6", [.. runs.Select(run => $"{Hex(run.First)}-{Hex(run.Last)}:{(run.Script == 0 ? "any" : Hex(first[run.Script]))}")]);
    }

    [Theory]
    [InlineData('a', UnicodeCategory.LowercaseLetter)]
    [InlineData(0x1171E, UnicodeCategory.SpacingCombiningMark)]
    [InlineData(0x10D40, UnicodeCategory.DecimalDigitNumber)]
    [InlineData(0xD800, UnicodeCategory.Surrogate)]
    [InlineData(0x10FFFF, UnicodeCategory.OtherNotAssigned)]
    public void Categories_are_of_Unicode_16(int codePoint, UnicodeCategory category) => Assert.Equal(category, UnicodeProperties.GeneralCategory(codePoint));

    private static IEnumerable<int> All() => Enumerable.Range(0, 0x110000).Where(codePoint => codePoint is (< 0xD800 or >= 0xE000) and not 'a');

    private static string Hex(int value) => value.ToString("x", CultureInfo.InvariantCulture);

    private static void AssertDigest(int count, string digest, List<string> lines) =>
        Assert.Equal((count, digest), (lines.Count, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))))));
}
