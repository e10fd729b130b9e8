namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>TER of texts that are at hand; <see cref="TerAccumulator"/> takes them one by one.</summary>
public static class Ter
{
    /// <summary>TER of a corpus with one reference for each hypothesis.</summary>
    /// <param name="hypotheses">The texts that are judged.</param>
    /// <param name="references">Their references, as many.</param>
    /// <param name="options">Default null: sacreBLEU's defaults.</param>
    /// <exception cref="ArgumentException">There are more of the ones than of the others, or a text is null.</exception>
    public static TerMetrics Corpus(IEnumerable<string> hypotheses, IEnumerable<string> references, TerOptions? options = null) =>
        Corpus(hypotheses, references.Select(IReadOnlyList<string?> (reference) => [reference]), options);

    /// <summary>TER of a corpus with any number of references for each hypothesis.</summary>
    /// <param name="hypotheses">The texts that are judged.</param>
    /// <param name="references">Their references, one list a hypothesis; null entries are absent.</param>
    /// <param name="options">Default null: sacreBLEU's defaults.</param>
    /// <exception cref="ArgumentException">There are more of the ones than of the others, a hypothesis is null or has no reference.</exception>
    public static TerMetrics Corpus(IEnumerable<string> hypotheses, IEnumerable<IReadOnlyList<string?>> references, TerOptions? options = null)
    {
        TerAccumulator accumulator = new(options);
        accumulator.AddRange(hypotheses, references);
        return accumulator.Compute();
    }

    /// <summary>TER of one sentence.</summary>
    /// <param name="hypothesis">The text that is judged.</param>
    /// <param name="references">Its references; null entries are absent. The one that takes the fewest edits counts.</param>
    /// <param name="options">Default null: sacreBLEU's defaults.</param>
    /// <exception cref="ArgumentException">The hypothesis is null, or there is no reference.</exception>
    public static TerMetrics Sentence(string hypothesis, IReadOnlyList<string?> references, TerOptions? options = null)
    {
        TerAccumulator accumulator = new(options);
        accumulator.Add(hypothesis, references);
        return accumulator.Compute();
    }
}
