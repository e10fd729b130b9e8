using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Neighbouring parameters of one group with equal settings.</summary>
/// <param name="Group">Index of the group.</param>
/// <param name="Entries">The parameters, in the order in which they lie.</param>
/// <param name="Count">How many elements, those between parameters included.</param>
/// <param name="RateFactor">Multiplies the learning rate.</param>
/// <param name="WeightDecay">Their decay.</param>
internal sealed record ParameterRange(int Group, IReadOnlyList<FlatParameter> Entries, long Count, double RateFactor, double WeightDecay)
{
    /// <summary>Index of the first element.</summary>
    public long First => Entries[0].Offset;
}
