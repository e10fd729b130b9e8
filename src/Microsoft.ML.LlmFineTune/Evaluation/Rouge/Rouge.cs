using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>ROUGE of texts that are at hand; <see cref="RougeAccumulator"/> takes them one by one.</summary>
public static class Rouge
{
    /// <summary>ROUGE of a corpus with one reference for each hypothesis.</summary>
    /// <param name="hypotheses">The texts that are judged.</param>
    /// <param name="references">Their references, as many.</param>
    /// <param name="options">Default null: rouge1, rouge2, rougeL and rougeLsum without stemming.</param>
    /// <exception cref="ArgumentException">There are more of the ones than of the others, or a text is null.</exception>
    public static RougeMetrics Corpus(IEnumerable<string> hypotheses, IEnumerable<string> references, RougeOptions? options = null) =>
        Corpus(hypotheses, references.Select(IReadOnlyList<string> (reference) => [reference]), options);

    /// <summary>ROUGE of a corpus with any number of references for each hypothesis.</summary>
    /// <param name="hypotheses">The texts that are judged.</param>
    /// <param name="references">Their references, one list a hypothesis.</param>
    /// <param name="options">Default null: rouge1, rouge2, rougeL and rougeLsum without stemming.</param>
    /// <exception cref="ArgumentException">There are more of the ones than of the others, a text is null, or a hypothesis has no reference.</exception>
    public static RougeMetrics Corpus(IEnumerable<string> hypotheses, IEnumerable<IReadOnlyList<string>> references, RougeOptions? options = null)
    {
        RougeAccumulator accumulator = new(options);
        using IEnumerator<IReadOnlyList<string>> others = Require.NotNull(references).GetEnumerator();
        foreach (string hypothesis in Require.NotNull(hypotheses))
        {
            Require.Argument(others.MoveNext(), string.Create(CultureInfo.InvariantCulture, $"There must be references for every hypothesis; they end at row {accumulator.Segments} (counted from 0)."), nameof(references));
            accumulator.Add(hypothesis, others.Current);
        }
        Require.Argument(!others.MoveNext(), string.Create(CultureInfo.InvariantCulture, $"There must be a hypothesis for every list of references; they end at row {accumulator.Segments} (counted from 0)."), nameof(hypotheses));
        return accumulator.Compute();
    }
}
