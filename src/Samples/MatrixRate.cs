using System.Diagnostics;
using static TorchSharp.torch;

namespace Samples;

/// <summary>How long one large matrix product takes on this machine now: times of a run mean most as multiples of it.</summary>
internal sealed class MatrixRate
{
    internal const int Size = 1024;
    private readonly List<double> _seconds = [];

    /// <summary>The median of all products so far.</summary>
    internal double Seconds => _seconds.Order().ElementAt(_seconds.Count / 2);

    internal void Measure()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor factor = ones([Size, Size]), product = zeros([Size, Size]);
        for (int i = 0; i <= 30; i++)
        {
            long start = Stopwatch.GetTimestamp();
            product.addmm_(factor, factor);
            // The first one touches memory and wakes threads.
            if (i > 0)
                _seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }
}
