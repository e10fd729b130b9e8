using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How chrF is computed; the defaults are sacreBLEU's chrF2. Immutable; checked when an accumulator is created.</summary>
public sealed record ChrfOptions
{
    /// <summary>The options of chrF++ (chrF2++): words and pairs of words count, too.</summary>
    public static ChrfOptions PlusPlus { get; } = new() { WordOrder = 2 };

    /// <summary>The longest n-grams of characters that are counted; from 0 to 100. Default 6.</summary>
    public int CharacterOrder { get; init; } = 6;

    /// <summary>The longest n-grams of words that are counted; from 0 to 100. Default 0: none; 2 makes chrF++. One of the two orders must be at least 1.</summary>
    public int WordOrder { get; init; }

    /// <summary>How many times as much recall weighs as precision; at least 0. Default 2.</summary>
    public int Beta { get; init; } = 2;

    /// <summary>Whether texts are lower-cased first, by Unicode's full mapping. Default false.</summary>
    public bool Lowercase { get; init; }

    /// <summary>Whether white space counts among the characters. Default false: it is removed.</summary>
    public bool Whitespace { get; init; }

    /// <summary>
    /// Whether every order counts, an empty one with 1e-16, and the mean is of the orders' F scores (chrF++.py, NLTK, Moses). Default false: precision and recall are averaged over the orders that both texts have, and F is of the averages (sacreBLEU).
    /// </summary>
    public bool EpsilonSmoothing { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Within(CharacterOrder, 0, 100);
        Require.Within(WordOrder, 0, 100);
        Require.AtLeast(CharacterOrder + WordOrder, 1, $"{nameof(CharacterOrder)} + {nameof(WordOrder)}");
        Require.AtLeast(Beta, 0);
    }
}
