using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// Training begins with the highest group of layers alone; the next lower one joins every so many epochs or steps, until all move
/// (Howard, Ruder: "Universal Language Model Fine-tuning for Text Classification", 2018).
/// </summary>
public sealed record GradualUnfreezing
{
    /// <summary>In what <see cref="Every"/> counts. Default <see cref="UnfreezingUnit.Epochs"/>.</summary>
    public UnfreezingUnit Unit { get; init; }

    /// <summary>Epochs or steps until the next group joins; at least 1. Default 1.</summary>
    public long Every { get; init; } = 1;

    /// <summary>Groups that move from the first step on; at least 1. Default 1: what stands above the last layer.</summary>
    public int GroupsAtStart { get; init; } = 1;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Argument(Enum.IsDefined(Unit), $"Unit must be one of {string.Join(", ", Enum.GetNames<UnfreezingUnit>())}; received {Unit}.");
        Require.AtLeast(Every, 1);
        Require.AtLeast(GroupsAtStart, 1);
    }

    /// <summary>How many groups move, from the highest down.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="step">Steps taken before.</param>
    /// <param name="groups">How many there are.</param>
    public int GroupsAt(int epoch, long step, int groups) =>
        (int)Math.Min(groups, GroupsAtStart + ((Unit == UnfreezingUnit.Epochs ? epoch : step) / Every));
}
