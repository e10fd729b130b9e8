using System.Globalization;
using System.Reflection;
using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Turns what reads a member into the getter of its column.</summary>
internal static class MemberReader
{
    /// <param name="type">The column's type.</param>
    /// <param name="read">Reads a value of the member's type.</param>
    /// <param name="shiftKeys">Whether scalar keys of a member count from 0: 0 becomes the key 1, and what is beyond the keys is missing.</param>
    public static Delegate Create<T>(DataViewType type, ValueGetter<T> read, bool shiftKeys)
    {
        if (read is ValueGetter<string> text)
            return (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = Read(text).AsMemory());
        if (read is ValueGetter<string[]> texts)
            return ArrayGetter(texts, item => item.AsMemory());
        if (typeof(T).IsArray)
            return Utils.MarshalInvoke(SameTypeArrayGetter<int>, typeof(T).GetElementType(), (Delegate)read);
        if (type is VectorDataViewType vector)
            return Utils.MarshalInvoke(VBufferGetter<int>, vector.ItemType.RawType, (Delegate)read);
        if (shiftKeys && type is KeyDataViewType key)
            return Utils.MarshalInvoke(KeyGetter<int>, key.RawType, (Delegate)read, key);
        return read;
    }

    private static T Read<T>(ValueGetter<T> read)
    {
        T value = default;
        read(ref value);
        return value;
    }

    private static Delegate SameTypeArrayGetter<T>(Delegate read) => ArrayGetter((ValueGetter<T[]>)read, item => item);

    private static Delegate ArrayGetter<TSource, T>(ValueGetter<TSource[]> read, Func<TSource, T> convert) => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
    {
        var items = Read(read);
        var editor = VBufferEditor.Create(ref value, items?.Length ?? 0);
        for (int i = 0; i < editor.Values.Length; i++)
            editor.Values[i] = convert(items[i]);
        value = editor.Commit();
    });

    private static Delegate VBufferGetter<T>(Delegate read)
    {
        var typed = (ValueGetter<VBuffer<T>>)read;
        return (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => Read(typed).CopyTo(ref value));
    }

    private static Delegate KeyGetter<T>(Delegate read, KeyDataViewType type)
    {
        // 16-bit keys have a type, but members of it are not taken; the refusal comes as if by reflection.
        if (typeof(T) == typeof(ushort))
            throw new TargetInvocationException(Contracts.Except());
        var typed = (ValueGetter<T>)read;
        return (ValueGetter<T>)((ref T value) =>
        {
            ulong member = Convert.ToUInt64(Read(typed), CultureInfo.InvariantCulture);
            value = (T)Convert.ChangeType(member < type.Count ? member + 1 : 0, typeof(T), CultureInfo.InvariantCulture);
        });
    }
}
