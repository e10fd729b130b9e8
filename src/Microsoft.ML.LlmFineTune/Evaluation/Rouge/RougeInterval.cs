namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>ROUGE of a corpus with its uncertainty, as rouge_score's BootstrapAggregator gives it: percentiles of the means of resampled corpora, for precision, recall and F each by itself.</summary>
/// <param name="Low">The lower end of the interval.</param>
/// <param name="Mid">The median of the means, not the corpus' own mean.</param>
/// <param name="High">The upper end of the interval.</param>
public sealed record RougeInterval(RougeScore Low, RougeScore Mid, RougeScore High);
