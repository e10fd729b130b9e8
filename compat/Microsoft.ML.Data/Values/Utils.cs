using System.Reflection;

namespace Microsoft.ML.Internal.Utilities;

internal static class Utils
{
    public static int Size<T>(T[] array) => array?.Length ?? 0;

    /// <summary>
    /// Calls a generic method with a type that is known at run time only. The delegate names the method with any type in place of that one:
    /// <c>MarshalInvoke(Make&lt;int&gt;, type.RawType, a, b)</c>. Exceptions come through as they are.
    /// </summary>
    public static TRes MarshalInvoke<TRes>(Func<TRes> func, Type type) => (TRes)Invoke(func, type);

    public static TRes MarshalInvoke<T1, TRes>(Func<T1, TRes> func, Type type, T1 a1) => (TRes)Invoke(func, type, a1);

    public static TRes MarshalInvoke<T1, T2, TRes>(Func<T1, T2, TRes> func, Type type, T1 a1, T2 a2) => (TRes)Invoke(func, type, a1, a2);

    public static TRes MarshalInvoke<T1, T2, T3, TRes>(Func<T1, T2, T3, TRes> func, Type type, T1 a1, T2 a2, T3 a3) => (TRes)Invoke(func, type, a1, a2, a3);

    public static TRes MarshalInvoke<T1, T2, T3, T4, TRes>(Func<T1, T2, T3, T4, TRes> func, Type type, T1 a1, T2 a2, T3 a3, T4 a4) => (TRes)Invoke(func, type, a1, a2, a3, a4);

    private static object Invoke(Delegate func, Type type, params object[] arguments)
        => func.Method.GetGenericMethodDefinition().MakeGenericMethod(type).Invoke(func.Target, BindingFlags.DoNotWrapExceptions, null, arguments, null);

    /// <summary>A random order of the numbers from 0.</summary>
    public static int[] GetRandomPermutation(Random rand, int size)
    {
        var order = new int[size];
        for (int i = 0; i < size; i++)
            order[i] = i;
        Shuffle(rand, order.AsSpan());
        return order;
    }

    public static void Shuffle<T>(Random rand, Span<T> items)
    {
        for (int i = 0; i < items.Length; i++)
        {
            int other = i + rand.Next(items.Length - i);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }

    /// <summary>Which of a schema's columns are among the given ones.</summary>
    public static bool[] BuildArray(int length, IEnumerable<DataViewSchema.Column> columns)
    {
        var array = new bool[length];
        foreach (var column in columns)
            if (column.Index < length)
                array[column.Index] = true;
        return array;
    }
}
