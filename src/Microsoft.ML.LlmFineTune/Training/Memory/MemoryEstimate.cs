using System.Globalization;
using System.Text;
using Microsoft.ML.LlmFineTune.Models;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>How much memory training will need at most, by what it is for. <see cref="ToString"/> is a table.</summary>
/// <param name="Bytes">Bytes of each part.</param>
/// <param name="ActivationBytes">Bytes of activations by what they belong to; with recomputation, all of it is the stream.</param>
public sealed record MemoryEstimate(IReadOnlyDictionary<MemoryPart, long> Bytes, IReadOnlyDictionary<ActivationKind, long> ActivationBytes)
{
    /// <summary>All parts, in bytes: how much the resident memory of the process will grow from before the model is built to the highest mark in training.</summary>
    public long Total => Bytes.Values.Sum();

    /// <summary>A table: a line for each part, activations by kind below theirs, and the sum.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        foreach ((MemoryPart part, long bytes) in Bytes.OrderBy(entry => entry.Key))
        {
            if (bytes == 0) continue;
            Line(Words(part.ToString()), bytes);
            if (part != MemoryPart.Activations) continue;
            foreach ((ActivationKind kind, long ofKind) in ActivationBytes.OrderBy(entry => entry.Key)) Line($"  {Words(kind.ToString())}", ofKind);
        }
        Line("all", Total);
        return text.ToString();

        void Line(string name, long bytes) => text.Append(CultureInfo.InvariantCulture, $"{name,-20}{bytes / 1e6,12:N1} MB").Append('\n');
    }

    private static string Words(string name) => string.Concat(name.Select((letter, i) => i > 0 && char.IsUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : char.ToLowerInvariant(letter).ToString()));
}
