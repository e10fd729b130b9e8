using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>ROUGE of texts that are at hand; <see cref="RougeAccumulator"/> takes them one by one.</summary>
public static class Rouge
{
    /// <summary>ROUGE of a corpus with one target for each prediction.</summary>
    /// <param name="predictions">The texts that are judged.</param>
    /// <param name="targets">Their targets, as many.</param>
    /// <param name="options">Default null: rouge1, rouge2, rougeL and rougeLsum without stemming.</param>
    /// <exception cref="ArgumentException">There are more of the ones than of the others, or a text is null.</exception>
    public static RougeMetrics Corpus(IEnumerable<string> predictions, IEnumerable<string> targets, RougeOptions? options = null) =>
        Corpus(predictions, targets.Select(IReadOnlyList<string> (target) => [target]), options);

    /// <summary>ROUGE of a corpus with any number of targets for each prediction.</summary>
    /// <param name="predictions">The texts that are judged.</param>
    /// <param name="targets">Their targets, one list a prediction.</param>
    /// <param name="options">Default null: rouge1, rouge2, rougeL and rougeLsum without stemming.</param>
    /// <exception cref="ArgumentException">There are more of the ones than of the others, a text is null, or a prediction has no target.</exception>
    public static RougeMetrics Corpus(IEnumerable<string> predictions, IEnumerable<IReadOnlyList<string>> targets, RougeOptions? options = null)
    {
        RougeAccumulator accumulator = new(options);
        using IEnumerator<IReadOnlyList<string>> others = Require.NotNull(targets).GetEnumerator();
        foreach (string prediction in Require.NotNull(predictions))
        {
            Require.Argument(others.MoveNext(), string.Create(CultureInfo.InvariantCulture, $"There must be targets for every prediction; they end at row {accumulator.Segments} (counted from 0)."), nameof(targets));
            accumulator.Add(prediction, others.Current);
        }
        Require.Argument(!others.MoveNext(), string.Create(CultureInfo.InvariantCulture, $"There must be a prediction for every list of targets; they end at row {accumulator.Segments} (counted from 0)."), nameof(predictions));
        return accumulator.ToMetrics();
    }
}
