namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Python's <c>sorted</c>: stable, by Python's order.</summary>
internal static class Sorting
{
    public static object?[] Sort(object?[] items, bool reverse, Func<object?, object?>? keyOf = null)
    {
        RenderBudget.Make(items.Length * 2L);
        var keys = new object?[items.Length];
        for (var i = 0; i < items.Length; i++)
        {
            RenderBudget.Steps(1);
            keys[i] = keyOf is null ? items[i] : keyOf(items[i]);
        }
        var order = new int[items.Length];
        for (var i = 0; i < order.Length; i++) order[i] = reverse ? order.Length - 1 - i : i;
        MergeSort(order, new int[order.Length], 0, order.Length, keys);
        if (reverse) Array.Reverse(order);
        return [.. order.Select(i => items[i])];
    }

    // A sort of our own: .NET's are not stable, or wrap the errors that comparing throws.
    private static void MergeSort(int[] order, int[] spare, int start, int end, object?[] keys)
    {
        if (end - start < 2) return;
        var middle = (start + end) / 2;
        MergeSort(order, spare, start, middle, keys);
        MergeSort(order, spare, middle, end, keys);
        RenderBudget.Steps(end - start);
        if (!Comparison.Less(keys[order[middle]], keys[order[middle - 1]])) return;
        Array.Copy(order, start, spare, start, end - start);
        for (int left = start, right = middle, at = start; at < end; at++)
        {
            var takeRight = left == middle || (right < end && Comparison.Less(keys[spare[right]], keys[spare[left]]));
            order[at] = takeRight ? spare[right++] : spare[left++];
        }
    }
}
