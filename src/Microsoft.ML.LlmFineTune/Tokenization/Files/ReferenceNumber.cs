namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Reads a number as Hugging Face's library does (serde_json's default): its digits as a whole number, divided by a power of ten, each rounded. In the last bit that can differ from the nearest double, and decides between ways to cut a word
/// whose scores would be equal.
/// </summary>
internal static class ReferenceNumber
{
    private const int LargestPower = 308;

    /// <summary>The value of a JSON number.</summary>
    public static double Parse(ReadOnlySpan<char> number)
    {
        var (digits, exponent, full, fraction) = (0UL, 0L, false, false);
        var at = number[0] == '-' ? 1 : 0;
        for (; at < number.Length && number[at] is '.' or (>= '0' and <= '9'); at++)
        {
            if (number[at] == '.')
            {
                fraction = true;
                continue;
            }
            var digit = (ulong)(number[at] - '0');
            // Digits that don't fit count in the whole part, and are nothing behind the point.
            full |= digits > (ulong.MaxValue - digit) / 10;
            if (!full)
                digits = (10 * digits) + digit;
            exponent += full ? (fraction ? 0 : 1) : (fraction ? -1 : 0);
        }
        if (at < number.Length)
            exponent += long.TryParse(number[(at + 1)..], System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var given) ? Math.Clamp(given, -100_000, 100_000) : 0;
        double value = digits;
        for (; exponent < -LargestPower && value != 0; exponent += LargestPower)
            value /= 1e308;
        value = exponent >= 0 ? value * PowerOfTen(exponent) : value / PowerOfTen(-exponent);
        return number[0] == '-' ? -value : value;
    }

    // The nearest double: what a literal would be.
    private static double PowerOfTen(long exponent) =>
        exponent > LargestPower ? double.PositiveInfinity : double.Parse($"1e{exponent}", System.Globalization.CultureInfo.InvariantCulture);
}
