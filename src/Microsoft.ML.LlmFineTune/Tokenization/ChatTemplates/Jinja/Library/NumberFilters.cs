using static Microsoft.ML.LlmFineTune.Tokenization.Filters;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Filters that make numbers, or texts of numbers.</summary>
internal static class NumberFilters
{
    public static IEnumerable<(string Name, BuiltinFunction Filter)> All()
    {
        yield return New("abs", "abs", 1, ["x"], (_, a) => a[0] is UndefinedValue undefined ? throw Raise.Type("bad operand type for abs(): 'Undefined'") : PythonNumbers.Absolute(a[0]));
        yield return New("int", "do_int", 1, ["value", "default", "base"], ToInteger);
        yield return New("float", "do_float", 1, ["value", "default"], ToReal);
        yield return New("round", "do_round", 1, ["value", "precision", "method"], Round);
        yield return New("filesizeformat", "do_filesizeformat", 1, ["value", "binary"], FileSize);
        foreach (var name in new[] { "length", "count" }) yield return New(name, "len", 1, ["obj"], (_, a) => Values.Length(a[0]));
        foreach (var name in new[] { "default", "d" })
            yield return New(name, "do_default", 1, ["value", "default_value", "boolean"], (_, a) => a[0] is UndefinedValue || (Flag(a[2]) && !Values.IsTrue(a[0])) ? Or(a[1], "") : a[0]);
    }

    private static object? ToInteger(RenderState state, object?[] a)
    {
        var (value, fallback, radix) = (a[0], Or(a[1], 0L), PythonNumbers.ToIndex(Or(a[2], 10L)));
        if (value is UndefinedValue undefined) throw undefined.Error();
        if (Values.IsText(value, out var text))
        {
            if (radix is not (0 or (>= 2 and <= 36))) return FromReal(text, fallback);
            try
            {
                if (PythonNumbers.Parse(text, (int)radix) is { } integer) return PythonNumbers.Box(integer);
            }
            catch (ChatTemplateException e) when (e.Kind == ChatTemplateErrorKind.ValueError)
            {
                // Too many digits for an integer: as a float it may do.
            }
            return FromReal(text, fallback);
        }
        if (value is double real) return double.IsNaN(real) ? fallback : double.IsInfinity(real) ? throw Raise.Overflow("cannot convert float infinity to integer") : PythonNumbers.Truncate(real);
        return PythonNumbers.IsInteger(value) ? PythonNumbers.Plus(value) : fallback;
    }

    private static object? FromReal(string text, object? fallback) => PythonNumbers.ParseReal(text) is { } real && double.IsFinite(real) ? PythonNumbers.Truncate(real) : fallback;

    private static object? ToReal(RenderState state, object?[] a) => a[0] switch
    {
        UndefinedValue undefined => throw undefined.Error(),
        var value when PythonNumbers.IsNumber(value) => PythonNumbers.ToDouble(value),
        var value when Values.IsText(value, out var text) => PythonNumbers.ParseReal(text) ?? Or(a[1], 0.0),
        _ => Or(a[1], 0.0),
    };

    private static object? Round(RenderState state, object?[] a)
    {
        var (value, precision, method) = (a[0], Or(a[1], 0L), Or(a[2], "common"));
        if (!ValueComparer.IsHashable(method)) throw Raise.Type($"unhashable type: '{Values.TypeName(method)}'");
        if (!Values.IsText(method, out var name) || name is not ("common" or "ceil" or "floor")) throw Raise.FilterArgument("method must be common, ceil or floor");
        if (name == "common")
        {
            if (value is UndefinedValue) throw Raise.Type("type Undefined doesn't define __round__ method");
            if (!PythonNumbers.IsNumber(value)) throw Raise.Type($"type {Values.TypeName(value)} doesn't define __round__ method");
            if (value is double real) return precision is null ? RoundToInteger(real) : RoundReal(real, PythonNumbers.ToIndex(precision));
            return RoundInteger(value, precision is null ? 0 : PythonNumbers.ToIndex(precision));
        }
        var power = Operators.Power(10L, precision);
        var scaled = Operators.Multiply(value, power);
        var whole = scaled is double point ? PythonNumbers.Truncate(name == "ceil" ? Math.Ceiling(point) : Math.Floor(point)) : PythonNumbers.IsInteger(scaled) ? scaled : throw Raise.Type($"must be real number, not {Values.TypeName(scaled)}");
        return Operators.Divide(whole, power);
    }

    private static object RoundToInteger(double value) => PythonNumbers.Truncate(Math.Round(value, MidpointRounding.ToEven));

    private static object RoundReal(double value, long digits)
    {
        if (!double.IsFinite(value) || value == 0 || digits > 323) return value;
        if (digits < -308) return Math.CopySign(0, value);
        if (digits >= 0) return Math.CopySign(double.Parse(RealDigits.Fixed(value, (int)digits), System.Globalization.CultureInfo.InvariantCulture), value);
        var exponent = (int)Math.Floor(Math.Log10(Math.Abs(value)));
        var count = exponent + 1 + (int)digits;
        if (count < 0) return Math.CopySign(0, value);
        var unit = System.Numerics.BigInteger.Pow(10, (int)-digits);
        var (whole, fraction) = (new System.Numerics.BigInteger(Math.Floor(Math.Abs(value))), Math.Abs(value) - Math.Floor(Math.Abs(value)));
        var quotient = System.Numerics.BigInteger.DivRem(whole, unit, out var rest);
        var twice = rest * 2;
        if (twice > unit || (twice == unit && (fraction > 0 || !quotient.IsEven))) quotient += 1;
        return Math.CopySign(PythonNumbers.OfBig(quotient * unit), value);
    }

    private static object RoundInteger(object? value, long digits)
    {
        if (digits >= 0) return PythonNumbers.Plus(value)!;
        var integer = PythonNumbers.ToBig(value);
        if (-digits > 400_000) return 0L;
        var unit = System.Numerics.BigInteger.Pow(10, (int)-digits);
        var quotient = System.Numerics.BigInteger.DivRem(System.Numerics.BigInteger.Abs(integer), unit, out var rest);
        var twice = rest * 2;
        if (twice > unit || (twice == unit && !quotient.IsEven)) quotient += 1;
        return PythonNumbers.Box(quotient * unit * integer.Sign);
    }

    private static object? FileSize(RenderState state, object?[] a)
    {
        var bytes = a[0] switch
        {
            UndefinedValue undefined => throw undefined.Error(),
            var value when PythonNumbers.IsNumber(value) => PythonNumbers.ToDouble(value),
            var value when Values.IsText(value, out var text) => PythonNumbers.ParseReal(text) ?? throw Raise.Value($"could not convert string to float: {Printing.Repr(value)}"),
            var value => throw Raise.Type($"float() argument must be a string or a real number, not '{Values.TypeName(value)}'"),
        };
        var binary = Flag(a[1]);
        double unit = binary ? 1024 : 1000;
        if (bytes == 1) return "1 Byte";
        if (bytes < unit) return $"{Printing.Text(PythonNumbers.Truncate(bytes))} Bytes";
        string[] names = binary ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"] : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
        for (var i = 0; ; i++)
        {
            var next = Math.Pow(unit, i + 2);
            if (bytes < next || i == names.Length - 1 || double.IsNaN(bytes)) return $"{FormatSpec.Format(unit * bytes / next, ".1f")} {names[double.IsNaN(bytes) ? ^1 : i]}";
        }
    }
}
