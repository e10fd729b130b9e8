using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>A tensor with numbers that are NaN or infinite, in the type into which it was read.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Count">How many of its numbers are NaN or infinite.</param>
/// <param name="Total">How many numbers it has.</param>
public sealed record NonFiniteTensor(string Name, long Count, long Total)
{
    /// <summary>For example "'score.weight' (3 of 768)".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"'{Name}' ({Count:N0} of {Total:N0})");

    internal static IReadOnlyList<NonFiniteTensor> Of(IEnumerable<TensorTarget> targets) =>
        [.. targets.Where(target => target.NotFinite > 0).Select(target => new NonFiniteTensor(target.Entry.Name, target.NotFinite, target.Destination.numel()))];
}
