using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>What a dictionary has to know about values of each type: which are missing, equal, smaller, and how they are stored.</summary>
internal static class TermValues
{
    public static IEqualityComparer<T> Comparer<T>() => typeof(T) == typeof(ReadOnlyMemory<char>) ? (IEqualityComparer<T>)(object)TextComparer.Instance : EqualityComparer<T>.Default;

    public static IComparer<T> Order<T>() => typeof(T) == typeof(ReadOnlyMemory<char>) ? (IComparer<T>)(object)TextComparer.Instance : System.Collections.Generic.Comparer<T>.Default;

    /// <summary>Text may lie in a buffer that the next row overwrites.</summary>
    public static T Keep<T>(T value) => value is ReadOnlyMemory<char> text ? (T)(object)text.ToString().AsMemory() : value;

    public static void Save<T>(ModelSaveContext ctx, T value)
    {
        if (value is ReadOnlyMemory<char> text)
            ctx.SaveNonEmptyString(text.ToString());
        else
            ctx.Writer.Write(Bytes(ref value));
    }

    public static T Load<T>(ModelLoadContext ctx)
    {
        if (typeof(T) == typeof(ReadOnlyMemory<char>))
            return (T)(object)ctx.LoadNonEmptyString().AsMemory();
        T value = default;
        ctx.Reader.BaseStream.ReadExactly(Bytes(ref value));
        return value;
    }

    // All other types of values are plain structs.
    private static Span<byte> Bytes<T>(ref T value) => MemoryMarshal.CreateSpan(ref Unsafe.As<T, byte>(ref value), Unsafe.SizeOf<T>());

    private sealed class TextComparer : IEqualityComparer<ReadOnlyMemory<char>>, IComparer<ReadOnlyMemory<char>>
    {
        public static readonly TextComparer Instance = new();

        public bool Equals(ReadOnlyMemory<char> x, ReadOnlyMemory<char> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<char> text) => string.GetHashCode(text.Span);

        public int Compare(ReadOnlyMemory<char> x, ReadOnlyMemory<char> y) => x.Span.SequenceCompareTo(y.Span);
    }
}
