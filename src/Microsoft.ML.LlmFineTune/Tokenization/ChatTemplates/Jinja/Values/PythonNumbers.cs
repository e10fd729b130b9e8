using System.Globalization;
using System.Numerics;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Python's arithmetic on integers of any size, floats and booleans.</summary>
internal static class PythonNumbers
{
    // Python has no limit, and takes its time.
    private const long LargestBits = 1 << 20;

    public static bool IsNumber(object? value) => value is long or double or bool or BigInteger;

    public static bool IsInteger(object? value) => value is long or bool or BigInteger;

    /// <summary>An integer that fits into a long; null for any other value.</summary>
    public static long? AsInteger(object? value) => value switch { long integer => integer, bool truth => truth ? 1 : 0, _ => null };

    /// <summary>An integer argument of a function.</summary>
    public static long ToIndex(object? value) => value switch
    {
        long integer => integer,
        bool truth => truth ? 1 : 0,
        BigInteger => throw Raise.Overflow("Python int too large to convert to C ssize_t"),
        UndefinedValue => throw Raise.Type("'Undefined' object cannot be interpreted as an integer"),
        _ => throw Raise.Type($"'{Values.TypeName(value)}' object cannot be interpreted as an integer"),
    };

    public static BigInteger ToBig(object? value) => value switch { long integer => integer, bool truth => truth ? 1 : 0, BigInteger big => big, _ => throw Raise.Type($"'{Values.TypeName(value)}' object cannot be interpreted as an integer") };

    public static double ToDouble(object? value) => value switch
    {
        double real => real,
        long integer => integer,
        bool truth => truth ? 1 : 0,
        BigInteger big => OfBig(big),
        _ => throw Raise.Type($"must be real number, not {Values.TypeName(value)}"),
    };

    /// <summary>An integer as values have it: a long where it fits.</summary>
    public static object Box(BigInteger value) => value >= long.MinValue && value <= long.MaxValue ? (long)value : Bounded(value);

    public static object? Negate(object? value) => value switch
    {
        long integer when integer != long.MinValue => -integer,
        double real => -real,
        _ when IsInteger(value) => Box(-ToBig(value)),
        UndefinedValue undefined => throw undefined.Error(),
        _ => throw Raise.Type($"bad operand type for unary -: '{Values.TypeName(value)}'"),
    };

    public static object? Plus(object? value) => value switch
    {
        bool truth => truth ? 1L : 0L,
        UndefinedValue undefined => throw undefined.Error(),
        _ when IsNumber(value) => value,
        _ => throw Raise.Type($"bad operand type for unary +: '{Values.TypeName(value)}'"),
    };

    public static object Absolute(object? value) => value switch
    {
        double real => Math.Abs(real),
        _ when IsInteger(value) => Box(BigInteger.Abs(ToBig(value))),
        _ => throw Raise.Type($"bad operand type for abs(): '{Values.TypeName(value)}'"),
    };

    public static object Add(object left, object right)
    {
        if (left is double || right is double) return ToDouble(left) + ToDouble(right);
        if (AsInteger(left) is { } a && AsInteger(right) is { } b && unchecked(a + b) is var sum && ((a ^ sum) & (b ^ sum)) >= 0) return sum;
        return Box(ToBig(left) + ToBig(right));
    }

    public static object Subtract(object left, object right)
    {
        if (left is double || right is double) return ToDouble(left) - ToDouble(right);
        if (AsInteger(left) is { } a && AsInteger(right) is { } b && unchecked(a - b) is var difference && ((a ^ b) & (a ^ difference)) >= 0) return difference;
        return Box(ToBig(left) - ToBig(right));
    }

    public static object Multiply(object left, object right)
    {
        if (left is double || right is double) return ToDouble(left) * ToDouble(right);
        if (AsInteger(left) is { } a && AsInteger(right) is { } b && Math.BigMul(a, b, out var low) is var high && (high == 0 ? low >= 0 : high == -1 && low < 0)) return low;
        var (x, y) = (ToBig(left), ToBig(right));
        DemandBits(x.GetBitLength() + y.GetBitLength());
        return Box(x * y);
    }

    public static object Divide(object left, object right)
    {
        if (left is double || right is double)
        {
            var (x, y) = (ToDouble(left), ToDouble(right));
            return y == 0 ? throw Raise.ZeroDivision("float division by zero") : x / y;
        }
        var (a, b) = (ToBig(left), ToBig(right));
        if (b.IsZero) throw Raise.ZeroDivision("division by zero");
        const long exact = 1L << 53;
        return BigInteger.Abs(a) <= exact && BigInteger.Abs(b) <= exact ? (double)(long)a / (long)b : Quotient(a, b);
    }

    public static object FloorDivide(object left, object right)
    {
        if (left is double || right is double)
        {
            var (x, y) = (ToDouble(left), ToDouble(right));
            return y == 0 ? throw Raise.ZeroDivision("float floor division by zero") : FloorAndRemainder(x, y).Floor;
        }
        if (AsInteger(left) is { } a && AsInteger(right) is { } b && b is not (0 or -1)) return (a / b) - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
        var (n, d) = (ToBig(left), ToBig(right));
        if (d.IsZero) throw Raise.ZeroDivision("integer division or modulo by zero");
        RenderBudget.Steps(n.GetBitLength() >> 1);
        var quotient = BigInteger.DivRem(n, d, out var rest);
        return Box(!rest.IsZero && (rest.Sign < 0) != (d.Sign < 0) ? quotient - 1 : quotient);
    }

    public static object Modulo(object left, object right)
    {
        if (left is double || right is double)
        {
            var (x, y) = (ToDouble(left), ToDouble(right));
            return y == 0 ? throw Raise.ZeroDivision("float modulo") : FloorAndRemainder(x, y).Remainder;
        }
        if (AsInteger(left) is { } a && AsInteger(right) is { } b && b is not (0 or -1)) return (a % b) is var rest && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
        var (n, d) = (ToBig(left), ToBig(right));
        if (d.IsZero) throw Raise.ZeroDivision("integer modulo by zero");
        RenderBudget.Steps(n.GetBitLength() >> 1);
        var remainder = BigInteger.Remainder(n, d);
        return Box(!remainder.IsZero && (remainder.Sign < 0) != (d.Sign < 0) ? remainder + d : remainder);
    }

    public static object Power(object left, object right)
    {
        if (left is not double && right is not double)
        {
            var (n, exponent) = (ToBig(left), ToBig(right));
            if (exponent.Sign >= 0)
            {
                if (n.IsOne || n.IsZero || exponent.IsZero) return exponent.IsZero ? 1L : (long)n;
                if (n == BigInteger.MinusOne) return exponent.IsEven ? 1L : -1L;
                DemandBits(exponent > LargestBits ? long.MaxValue : n.GetBitLength() * (long)exponent);
                RenderBudget.Steps((long)exponent);
                return Box(BigInteger.Pow(n, (int)exponent));
            }
        }
        var (x, y) = (ToDouble(left), ToDouble(right));
        if (x == 0 && y < 0) throw Raise.ZeroDivision("0.0 cannot be raised to a negative power");
        if (x < 0 && double.IsFinite(x) && double.IsFinite(y) && y != Math.Floor(y)) throw Raise.Value("a negative number raised to a fraction is a complex number, which templates have no use for");
        var power = Math.Pow(x, y);
        return double.IsInfinity(power) && double.IsFinite(x) && double.IsFinite(y) ? throw Raise.Overflow("(34, 'Numerical result out of range')") : power;
    }

    /// <summary>Compares exactly, as Python does integers with floats; null where one is not a number (NaN).</summary>
    public static int? Compare(object left, object right)
    {
        if (left is long a && right is long b) return a.CompareTo(b);
        if (left is double x && right is double y) return double.IsNaN(x) || double.IsNaN(y) ? null : x.CompareTo(y);
        if (left is double real) return -CompareWithReal(ToBig(right), real);
        if (right is double other) return CompareWithReal(ToBig(left), other);
        return ToBig(left).CompareTo(ToBig(right));
    }

    /// <summary>An integer of a text, as Python's <c>int(text, radix)</c> reads it; null where it is none.</summary>
    public static BigInteger? Parse(string text, int radix)
    {
        var digits = Characters.Strip(text, null, start: true, end: true);
        var negative = digits.StartsWith('-');
        if (negative || digits.StartsWith('+')) digits = digits[1..];
        if (digits.Length > 1 && digits[0] == '0' && char.ToLowerInvariant(digits[1]) is var mark && (mark switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 }) is > 0 and var prefixed && (radix == prefixed || radix == 0))
        {
            radix = prefixed;
            digits = digits[2..];
            if (digits.StartsWith('_')) digits = digits[1..];
        }
        else if (radix == 0)
        {
            radix = 10;
            if (digits.Length > 1 && digits[0] == '0' && digits.AsSpan().IndexOfAnyExcept('0', '_') >= 0) return null;
        }
        if (digits.Length == 0 || digits[0] == '_' || digits[^1] == '_' || digits.Contains("__", StringComparison.Ordinal)) return null;
        RenderBudget.Steps(digits.Length + (((long)digits.Length * digits.Length) >> 12));
        var plain = digits.Replace("_", "", StringComparison.Ordinal);
        if (plain.Length > Printing.MostDigits && (radix & (radix - 1)) != 0)
            throw Raise.Value($"Exceeds the limit ({Printing.MostDigits} digits) for integer string conversion: value has {plain.Length} digits; use sys.set_int_max_str_digits() to increase the limit");
        if (plain.Length > LargestBits / 6) throw Raise.Limit($"An integer of {plain.Length} digits is too large.");
        var value = BigInteger.Zero;
        foreach (var rune in plain.EnumerateRunes())
        {
            var digit = rune.Value < 128 && char.IsAsciiLetter((char)rune.Value) ? char.ToLowerInvariant((char)rune.Value) - 'a' + 10 : Characters.DecimalDigit(rune.Value);
            if (digit < 0 || digit >= radix) return null;
            value = (value * radix) + digit;
        }
        return negative ? -value : value;
    }

    /// <summary>A float of a text, as Python's <c>float(text)</c> reads it; null where it is none.</summary>
    public static double? ParseReal(string text)
    {
        var stripped = Characters.Strip(text, null, start: true, end: true);
        var body = stripped.TrimStart('+', '-');
        if (stripped.Length - body.Length > 1) return null;
        var sign = stripped.StartsWith('-') ? -1 : 1;
        switch (body.ToLowerInvariant())
        {
            case "inf" or "infinity": return sign * double.PositiveInfinity;
            case "nan": return double.NaN;
        }
        if (body.Length == 0 || !body.All(c => char.IsAsciiDigit(c) || c is '.' or 'e' or 'E' or '+' or '-' or '_')) return null;
        for (var i = 0; i < body.Length; i++)
        {
            if (body[i] == '_' && (i == 0 || i == body.Length - 1 || !char.IsAsciiDigit(body[i - 1]) || !char.IsAsciiDigit(body[i + 1]))) return null;
        }
        return double.TryParse(body.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var value) ? sign * value : null;
    }

    /// <summary>The integer part of a float.</summary>
    public static object Truncate(double value)
    {
        if (double.IsNaN(value)) throw Raise.Value("cannot convert float NaN to integer");
        if (double.IsInfinity(value)) throw Raise.Overflow("cannot convert float infinity to integer");
        return Box(new BigInteger(Math.Truncate(value)));
    }

    public static double OfBig(BigInteger value)
    {
        var real = Round(BigInteger.Abs(value), 0, sticky: false);
        return double.IsInfinity(real) ? throw Raise.Overflow("int too large to convert to float") : value.Sign * real;
    }

    private static int CompareWithReal(BigInteger integer, double real)
    {
        if (double.IsNaN(real)) return 2;
        if (double.IsInfinity(real)) return real > 0 ? -1 : 1;
        var floor = Math.Floor(real);
        var order = integer.CompareTo(new BigInteger(floor));
        return order != 0 ? order : (real > floor ? -1 : 0);
    }

    private static (double Floor, double Remainder) FloorAndRemainder(double x, double y)
    {
        var rest = x % y;
        var quotient = (x - rest) / y;
        if (rest != 0)
        {
            if ((y < 0) != (rest < 0))
            {
                rest += y;
                quotient -= 1;
            }
        }
        else
        {
            rest = Math.CopySign(0, y);
        }
        if (quotient == 0) return (Math.CopySign(0, x / y), rest);
        var floor = Math.Floor(quotient);
        return (quotient - floor > 0.5 ? floor + 1 : floor, rest);
    }

    /// <summary>a / b rounded once.</summary>
    private static double Quotient(BigInteger a, BigInteger b)
    {
        var sign = a.Sign * b.Sign;
        (a, b) = (BigInteger.Abs(a), BigInteger.Abs(b));
        var shift = (int)Math.Max(0, 66 - (a.GetBitLength() - b.GetBitLength()));
        var quotient = BigInteger.DivRem(a << shift, b, out var rest);
        var real = Round(quotient, -shift, sticky: !rest.IsZero);
        return double.IsInfinity(real) ? throw Raise.Overflow("integer division result too large for a float") : sign * real;
    }

    /// <summary>mantissa * 2^exponent (and a little more, if sticky) as the nearest float, ties to even.</summary>
    private static double Round(BigInteger mantissa, int exponent, bool sticky)
    {
        var excess = (int)(mantissa.GetBitLength() - 53);
        if (excess <= 0) return Math.ScaleB((double)(long)mantissa, exponent);
        var kept = mantissa >> excess;
        var rest = mantissa - (kept << excess);
        var half = BigInteger.One << (excess - 1);
        if (rest > half || (rest == half && (sticky || !kept.IsEven))) kept += 1;
        return Math.ScaleB((double)(long)kept, exponent + excess);
    }

    private static object Bounded(BigInteger value)
    {
        DemandBits(value.GetBitLength());
        RenderBudget.Make(value.GetByteCount());
        return value;
    }

    private static void DemandBits(long bits)
    {
        if (bits > LargestBits) throw Raise.Limit($"An integer would have more than {LargestBits:#,0} bits.");
        RenderBudget.Characters(bits);
    }
}
