using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>BLEU of a corpus or a sentence (Papineni et al., ACL 2002), as sacreBLEU computes it (Post, WMT 2018). Lists have an entry for each order of n-grams, beginning with 1.</summary>
public sealed record BleuMetrics
{
    /// <summary>BLEU, from 0 to 100; higher is better.</summary>
    public required double Score { get; init; }

    /// <summary>N-grams of the hypotheses that a reference has. With <see cref="BleuSmoothing.AddK"/> the orders above 1 contain the added value, as in the reference.</summary>
    public required IReadOnlyList<double> Counts { get; init; }

    /// <summary>N-grams of the hypotheses. With <see cref="BleuSmoothing.AddK"/> the orders above 1 contain the added value, as in the reference.</summary>
    public required IReadOnlyList<double> Totals { get; init; }

    /// <summary>Smoothed precisions in percent; all 0 when there is no match of any order.</summary>
    public required IReadOnlyList<double> Precisions { get; init; }

    /// <summary>The factor for short hypotheses, from 0 to 1: exp(1 - reference length / hypothesis length), 1 where they are long enough.</summary>
    public required double BrevityPenalty { get; init; }

    /// <summary>Tokens of the hypotheses.</summary>
    public required long HypothesisLength { get; init; }

    /// <summary>Tokens of the references; of a segment's references the one that is closest in length counts, the shorter of two equally close ones.</summary>
    public required long ReferenceLength { get; init; }

    /// <summary>Hypothesis length / reference length; 0 when the latter is 0.</summary>
    public double LengthRatio => ReferenceLength == 0 ? 0 : (double)HypothesisLength / ReferenceLength;

    /// <summary>Segments.</summary>
    public required long Segments { get; init; }

    /// <summary>What the score depends on, in sacreBLEU's form.</summary>
    public required MetricSignature Signature { get; init; }

    /// <summary>What the input had that its owner should know.</summary>
    public IReadOnlyList<InputWarning> Warnings { get; init; } = [];

    /// <summary>sacreBLEU's line, "BLEU = 48.82 87.2/64.7/44.7/33.0 (BP = 0.909 ratio = 0.913 hyp_len = 429 ref_len = 470)" for example.</summary>
    public override string ToString() => ToString(2);

    /// <summary>sacreBLEU's line.</summary>
    /// <param name="digits">Decimals of the score; from 0 to 15.</param>
    /// <param name="signature">A signature that stands behind the name, for example <see cref="Signature"/>. Default null: none.</param>
    /// <param name="interval">A confidence interval that stands behind the score. Default null: none.</param>
    public string ToString(int digits, MetricSignature? signature = null, ConfidenceInterval? interval = null) =>
        ScoreLine.Of("BLEU", Score, digits, signature, interval) + string.Create(CultureInfo.InvariantCulture,
            $" {string.Join('/', Precisions.Select(precision => PythonText.Fixed(precision, 1)))} (BP = {PythonText.Fixed(BrevityPenalty, 3)} ratio = {PythonText.Fixed(LengthRatio, 3)} hyp_len = {HypothesisLength} ref_len = {ReferenceLength})");
}
