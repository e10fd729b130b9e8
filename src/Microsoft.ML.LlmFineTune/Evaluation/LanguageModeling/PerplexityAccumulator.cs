using System.Globalization;
using System.Numerics.Tensors;
using System.Text;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well a language model predicts texts: sums over everything seen, divided once. A mean of batches' means would weigh short batches too much.</summary>
public sealed class PerplexityAccumulator
{
    /// <summary>The label of a position that isn't predicted, in PyTorch's and Hugging Face's manner.</summary>
    public const int Ignored = -100;

    private double[] _widened = [];

    /// <summary>Sum of the negative log-likelihoods, in nats.</summary>
    public double NegativeLogLikelihood { get; private set; }

    /// <summary>Tokens that were predicted.</summary>
    public long Tokens { get; private set; }

    /// <summary>Words of the texts, separated by white space (Unicode's, and U+001C to U+001F, as Python's <c>split</c>).</summary>
    public long Words { get; private set; }

    /// <summary>Characters (Unicode code points) of the texts.</summary>
    public long Characters { get; private set; }

    /// <summary>UTF-8 bytes of the texts.</summary>
    public long Bytes { get; private set; }

    /// <summary>Counts predictions.</summary>
    /// <param name="negativeLogLikelihood">Their sum, in nats; not NaN (positive infinity where something had the probability 0).</param>
    /// <param name="tokens">How many; at least 0.</param>
    /// <exception cref="ArgumentException">The sum is NaN or -infinity.</exception>
    public void Add(double negativeLogLikelihood, long tokens)
    {
        Require.Argument(negativeLogLikelihood > double.NegativeInfinity, string.Create(CultureInfo.InvariantCulture, $"The negative log-likelihood must be a number greater than -infinity; received {negativeLogLikelihood}."), nameof(negativeLogLikelihood));
        Tokens += Require.AtLeast(tokens, 0);
        NegativeLogLikelihood += negativeLogLikelihood;
    }

    /// <summary>Counts the predictions of a sequence by its logits.</summary>
    /// <param name="logits">[length * vocabulary]: row after row.</param>
    /// <param name="vocabulary">Length of a row; at least 1.</param>
    /// <param name="labels">[length]: below <paramref name="vocabulary"/>; <see cref="Ignored"/> is passed over.</param>
    /// <param name="shift">Whether a row predicts the next position's label, as a causal model's does; otherwise its own. Default true.</param>
    /// <returns>Negative log-likelihood of each label that counts, in nats.</returns>
    /// <exception cref="ArgumentException">There is not one row a label, a label is outside the vocabulary, or a logit is NaN; the message names the position.</exception>
    public IReadOnlyList<double> AddLogits(ReadOnlySpan<double> logits, int vocabulary, ReadOnlySpan<int> labels, bool shift = true)
    {
        Require.AtLeast(vocabulary, 1);
        if (logits.Length != (long)vocabulary * labels.Length) throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"There must be {vocabulary} logits for each of the {labels.Length} labels; received {logits.Length}."), nameof(logits));
        List<double> each = [];
        for (int position = shift ? 1 : 0; position < labels.Length; position++)
        {
            int label = labels[position];
            if (label == Ignored) continue;
            Row.Class(label, vocabulary, position, "label", nameof(labels));
            double loss = NegativeLogLikelihoodOf(logits.Slice((shift ? position - 1 : position) * vocabulary, vocabulary), label);
            if (double.IsNaN(loss)) throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"Row {position}: the logits must be numbers, with a finite one among them; received {loss}."), nameof(logits));
            each.Add(loss);
        }
        foreach (double loss in each) Add(loss, 1);
        return each;
    }

    /// <inheritdoc cref="AddLogits(ReadOnlySpan{double}, int, ReadOnlySpan{int}, bool)"/>
    public IReadOnlyList<double> AddLogits(ReadOnlySpan<float> logits, int vocabulary, ReadOnlySpan<int> labels, bool shift = true) => AddLogits(Row.Widen(logits, ref _widened), vocabulary, labels, shift);

    /// <summary>Counts the words, characters and bytes of a text whose tokens were predicted.</summary>
    public void AddText(string text)
    {
        Require.NotNull(text);
        (long words, long characters, bool inside) = (0, 0, false);
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool space = PythonText.IsWhiteSpace(rune.Value);
            if (!space && !inside) words++;
            inside = !space;
            characters++;
        }
        AddText(words, Encoding.UTF8.GetByteCount(text), characters);
    }

    /// <summary>Counts words, bytes and characters of texts whose tokens were predicted.</summary>
    /// <param name="words">At least 0.</param>
    /// <param name="bytes">At least 0.</param>
    /// <param name="characters">At least 0.</param>
    public void AddText(long words, long bytes, long characters = 0)
    {
        Words += Require.AtLeast(words, 0);
        Bytes += Require.AtLeast(bytes, 0);
        Characters += Require.AtLeast(characters, 0);
    }

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    public void Merge(PerplexityAccumulator other)
    {
        Row.Other(this, other);
        Add(other.NegativeLogLikelihood, other.Tokens);
        AddText(other.Words, other.Bytes, other.Characters);
    }

    /// <summary>The metrics of what was seen. A figure without a count is null; there is no exception where nothing was counted.</summary>
    public PerplexityMetrics Compute() => new(NegativeLogLikelihood, Tokens, Words, Characters, Bytes);

    private static double NegativeLogLikelihoodOf(ReadOnlySpan<double> logits, int label)
    {
        double largest = TensorPrimitives.Max(logits), sum = 0;
        foreach (double logit in logits) sum += Math.Exp(logit - largest);
        return Math.Log(sum) - (logits[label] - largest);
    }
}
