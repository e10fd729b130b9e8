using System.Numerics;
using System.Reflection;
using Microsoft.ML.Data;
using Microsoft.ML.Internal.Utilities;

namespace Microsoft.ML.Transforms;

internal delegate TTo Conversion<TFrom, TTo>(TFrom value);

/// <summary>
/// The conversions between types of values: signed and unsigned numbers among themselves and into floats, floats into floats, all of them
/// into truth values and text, text into everything. Keys are converted as unsigned numbers.
/// </summary>
internal static class TypeConversion
{
    private static readonly Type[] Signed = [typeof(sbyte), typeof(short), typeof(int), typeof(long)];
    private static readonly Type[] Unsigned = [typeof(byte), typeof(ushort), typeof(uint), typeof(ulong)];
    private static readonly Type[] Real = [typeof(float), typeof(double)];
    private static readonly Type[] Times = [typeof(TimeSpan), typeof(DateTime), typeof(DateTimeOffset)];
    private static readonly Type Text = typeof(ReadOnlyMemory<char>);

    private static readonly Dictionary<Type, Delegate> FromText = new Delegate[]
    {
        (Conversion<ReadOnlyMemory<char>, sbyte>)(text => TextConversion.ToInteger<sbyte>(text.Span, "sbyte")),
        (Conversion<ReadOnlyMemory<char>, byte>)(text => TextConversion.ToInteger<byte>(text.Span, "byte")),
        (Conversion<ReadOnlyMemory<char>, short>)(text => TextConversion.ToInteger<short>(text.Span, "short")),
        (Conversion<ReadOnlyMemory<char>, ushort>)(text => TextConversion.ToInteger<ushort>(text.Span, "ushort")),
        (Conversion<ReadOnlyMemory<char>, int>)(text => TextConversion.ToInteger<int>(text.Span, "int")),
        (Conversion<ReadOnlyMemory<char>, uint>)(text => TextConversion.ToInteger<uint>(text.Span, "uint")),
        (Conversion<ReadOnlyMemory<char>, long>)(text => TextConversion.ToInteger<long>(text.Span, "long")),
        (Conversion<ReadOnlyMemory<char>, ulong>)(text => TextConversion.ToInteger<ulong>(text.Span, "ulong")),
        (Conversion<ReadOnlyMemory<char>, float>)(text => TextConversion.ToSingle(text.Span)),
        (Conversion<ReadOnlyMemory<char>, double>)(text => TextConversion.ToDouble(text.Span)),
        (Conversion<ReadOnlyMemory<char>, bool>)(text => TextConversion.ToBoolean(text.Span)),
        (Conversion<ReadOnlyMemory<char>, TimeSpan>)(text => TextConversion.ToTimeSpan(text.Span)),
        (Conversion<ReadOnlyMemory<char>, DateTime>)(text => TextConversion.ToDateTime(text.Span)),
        (Conversion<ReadOnlyMemory<char>, DateTimeOffset>)(text => TextConversion.ToDateTimeOffset(text.Span)),
    }.ToDictionary(conversion => conversion.GetType().GetGenericArguments()[1]);

    /// <summary>Null where there is no conversion.</summary>
    public static Delegate Find(DataViewType from, DataViewType to)
    {
        if (from is KeyDataViewType key && (to is KeyDataViewType other ? other.Count != key.Count : !Unsigned.Contains(to.RawType)))
            return null;
        if (to is KeyDataViewType && from is not KeyDataViewType)
            return null;
        return Find(from.RawType, to.RawType);
    }

    /// <summary>A getter of converted values, of a scalar or a vector.</summary>
    public static Delegate MakeGetter(DataViewRow input, DataViewSchema.Column column, Delegate conversion)
    {
        var types = conversion.GetType().GetGenericArguments();
        return (Delegate)Call(column.Type is VectorDataViewType ? nameof(VectorGetter) : nameof(ScalarGetter), types, input, column, conversion);
    }

    private static Delegate Find(Type from, Type to)
    {
        if (from == to)
            return Utils.MarshalInvoke(Same<int>, from);
        if (from == Text)
            return FromText.GetValueOrDefault(to);
        if (to == Text)
            return Utils.MarshalInvoke(Displayed<int>, from);
        bool number = Signed.Contains(from) || Unsigned.Contains(from) || Real.Contains(from);
        if (to == typeof(bool))
            return number ? Make(nameof(Truth), from) : null;
        if (from == typeof(bool))
            return Signed.Contains(to) || Real.Contains(to) ? Make(nameof(OfTruth), to) : null;
        if (Times.Contains(from))
            return to == typeof(long) || Real.Contains(to) ? Make(nameof(Ticks), from, to) : null;
        if (Unsigned.Contains(from) && Unsigned.Contains(to))
            return Make(nameof(InRange), from, to);
        if ((number && Real.Contains(to)) || (Signed.Contains(from) && Signed.Contains(to)))
            return Make(nameof(Number), from, to);
        return null;
    }

    private static Delegate Make(string method, params Type[] types) => (Delegate)Call(method, types);

    private static object Call(string method, Type[] types, params object[] arguments)
        => typeof(TypeConversion).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic).MakeGenericMethod(types).Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null);

    private static Delegate Same<T>() => (Conversion<T, T>)(value => value);

    private static Delegate Displayed<T>() => (Conversion<T, ReadOnlyMemory<char>>)(value => TextConversion.ToDisplay(value).AsMemory());

    private static Delegate Truth<T>() where T : INumber<T> => (Conversion<T, bool>)(value => value != T.Zero);

    private static Delegate OfTruth<T>() where T : INumber<T> => (Conversion<bool, T>)(value => value ? T.One : T.Zero);

    private static Delegate Number<TFrom, TTo>() where TFrom : INumber<TFrom> where TTo : INumber<TTo>
        => (Conversion<TFrom, TTo>)TTo.CreateTruncating;

    /// <summary>A value that is too large becomes 0, the missing key.</summary>
    private static Delegate InRange<TFrom, TTo>() where TFrom : INumber<TFrom> where TTo : INumber<TTo>, IMinMaxValue<TTo>
        => (Conversion<TFrom, TTo>)(value => ulong.CreateTruncating(value) <= ulong.CreateTruncating(TTo.MaxValue) ? TTo.CreateTruncating(value) : TTo.Zero);

    private static Delegate Ticks<TFrom, TTo>() where TTo : INumber<TTo>
        => (Conversion<TFrom, TTo>)(value => TTo.CreateTruncating(value switch
        {
            TimeSpan span => span.Ticks,
            DateTime date => date.Ticks,
            DateTimeOffset date => date.UtcTicks,
            _ => 0,
        }));

    private static Delegate ScalarGetter<TFrom, TTo>(DataViewRow input, DataViewSchema.Column column, Conversion<TFrom, TTo> conversion)
    {
        var getter = input.GetGetter<TFrom>(column);
        TFrom from = default;
        return (ValueGetter<TTo>)((ref TTo value) =>
        {
            getter(ref from);
            value = conversion(from);
        });
    }

    private static Delegate VectorGetter<TFrom, TTo>(DataViewRow input, DataViewSchema.Column column, Conversion<TFrom, TTo> conversion)
    {
        var getter = input.GetGetter<VBuffer<TFrom>>(column);
        var from = default(VBuffer<TFrom>);
        // Zero, false and empty text stay what they are in every conversion that a sparse vector meets, but for text of numbers.
        bool keepsDefault = EqualityComparer<TTo>.Default.Equals(conversion(default), default);
        return (ValueGetter<VBuffer<TTo>>)((ref VBuffer<TTo> value) =>
        {
            getter(ref from);
            if (!from.IsDense && !keepsDefault)
                from.CopyToDense(ref from);
            var values = from.GetValues();
            var editor = VBufferEditor.Create(ref value, from.Length, values.Length);
            for (int i = 0; i < values.Length; i++)
                editor.Values[i] = conversion(values[i]);
            from.GetIndices().CopyTo(editor.Indices);
            value = editor.Commit();
        });
    }
}
