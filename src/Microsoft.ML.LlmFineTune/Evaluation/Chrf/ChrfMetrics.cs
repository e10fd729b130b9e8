namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>chrF or chrF++ of a corpus or a sentence (Popović, WMT 2015 and 2017), as sacreBLEU computes it.</summary>
public sealed record ChrfMetrics
{
    /// <summary>"chrF" with beta and a plus for each order of words: chrF2, chrF2++.</summary>
    public required string Name { get; init; }

    /// <summary>The F score of n-grams, from 0 to 100; higher is better.</summary>
    public required double Score { get; init; }

    /// <summary>Segments.</summary>
    public required long Segments { get; init; }

    /// <summary>What the score depends on, in sacreBLEU's form.</summary>
    public required MetricSignature Signature { get; init; }

    /// <summary>What the input had that its owner should know.</summary>
    public IReadOnlyList<InputWarning> Warnings { get; init; } = [];

    /// <summary>sacreBLEU's line, "chrF2 = 71.65" for example.</summary>
    public override string ToString() => ToString(2);

    /// <summary>sacreBLEU's line.</summary>
    /// <param name="digits">Decimals of the score; from 0 to 15.</param>
    /// <param name="signature">A signature that stands behind the name, for example <see cref="Signature"/>. Default null: none.</param>
    /// <param name="interval">A confidence interval that stands behind the score. Default null: none.</param>
    public string ToString(int digits, MetricSignature? signature = null, ConfidenceInterval? interval = null) => ScoreLine.Of(Name, Score, digits, signature, interval);
}
