using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>What a decoder reads where it is told the targets (teacher forcing): each place sees the ones before it.</summary>
public static class TargetShift
{
    private const long Ignored = -100;

    /// <summary>A first token, then the targets but the last.</summary>
    /// <param name="targets">[batch, target] int64; -100 where there is none.</param>
    /// <param name="start">The first token.</param>
    /// <param name="padding">What stands where there is no target.</param>
    /// <returns>[batch, target] int64.</returns>
    public static Tensor FromStart(Tensor targets, int start, int padding)
    {
        Tensor first = full([Require.NotNull(targets).size(0), 1], start, dtype: ScalarType.Int64, device: targets.device);
        return Shifted(first, targets, padding);
    }

    /// <summary>The last target of each row, which names the language (mBART), then the targets but the last.</summary>
    /// <param name="targets">[batch, target] int64; -100 or padding where there is none; at least one token a row.</param>
    /// <param name="padding">The padding.</param>
    /// <returns>[batch, target] int64.</returns>
    public static Tensor FromLast(Tensor targets, int padding)
    {
        Tensor kept = Require.NotNull(targets).masked_fill(targets.eq(Ignored), padding);
        Tensor last = kept.ne(padding).sum(1, keepdim: true).sub(1).clamp_min(0);                   // [batch, 1]
        return Shifted(kept.gather(1, last), kept, padding);
    }

    private static Tensor Shifted(Tensor first, Tensor targets, int padding)
    {
        Tensor shifted = cat([first, targets.narrow(1, 0, targets.size(1) - 1)], 1);
        return shifted.masked_fill(shifted.eq(Ignored), padding);
    }
}
