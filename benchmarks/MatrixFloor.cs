using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>How long a step's matrix products take at the speed of one large product: no step can be faster without other arithmetic.</summary>
internal sealed class MatrixFloor
{
    private const int Size = 1024;
    private readonly List<double> _seconds = [];

    /// <summary>Multiplications and additions of all products of a step, backward included: 6 a weight and token, and attention's over the whole square.</summary>
    public static double StepOperations(int vocabulary)
    {
        double tokens = NanoGptOptions.Rows * NanoGptOptions.Length, width = NanoGptOptions.Width;
        double weights = (NanoGptOptions.Layers * 12 * width * width) + (vocabulary * width);
        double attention = NanoGptOptions.Layers * 3 * 4 * tokens * NanoGptOptions.Length * width;
        return (6 * weights * tokens) + attention;
    }

    /// <summary>Operations a second, the median of all measurements so far.</summary>
    public double Rate => 2.0 * Size * Size * Size / _seconds.Order().ElementAt(_seconds.Count / 2);

    /// <summary>Measures once more.</summary>
    public void Measure()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor one = ones([Size, Size]), product = zeros([Size, Size]);
        for (int i = 0; i < 4; i++)
        {
            long start = Stopwatch.GetTimestamp();
            product.addmm_(one, one);
            // The first one touches memory and wakes threads.
            if (i > 0) _seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }
}
