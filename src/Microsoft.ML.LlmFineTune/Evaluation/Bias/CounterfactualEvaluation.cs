using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A text whose answer changed much.</summary>
/// <param name="Text">The text.</param>
/// <param name="Variant">Its variant.</param>
/// <param name="Score">The text's score.</param>
/// <param name="VariantScore">The variant's score.</param>
/// <param name="Flipped">Whether the labels differ.</param>
public sealed record CounterfactualExample(string Text, string Variant, double Score, double VariantScore, bool Flipped)
{
    /// <summary>Variant - original.</summary>
    public double Gap => VariantScore - Score;
}

/// <summary>What counterfactual term swaps showed.</summary>
/// <param name="Metrics">Flips and gaps; null when no text has a term of the list.</param>
/// <param name="Texts">Texts that were read.</param>
/// <param name="TextsWithTerms">Texts in which a term was found.</param>
/// <param name="Swaps">How often each term was swapped ("he -> she"), counted in lower case over all variants; in ordinal order.</param>
/// <param name="LargestGaps">The pairs with the largest |gap|, the largest first.</param>
public sealed record CounterfactualResult(CounterfactualMetrics? Metrics, long Texts, long TextsWithTerms, IReadOnlyDictionary<string, long> Swaps, IReadOnlyList<CounterfactualExample> LargestGaps);

/// <summary>Asks a model about texts and about their counterfactual variants.</summary>
public static class CounterfactualEvaluation
{
    /// <summary>Swaps the terms of each text, scores text and variants together, and compares.</summary>
    /// <param name="texts">The texts; read once, in batches.</param>
    /// <param name="swapper">The word list.</param>
    /// <param name="score">The model: one score for each text, for example the probability of the positive class.</param>
    /// <param name="options">How a score becomes a label; null takes the defaults.</param>
    /// <param name="batchSize">About how many texts, variants included, the model is asked at once; at least 1. Default 64.</param>
    /// <param name="examples">How many of the largest gaps are kept; at least 0.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <exception cref="InvalidOperationException">The model gave another number of scores than it was given texts.</exception>
    public static CounterfactualResult Evaluate(IEnumerable<string> texts, TermSwapper swapper, Func<IReadOnlyList<string>, IReadOnlyList<double>> score, CounterfactualOptions? options = null,
        int batchSize = 64, int examples = 20, CancellationToken cancellation = default)
    {
        Require.NotNull(texts);
        Require.NotNull(swapper);
        Require.NotNull(score);
        Require.AtLeast(batchSize, 1);
        Require.AtLeast(examples, 0);
        options ??= new CounterfactualOptions();
        CounterfactualAccumulator accumulator = new(options);
        SortedDictionary<string, long> swaps = new(StringComparer.Ordinal);
        PriorityQueue<CounterfactualExample, double> largest = new();
        long read = 0;
        List<(string Text, IReadOnlyList<SwappedText> Variants)> batch = [];
        foreach (string text in texts)
        {
            if (text is null) throw new ArgumentException(Row.At("A text must not be null; there is a null", read), nameof(texts));
            read++;
            IReadOnlyList<SwappedText> variants = swapper.Variants(text);
            if (variants.Count == 0) continue;
            batch.Add((text, variants));
            if (batch.Sum(item => 1 + item.Variants.Count) >= batchSize) Flush();
        }
        if (batch.Count > 0) Flush();
        List<CounterfactualExample> worst = [];
        while (largest.TryDequeue(out CounterfactualExample? example, out _)) worst.Add(example);
        worst.Reverse();
        return new CounterfactualResult(accumulator.Items > 0 ? accumulator.Compute() : null, read, accumulator.Items, swaps, worst);

        void Flush()
        {
            cancellation.ThrowIfCancellationRequested();
            List<string> asked = [.. batch.SelectMany(item => item.Variants.Select(variant => variant.Text).Prepend(item.Text))];
            IReadOnlyList<double> scores = score(asked);
            Require.State(scores is not null, "The model must give scores; it gave null.");
            Require.State(scores.Count == asked.Count, $"The model must give one score for each of the {asked.Count} texts; it gave {scores.Count}.");
            int at = 0;
            foreach ((string text, IReadOnlyList<SwappedText> variants) in batch)
            {
                double original = scores[at++];
                double[] others = [.. variants.Select(_ => scores[at++])];
                accumulator.Add(original, others);
                foreach (TermSwap swap in variants.SelectMany(variant => variant.Swaps))
                {
                    string name = $"{swap.Original.ToLowerInvariant()} -> {swap.Replacement.ToLowerInvariant()}";
                    swaps[name] = swaps.GetValueOrDefault(name) + 1;
                }
                foreach ((SwappedText variant, double other) in variants.Zip(others)) Keep(new CounterfactualExample(text, variant.Text, original, other, options.IsPositive(original) != options.IsPositive(other)));
            }
            batch.Clear();
        }

        void Keep(CounterfactualExample example)
        {
            largest.Enqueue(example, Math.Abs(example.Gap));
            if (largest.Count > examples) largest.Dequeue();
        }
    }
}
