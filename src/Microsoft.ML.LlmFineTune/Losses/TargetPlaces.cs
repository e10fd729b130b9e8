using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>The places of a batch that have a target: only there a vocabulary is scored, which for hidden tokens and completions is most of the work saved.</summary>
/// <param name="Targets">[kept] int64.</param>
/// <param name="Index">[kept] int64: their numbers among all places, row after row; null: every place has a target.</param>
internal readonly record struct TargetPlaces(Tensor Targets, Tensor? Index)
{
    /// <summary>The places of a batch with one target for each of them.</summary>
    /// <param name="rows">The batch.</param>
    /// <param name="places">How many places there are.</param>
    /// <param name="classes">How many classes there are.</param>
    /// <param name="device">Of the model.</param>
    /// <exception cref="ArgumentException">There is not one target a place, or one is no class.</exception>
    public static TargetPlaces Of(TokenBatch rows, long places, int classes, Device device)
    {
        ModelInput.CheckTargets(rows, places, classes);
        return Of(rows.Targets, device);
    }

    /// <summary>The places of some columns of a batch with one target a token, which were checked before.</summary>
    /// <param name="rows">The batch.</param>
    /// <param name="start">The first column.</param>
    /// <param name="length">How many.</param>
    /// <param name="device">Of the model.</param>
    public static TargetPlaces OfColumns(TokenBatch rows, int start, int length, Device device)
    {
        if (length == rows.Length) return Of(rows.Targets, device);
        long[] targets = new long[rows.Rows * length];
        for (int row = 0; row < rows.Rows; row++) rows.Targets.AsSpan((row * rows.Length) + start, length).CopyTo(targets.AsSpan(row * length));
        return Of(targets, device);
    }

    private static TargetPlaces Of(long[] all, Device device)
    {
        int count = all.Length - all.AsSpan().Count(TokenBatch.Ignored);
        if (count == all.Length) return new(tensor(all, [all.Length], device: device), null);
        long[] targets = new long[count], index = new long[count];
        int kept = 0;
        for (int place = 0; place < all.Length; place++)
        {
            if (all[place] == TokenBatch.Ignored) continue;
            (targets[kept], index[kept]) = (all[place], place);
            kept++;
        }
        return new(tensor(targets, [kept], device: device), tensor(index, [kept], device: device));
    }

    /// <summary>The states of the places with a target.</summary>
    /// <param name="states">[.., width], all places in order.</param>
    /// <returns>[kept, width].</returns>
    public Tensor Select(Tensor states)
    {
        Tensor all = states.reshape(-1, states.size(-1));                                           // [places, width]
        return Index is null ? all : all.index_select(0, Index);
    }

    /// <summary>Numbers of the places with a target, put back to where they belong; 0 elsewhere.</summary>
    /// <param name="kept">[kept].</param>
    /// <param name="rows">Rows of the result.</param>
    /// <returns>[rows, places / rows].</returns>
    public Tensor PutBack(Tensor kept, TokenBatch rows) => Index is null
        ? kept.view(rows.Rows, -1)
        : zeros([rows.Targets.Length], dtype: kept.dtype, device: kept.device).index_add(0, Index, kept, 1).view(rows.Rows, -1);
}
