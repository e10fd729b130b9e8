using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How well a language model predicts texts. A figure without a count is null.</summary>
/// <param name="NegativeLogLikelihood">Sum of the negative log-likelihoods, in nats.</param>
/// <param name="Tokens">Tokens that were predicted.</param>
/// <param name="Words">Words of the texts, separated by white space as Python's <c>split</c> sees it.</param>
/// <param name="Characters">Characters (Unicode code points) of the texts.</param>
/// <param name="Bytes">UTF-8 bytes of the texts.</param>
public sealed record PerplexityMetrics(double NegativeLogLikelihood, long Tokens, long Words, long Characters, long Bytes)
{
    /// <summary>Mean negative log-likelihood of a token, in nats; null before anything was counted.</summary>
    public double? Loss => PerItem(Tokens);

    /// <summary>exp(nats a token): between how many equally likely tokens the model hesitates; null before anything was counted.</summary>
    public double? Perplexity => Exponential(Loss);

    /// <summary>exp(nats a word); null when no words were counted. It compares models with different tokenizers.</summary>
    public double? WordPerplexity => Exponential(PerItem(Words));

    /// <summary>exp(nats a character); null when no characters were counted.</summary>
    public double? CharacterPerplexity => Exponential(PerItem(Characters));

    /// <summary>exp(nats a byte); null when no bytes were counted.</summary>
    public double? BytePerplexity => Exponential(PerItem(Bytes));

    /// <summary>Bits a token; null before anything was counted.</summary>
    public double? BitsPerToken => PerItem(Tokens) / Math.Log(2);

    /// <summary>Bits a character; null when no characters were counted. It compares models with different tokenizers.</summary>
    public double? BitsPerCharacter => PerItem(Characters) / Math.Log(2);

    /// <summary>Bits a byte; null when no bytes were counted. It compares models with different tokenizers.</summary>
    public double? BitsPerByte => PerItem(Bytes) / Math.Log(2);

    /// <summary>One line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"perplexity {Perplexity:0.0000} over {Tokens} tokens");

    private double? PerItem(long count) => count == 0 ? null : NegativeLogLikelihood / count;

    private static double? Exponential(double? value) => value is double number ? Math.Exp(number) : null;
}
