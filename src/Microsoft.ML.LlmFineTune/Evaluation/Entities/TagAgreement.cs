using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How tags agree token by token, whatever they mean; seqeval's accuracy_score and performance_measure.</summary>
/// <param name="TruePositives">Tokens with equal tags, but for those outside in both.</param>
/// <param name="FalsePositives">Tokens with different tags whose predicted one is not O.</param>
/// <param name="FalseNegatives">Tokens with a tag that were predicted O.</param>
/// <param name="TrueNegatives">Tokens that are O in both.</param>
/// <param name="Tokens">Tokens.</param>
public sealed record TagAgreement(long TruePositives, long FalsePositives, long FalseNegatives, long TrueNegatives, long Tokens)
{
    /// <summary>Nothing counted.</summary>
    public static TagAgreement None { get; } = new(0, 0, 0, 0, 0);

    /// <summary>Share of the tokens with equal tags, from 0 to 1; null without tokens.</summary>
    public double? Accuracy => Tokens == 0 ? null : (double)(TruePositives + TrueNegatives) / Tokens;

    /// <summary>Counts a sentence.</summary>
    /// <param name="reference">Its tags.</param>
    /// <param name="predicted">The predicted tags, as many.</param>
    /// <exception cref="ArgumentException">There are more of the ones than of the others.</exception>
    public static TagAgreement Of(IReadOnlyList<string> reference, IReadOnlyList<string> predicted)
    {
        Require.Argument(Require.NotNull(reference).Count == Require.NotNull(predicted).Count, string.Create(CultureInfo.InvariantCulture, $"There must be a predicted tag for every token; {reference.Count} tokens have {predicted.Count}."), nameof(predicted));
        long truePositives = 0, falsePositives = 0, falseNegatives = 0, trueNegatives = 0;
        for (int i = 0; i < reference.Count; i++)
        {
            (bool same, bool outside, bool saidOutside) = (reference[i] == predicted[i], reference[i] == "O", predicted[i] == "O");
            if (same && outside) trueNegatives++;
            else if (same) truePositives++;
            else if (saidOutside) falseNegatives++;
            else falsePositives++;
        }
        return new TagAgreement(truePositives, falsePositives, falseNegatives, trueNegatives, reference.Count);
    }

    /// <summary>The counts of both.</summary>
    public static TagAgreement operator +(TagAgreement left, TagAgreement right) => new(left.TruePositives + right.TruePositives, left.FalsePositives + right.FalsePositives,
        left.FalseNegatives + right.FalseNegatives, left.TrueNegatives + right.TrueNegatives, left.Tokens + right.Tokens);
}
