using System.Globalization;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>What was noticed while weights were read.</summary>
public sealed record LoadReport
{
    /// <summary>What warnings call the files.</summary>
    public required string Source { get; init; }

    /// <summary>The type that the weights have in memory.</summary>
    public required ScalarType Type { get; init; }

    /// <summary>How many of the model's tensors the files hold in each type; those of another type than <see cref="Type"/> were converted, rounding to the nearest where precision is lost.</summary>
    public required IReadOnlyDictionary<ScalarType, int> FileTypes { get; init; }

    /// <summary>Tensors of the files that the model can do without, and that were skipped: stored masks, heads of other tasks.</summary>
    public required IReadOnlyList<string> Unused { get; init; }

    /// <summary>Weights of a new task's head that the files do not have in the model's shape: they stayed as they had been drawn.</summary>
    public required IReadOnlyList<string> Stayed { get; init; }

    /// <summary>Tensors with numbers that are NaN or infinite in memory: the training diverged, the file is damaged, or <see cref="Type"/> is too narrow for it.</summary>
    public required IReadOnlyList<NonFiniteTensor> NonFinite { get; init; }

    /// <summary>What was asked for; default <see cref="WeightLoading.Copied"/>.</summary>
    public WeightLoading Loading { get; init; }

    /// <summary>Bytes of the files that the model's weights are views of.</summary>
    public long MappedBytes { get; init; }

    /// <summary>Bytes of the files that were read into memory of the model's own.</summary>
    public long CopiedBytes { get; init; }

    /// <summary>What a user should hear of, a line each; empty when all is as it should be.</summary>
    public IEnumerable<string> Warnings
    {
        get
        {
            if (FileTypes.Count > 1)
                yield return $"'{Source}' mixes types (tensors: {string.Join(", ", FileTypes.OrderByDescending(type => type.Value).Select(type => $"{type.Value} {SafeTensorsTypes.NameOf(type.Key)}"))}); all were read as {Type}.";
            if (Loading == WeightLoading.Mapped && MappedBytes < CopiedBytes)
                yield return string.Create(CultureInfo.InvariantCulture, $"'{Source}' was to be mapped into memory, but {CopiedBytes:N0} of {MappedBytes + CopiedBytes:N0} bytes had to be copied. Only weights that the model has in the file's type, orientation and memory can be mapped; the file has {string.Join(", ", FileTypes.OrderByDescending(type => type.Value).Select(type => SafeTensorsTypes.NameOf(type.Key)))}, the model {Type}.");
            if (NonFinite.Count > 0)
                yield return $"'{Source}' has weights that are NaN or infinite, in {NonFinite.Count} of {FileTypes.Values.Sum()} tensors: {ShortList.Of([.. NonFinite.Select(tensor => tensor.ToString())])}. The model's answers will be NaN; its training diverged, the file is damaged, or {Type} is too narrow for its numbers.";
        }
    }
}
