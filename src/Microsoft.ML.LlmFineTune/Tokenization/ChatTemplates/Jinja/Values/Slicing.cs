using System.Numerics;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary><c>value[start:stop:step]</c>.</summary>
internal static class Slicing
{
    public static object? Of(object? value, object? start, object? stop, object? step)
    {
        if (value is UndefinedValue undefined) throw undefined.Error();
        switch (value)
        {
            case string text:
                return CodePointText.Slice(text, start, stop, step);
            case MarkupText markup:
                return new MarkupText(CodePointText.Slice(markup.Text, start, stop, step));
            case SequenceValue sequence:
                var (from, _, by, length) = Indices(start, stop, step, sequence.Items.Length);
                RenderBudget.MakeItems(length);
                var items = new object?[length];
                if (by == 1) Array.Copy(sequence.Items, from, items, 0, length);
                else for (var i = 0; i < length; i++) items[i] = sequence.Items[from + (i * by)];
                return sequence.With(items);
            case RangeValue range:
                var part = Indices(start, stop, step, range.Length!.Value);
                return range.Slice(part.Start, part.Stop, part.Step, part.Length);
            case BytesValue bytes:
                var cut = Indices(start, stop, step, bytes.Bytes.Length);
                return new BytesValue([.. Enumerable.Range(0, cut.Length).Select(i => bytes.Bytes[cut.Start + (i * cut.Step)])]);
            case DictValue:
                throw Raise.Type("unhashable type: 'slice'");
            default:
                throw Raise.Type($"'{Values.TypeName(value)}' object is not subscriptable");
        }
    }

    /// <summary>The positions that a slice takes of a sequence, as Python's <c>slice.indices</c>.</summary>
    public static (long Start, long Stop, long Step, int Length) Indices(object? start, object? stop, object? step, int length)
    {
        var by = step is null ? 1 : Index(step);
        if (by == 0) throw Raise.Value("slice step cannot be zero");
        var (lowest, highest) = by < 0 ? (-1L, length - 1L) : (0L, (long)length);
        var from = start is null ? (by < 0 ? highest : lowest) : Clip(Index(start));
        var to = stop is null ? (by < 0 ? lowest : highest) : Clip(Index(stop));
        // Python's slices take any step; beyond the length all are alike.
        by = Math.Clamp(by, -int.MaxValue, int.MaxValue);
        var count = by < 0 ? (to < from ? ((from - to - 1) / -by) + 1 : 0) : (from < to ? ((to - from - 1) / by) + 1 : 0);
        return (from, to, by, (int)count);

        long Clip(long index)
        {
            if (index < 0) return Math.Max(index + length, lowest);
            return Math.Min(index, highest);
        }
    }

    private static long Index(object value) => value switch
    {
        long integer => Math.Clamp(integer, int.MinValue, int.MaxValue),
        bool truth => truth ? 1 : 0,
        BigInteger big => big.Sign * (long)int.MaxValue,
        _ => throw Raise.Type("slice indices must be integers or None or have an __index__ method"),
    };
}
