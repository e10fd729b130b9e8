using System.Globalization;
using System.Numerics;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The decimal digits of floats, rounded once from the exact value, ties to even, as C's <c>printf</c> does and .NET's formats do not for ties.</summary>
internal static class RealDigits
{
    // No float has more decimals.
    private const int MostDecimals = 1100;

    /// <summary>|value| with a number of decimals.</summary>
    public static string Fixed(double value, int decimals)
    {
        RenderBudget.Make(400L + decimals);
        var exact = Math.Min(decimals, MostDecimals);
        var digits = Scaled(value, exact).ToString(CultureInfo.InvariantCulture).PadLeft(exact + 1, '0');
        return decimals == 0 ? digits : $"{digits[..^exact]}.{digits[^exact..]}{new string('0', decimals - exact)}";
    }

    /// <summary>|value| with a number of digits, and the exponent of the first.</summary>
    public static (string Digits, int Exponent) Significant(double value, int count)
    {
        RenderBudget.Make(400L + count);
        if (value == 0) return (new string('0', count), 0);
        var exact = Math.Min(count, MostDecimals);
        var exponent = (int)Math.Floor(Math.Log10(Math.Abs(value)));
        // The logarithm can be off by one, and rounding can carry into a new digit.
        for (var attempt = exponent - 1; ; attempt++)
        {
            var digits = Scaled(value, exact - 1 - attempt).ToString(CultureInfo.InvariantCulture);
            if (digits.Length <= exact) return (digits.PadRight(exact, '0') + new string('0', count - exact), attempt);
        }
    }

    /// <summary>|value| * 10^power as the nearest integer, ties to even.</summary>
    private static BigInteger Scaled(double value, int power)
    {
        var bits = BitConverter.DoubleToInt64Bits(Math.Abs(value));
        var exponent = (int)(bits >> 52);
        var mantissa = new BigInteger(bits & ((1L << 52) - 1));
        if (exponent > 0) mantissa += 1L << 52;
        exponent = Math.Max(exponent, 1) - 1075;
        var (numerator, denominator) = (mantissa, BigInteger.One);
        if (power >= 0) numerator *= BigInteger.Pow(10, power);
        else denominator *= BigInteger.Pow(10, -power);
        if (exponent >= 0) numerator <<= exponent;
        else denominator <<= -exponent;
        var quotient = BigInteger.DivRem(numerator, denominator, out var rest);
        var twice = rest * 2;
        return twice > denominator || (twice == denominator && !quotient.IsEven) ? quotient + 1 : quotient;
    }
}
