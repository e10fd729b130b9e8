using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>ROUGE of a corpus (Lin, 2004), as Google's rouge_score computes it: means over the texts.</summary>
public sealed record RougeMetrics
{
    /// <summary>The score of each kind, in the order of the options; NaN before anything was added.</summary>
    public required IReadOnlyList<(RougeType Type, RougeScore Score)> Scores { get; init; }

    /// <summary>Texts.</summary>
    public required long Segments { get; init; }

    /// <summary>What the input had that its owner should know.</summary>
    public IReadOnlyList<InputWarning> Warnings { get; init; } = [];

    /// <summary>The score of a kind.</summary>
    /// <exception cref="ArgumentException">It was not asked for.</exception>
    public RougeScore this[RougeType type]
    {
        get
        {
            Require.Argument(Scores.Any(score => score.Type == type), $"{type} was not asked for; RougeOptions.Types has {string.Join(", ", Scores.Select(score => score.Type))}.", nameof(type));
            return Scores.First(score => score.Type == type).Score;
        }
    }

    /// <summary>rouge1.</summary>
    /// <exception cref="ArgumentException">It was not asked for.</exception>
    public RougeScore Rouge1 => this[RougeType.N(1)];

    /// <summary>rouge2.</summary>
    /// <exception cref="ArgumentException">It was not asked for.</exception>
    public RougeScore Rouge2 => this[RougeType.N(2)];

    /// <summary>rougeL.</summary>
    /// <exception cref="ArgumentException">It was not asked for.</exception>
    public RougeScore RougeL => this[RougeType.L];

    /// <summary>rougeLsum.</summary>
    /// <exception cref="ArgumentException">It was not asked for.</exception>
    public RougeScore RougeLsum => this[RougeType.Lsum];

    /// <summary>One line with the F of each kind.</summary>
    public override string ToString() => string.Join(", ", Scores.Select(score => string.Create(CultureInfo.InvariantCulture, $"{score.Type} {score.Score.FScore:0.0000}")));
}
