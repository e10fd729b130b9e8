using TorchSharp.Native;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>A number with a type of its own, for operators that take numbers.</summary>
public sealed class Scalar : IDisposable
{
    // libtorch keeps whole numbers as int64, others as float64, and truth apart.
    internal readonly Argument Argument;

    internal Scalar(long value) => (Argument, Type) = (value, ScalarType.Int64);
    internal Scalar(double value) => (Argument, Type) = (value, ScalarType.Float64);
    internal Scalar(bool value) => (Argument, Type) = (value, ScalarType.Bool);

    public ScalarType Type { get; }

    internal double Double => Type == ScalarType.Float64 ? BitConverter.Int64BitsToDouble(Argument.Bits) : Argument.Bits;
    internal long Int64 => Type != ScalarType.Float64 ? Argument.Bits : Double is >= long.MinValue and < -(double)long.MinValue ? (long)Double : throw Overflow("int64_t");
    private static System.Runtime.InteropServices.ExternalException Overflow(string type) => new($"value cannot be converted to type {type} without overflow");

    /// <summary>A whole number that has to fit between two bounds.</summary>
    internal long Within(long minimum, long maximum, string type)
    {
        var value = Int64;
        if (value < minimum || value > maximum) throw Overflow(type);
        return value;
    }

    /// <summary>There is nothing to give back: the number is managed.</summary>
    public void Dispose() { }

    public static implicit operator Scalar(byte value) => new((long)value);
    public static implicit operator Scalar(sbyte value) => new((long)value);
    public static implicit operator Scalar(short value) => new((long)value);
    public static implicit operator Scalar(int value) => new((long)value);
    public static implicit operator Scalar(long value) => new(value);
    public static implicit operator Scalar(float value) => new((double)value);
    public static implicit operator Scalar(double value) => new(value);
    public static implicit operator Scalar(bool value) => new(value);
    public static implicit operator Scalar(BFloat16 value) => new((double)value.ToSingle());
}

public static class ScalarExtensionMethods
{
    public static Scalar ToScalar(this byte value) => value;
    public static Scalar ToScalar(this sbyte value) => value;
    public static Scalar ToScalar(this short value) => value;
    public static Scalar ToScalar(this int value) => value;
    public static Scalar ToScalar(this long value) => value;
    public static Scalar ToScalar(this float value) => value;
    public static Scalar ToScalar(this double value) => value;
    public static Scalar ToScalar(this bool value) => value;
    public static Scalar ToScalar(this BFloat16 value) => value;

    public static double ToDouble(this Scalar value) => value.Double;
    public static float ToSingle(this Scalar value) => (float)value.Double;
    public static long ToInt64(this Scalar value) => value.Int64;
    public static int ToInt32(this Scalar value) => (int)value.Within(int.MinValue, int.MaxValue, "int");
    public static short ToInt16(this Scalar value) => (short)value.Within(short.MinValue, short.MaxValue, "int16_t");
    public static sbyte ToSByte(this Scalar value) => (sbyte)value.Within(sbyte.MinValue, sbyte.MaxValue, "int8_t");
    public static byte ToByte(this Scalar value) => (byte)value.Within(byte.MinValue, byte.MaxValue, "uint8_t");
    public static bool ToBoolean(this Scalar value) => value.Type == ScalarType.Float64 ? value.Double != 0 : value.Argument.Bits != 0;
    public static Half ToHalf(this Scalar value) => (Half)value.Double;
    public static BFloat16 ToBFloat16(this Scalar value) => new((float)value.Double);
}
