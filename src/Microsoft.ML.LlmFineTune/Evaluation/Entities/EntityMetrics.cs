using System.Globalization;
using System.Text;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well entities were recognized, as seqeval counts it.</summary>
public sealed record EntityMetrics
{
    /// <summary>Scores over all entities, whatever their type. Its F is the figure of the CoNLL and WNUT tasks.</summary>
    public required EntityScores Micro { get; init; }

    /// <summary>Means over the types; NaN where there is none.</summary>
    public required EntityScores Macro { get; init; }

    /// <summary>Means over the types, weighted by their support.</summary>
    public required EntityScores Weighted { get; init; }

    /// <summary>The scores of each type that occurs, in the order of the types' code points.</summary>
    public required IReadOnlyList<EntityTypeScores> PerType { get; init; }

    /// <summary>How the tags agree token by token.</summary>
    public required TagAgreement Tags { get; init; }

    /// <summary>Share of the tokens with the right tag, from 0 to 1; null without tokens.</summary>
    public double? TokenAccuracy => Tags.Accuracy;

    /// <summary>Sentences.</summary>
    public required long Sentences { get; init; }

    /// <summary>What the input had that its owner should know: tags that break the scheme.</summary>
    public IReadOnlyList<InputWarning> Warnings { get; init; } = [];

    /// <summary>One line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"precision {Micro.Precision:0.0000}, recall {Micro.Recall:0.0000}, F {Micro.FScore:0.0000} over {Micro.Support} entities");

    /// <summary>seqeval's table (classification_report): a line for each type, then the averages.</summary>
    /// <param name="digits">Decimals; from 0 to 15. Default 2.</param>
    /// <exception cref="InvalidOperationException">There is no entity, neither in the reference nor predicted.</exception>
    public string ToReport(int digits = 2)
    {
        Require.Within(digits, 0, 15);
        Require.State(PerType.Count > 0, "A report needs at least one entity, in the reference or predicted; there is none.");
        const string Longest = "weighted avg";
        int width = Math.Max(Math.Max(Longest.Length, digits), PerType.Max(type => CodePoints.Count(type.Type)));
        StringBuilder report = new();
        report.Append(' ', width).Append(' ');
        foreach (string head in (string[])["precision", "recall", "f1-score", "support"]) report.Append(' ').Append(head.PadLeft(9));
        report.Append("\n\n");
        foreach (EntityTypeScores type in PerType) Append(type.Type, type.Scores);
        report.Append('\n');
        Append("micro avg", Micro);
        Append("macro avg", Macro);
        Append(Longest, Weighted);
        return report.ToString();

        void Append(string name, EntityScores scores)
        {
            report.Append(' ', width - CodePoints.Count(name)).Append(name).Append(' ');
            foreach (double value in (double[])[scores.Precision, scores.Recall, scores.FScore]) report.Append(' ').Append(PythonText.Fixed(value, digits).PadLeft(9));
            report.Append(' ').Append(scores.Support.ToString(CultureInfo.InvariantCulture).PadLeft(9)).Append('\n');
        }
    }
}
