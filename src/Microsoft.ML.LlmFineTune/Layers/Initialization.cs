using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Fills parameters before training. The draws are the library's own, so a seed gives the same weights with every libtorch.</summary>
public static class Initialization
{
    // Large tables are drawn piece by piece, so that the managed copy stays small.
    private const int PieceLength = 1 << 20;

    /// <summary>Fills with draws from a normal distribution of mean 0.</summary>
    /// <param name="parameter">Any shape; filled in row order.</param>
    /// <param name="random">Where the draws come from.</param>
    /// <param name="standardDeviation">At least 0.</param>
    /// <param name="cutoff">Draws further from 0 than so many standard deviations are drawn again; greater than 0. Null: all stay.</param>
    public static void Normal(Parameter parameter, RandomStream random, double standardDeviation, double? cutoff = null)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ArgumentNullException.ThrowIfNull(random);
        Require.NotNegative(standardDeviation);
        if (cutoff is double limit) Require.Positive(limit, nameof(cutoff));
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        Tensor flat = parameter.detach().view(-1);
        long length = flat.numel();
        float[] draws = new float[Math.Min(length, PieceLength)];
        for (long start = 0; start < length; start += PieceLength)
        {
            int count = (int)Math.Min(PieceLength, length - start);
            Draw(draws.AsSpan(0, count), random, standardDeviation, cutoff);
            using Tensor piece = tensor(count == draws.Length ? draws : draws[..count]);
            using Tensor target = flat.narrow(0, start, count);
            target.copy_(piece);
        }
    }

    private static void Draw(Span<float> destination, RandomStream random, double standardDeviation, double? cutoff)
    {
        if (cutoff is not double limit)
        {
            random.FillNormal(destination, 0, standardDeviation);
            return;
        }
        for (int i = 0; i < destination.Length; i++)
        {
            double draw = random.NextNormal();
            while (Math.Abs(draw) > limit) draw = random.NextNormal();
            destination[i] = (float)(standardDeviation * draw);
        }
    }

    /// <summary>Fills with one value.</summary>
    public static void Constant(Parameter parameter, double value)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        using var withoutGradients = no_grad();
        using Tensor values = parameter.detach();
        values.fill_(value);
    }
}
