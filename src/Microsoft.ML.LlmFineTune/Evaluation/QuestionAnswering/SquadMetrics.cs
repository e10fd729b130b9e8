using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Exact match and F1 of some questions, in percent, from 0 to 100; higher is better.</summary>
/// <param name="ExactMatch">Share of the questions whose prediction equals an answer, once normalized; NaN without questions.</param>
/// <param name="F1">Mean F1 of the words that prediction and best answer share; NaN without questions.</param>
/// <param name="Total">Questions.</param>
public sealed record SquadScores(double ExactMatch, double F1, long Total);

/// <summary>The decision "no answer" at the threshold that suits the data best.</summary>
/// <param name="Score">The score that it reaches, in percent.</param>
/// <param name="Threshold">The largest probability of having no answer at which the prediction is taken.</param>
public sealed record SquadBestThreshold(double Score, double Threshold);

/// <summary>How well questions were answered, as SQuAD's evaluation scripts count it.</summary>
public sealed record SquadMetrics
{
    /// <summary>All questions.</summary>
    public required SquadScores Overall { get; init; }

    /// <summary>Exact match of all questions, in percent.</summary>
    public double ExactMatch => Overall.ExactMatch;

    /// <summary>F1 of all questions, in percent.</summary>
    public double F1 => Overall.F1;

    /// <summary>Questions.</summary>
    public long Total => Overall.Total;

    /// <summary>Questions that have an answer; null where there are none, and in version 1.1.</summary>
    public SquadScores? HasAnswer { get; init; }

    /// <summary>Questions without an answer; null where there are none, and in version 1.1.</summary>
    public SquadScores? NoAnswer { get; init; }

    /// <summary>The best threshold for exact match, chosen on these very data; null unless every question came with its probability, and in version 1.1.</summary>
    public SquadBestThreshold? BestExactMatch { get; init; }

    /// <summary>The best threshold for F1, chosen on these very data; null unless every question came with its probability, and in version 1.1.</summary>
    public SquadBestThreshold? BestF1 { get; init; }

    /// <summary>What the input had that its owner should know.</summary>
    public IReadOnlyList<InputWarning> Warnings { get; init; } = [];

    /// <summary>One line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"exact match {ExactMatch:0.00}, F1 {F1:0.00} over {Total} questions");
}
