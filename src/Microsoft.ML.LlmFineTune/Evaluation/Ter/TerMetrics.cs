namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Translation edit rate of a corpus or a sentence (Snover et al., AMTA 2006), as sacreBLEU computes it.</summary>
public sealed record TerMetrics
{
    /// <summary>Edits for 100 reference words, 0 or greater; lower is better, and more than 100 is possible. Without reference words: 100 where there are edits, 0 where there are none.</summary>
    public required double Score { get; init; }

    /// <summary>Edits (insertions, deletions, substitutions and shifts of blocks), for each segment against the reference that takes the fewest.</summary>
    public required long Edits { get; init; }

    /// <summary>Words of the references; of a segment with several the mean.</summary>
    public required double ReferenceLength { get; init; }

    /// <summary>Segments.</summary>
    public required long Segments { get; init; }

    /// <summary>What the score depends on, in sacreBLEU's form.</summary>
    public required MetricSignature Signature { get; init; }

    /// <summary>What the input had that its owner should know.</summary>
    public IReadOnlyList<InputWarning> Warnings { get; init; } = [];

    /// <summary>sacreBLEU's line, "TER = 25.12" for example.</summary>
    public override string ToString() => ToString(2);

    /// <summary>sacreBLEU's line.</summary>
    /// <param name="digits">Decimals of the score; from 0 to 15.</param>
    /// <param name="signature">A signature that stands behind the name, for example <see cref="Signature"/>. Default null: none.</param>
    /// <param name="interval">A confidence interval that stands behind the score. Default null: none.</param>
    public string ToString(int digits, MetricSignature? signature = null, ConfidenceInterval? interval = null) => ScoreLine.Of("TER", Score, digits, signature, interval);
}
