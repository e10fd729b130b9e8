using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>What one contestant reached.</summary>
/// <param name="Name">Who.</param>
/// <param name="Milliseconds">Every step.</param>
/// <param name="ProcessorMilliseconds">Processor time of a step over all threads: what a busy machine leaves comparable.</param>
/// <param name="ValidationLosses">Over the whole validation text, one a seed.</param>
/// <param name="PeakBytes">The process's largest resident memory.</param>
/// <param name="Details">Versions and settings.</param>
internal sealed record Measurement(string Name, IReadOnlyList<double> Milliseconds, double ProcessorMilliseconds, IReadOnlyList<double> ValidationLosses, long PeakBytes, string Details)
{
    public double Median => Milliseconds.Order().ElementAt(Milliseconds.Count / 2);

    public double Mean => Milliseconds.Average();

    public double TokensPerSecond => NanoGptOptions.Rows * NanoGptOptions.Length / (Median / 1000);

    /// <summary>Peak resident memory of this process.</summary>
    public static long PeakOfThisProcess()
    {
        const string Status = "/proc/self/status";
        string? line = File.Exists(Status) ? File.ReadLines(Status).FirstOrDefault(text => text.StartsWith("VmHWM:", StringComparison.Ordinal)) : null;
        return line is null ? System.Diagnostics.Process.GetCurrentProcess().PeakWorkingSet64 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
