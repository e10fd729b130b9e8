using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well a language model predicts texts: sums over everything seen, divided once. A mean of batches' means would weigh short batches too much.</summary>
public sealed class PerplexityAccumulator
{
    /// <summary>Sum of the negative log-likelihoods, in nats.</summary>
    public double NegativeLogLikelihood { get; private set; }

    /// <summary>Tokens that were predicted.</summary>
    public long Tokens { get; private set; }

    /// <summary>Words (separated by white space) of the texts.</summary>
    public long Words { get; private set; }

    /// <summary>UTF-8 bytes of the texts.</summary>
    public long Bytes { get; private set; }

    /// <summary>Mean negative log-likelihood of a token, in nats; null before anything was counted.</summary>
    public double? Loss => PerItem(Tokens);

    /// <summary>exp(nats a token): between how many equally likely tokens the model hesitates; null before anything was counted.</summary>
    public double? Perplexity => Exponential(Loss);

    /// <summary>exp(nats a word); null when no words were counted. It compares models with different tokenizers.</summary>
    public double? WordPerplexity => Exponential(PerItem(Words));

    /// <summary>exp(nats a byte); null when no bytes were counted.</summary>
    public double? BytePerplexity => Exponential(PerItem(Bytes));

    /// <summary>Bits a byte; null when no bytes were counted. It compares models with different tokenizers.</summary>
    public double? BitsPerByte => PerItem(Bytes) / Math.Log(2);

    /// <summary>Counts predictions.</summary>
    /// <param name="negativeLogLikelihood">Their sum, in nats.</param>
    /// <param name="tokens">How many; at least 0.</param>
    public void Add(double negativeLogLikelihood, long tokens)
    {
        Tokens += Require.AtLeast(tokens, 0);
        NegativeLogLikelihood += negativeLogLikelihood;
    }

    /// <summary>Counts the words and bytes of a text whose tokens were predicted.</summary>
    public void AddText(string text)
    {
        Require.NotNull(text);
        AddText(text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length, System.Text.Encoding.UTF8.GetByteCount(text));
    }

    /// <summary>Counts words and bytes of texts whose tokens were predicted.</summary>
    /// <param name="words">At least 0.</param>
    /// <param name="bytes">At least 0.</param>
    public void AddText(long words, long bytes)
    {
        Words += Require.AtLeast(words, 0);
        Bytes += Require.AtLeast(bytes, 0);
    }

    /// <summary>Adds what another accumulator (of a replica, for example) has counted.</summary>
    public void Add(PerplexityAccumulator other)
    {
        Require.NotNull(other);
        Add(other.NegativeLogLikelihood, other.Tokens);
        AddText(other.Words, other.Bytes);
    }

    private double? PerItem(long count) => count == 0 ? null : NegativeLogLikelihood / count;

    private static double? Exponential(double? value) => value is double number ? Math.Exp(number) : null;
}
