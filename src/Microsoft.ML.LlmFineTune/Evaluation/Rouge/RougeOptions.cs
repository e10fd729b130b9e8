using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How ROUGE is computed, as in Google's rouge_score. Immutable; checked when an accumulator is created.</summary>
public sealed record RougeOptions
{
    /// <summary>The kinds that are computed, each once; at least one. Default rouge1, rouge2, rougeL, rougeLsum.</summary>
    public IReadOnlyList<RougeType> Types { get; init; } = [RougeType.N(1), RougeType.N(2), RougeType.L, RougeType.Lsum];

    /// <summary>Whether words longer than three characters are stemmed. Default false.</summary>
    public bool UseStemmer { get; init; }

    /// <summary>The form of the stemmer. Default nltk's, which rouge_score uses.</summary>
    public PorterVariant Stemmer { get; init; } = PorterVariant.NltkExtensions;

    /// <summary>What divides a text into sentences for rougeLsum; empty sentences are left out. Default null: its lines, divided at \n alone.</summary>
    public Func<string, IReadOnlyList<string>>? SentenceSplitter { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Argument(Require.NotNull(Types).Count > 0 && Types.Distinct().Count() == Types.Count, $"Types must hold at least one kind of ROUGE, and each once; received {(Types.Count == 0 ? "none" : string.Join(", ", Types))}.", nameof(Types));
        Require.Argument(Enum.IsDefined(Stemmer), $"Stemmer must be one of {string.Join(", ", Enum.GetNames<PorterVariant>())}; received {Stemmer}.", nameof(Stemmer));
    }
}
