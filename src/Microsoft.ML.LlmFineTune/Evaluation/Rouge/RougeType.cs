using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A kind of ROUGE, by rouge_score's names.</summary>
public readonly record struct RougeType
{
    private readonly int _order;
    private readonly bool _summaryLevel;

    private RougeType(int order, bool summaryLevel) => (_order, _summaryLevel) = (order, summaryLevel);

    /// <summary>"rougeL": the longest common subsequence of the whole texts. The default value of this type.</summary>
    public static RougeType L => default;

    /// <summary>"rougeLsum": the union of the longest common subsequences, sentence by sentence.</summary>
    public static RougeType Lsum => new(0, true);

    /// <summary>Length of the n-grams; 0 for <see cref="L"/> and <see cref="Lsum"/>.</summary>
    public int Order => _order;

    /// <summary>"rouge1" ... "rouge9", "rougeL" or "rougeLsum".</summary>
    public string Name => _order > 0 ? string.Create(CultureInfo.InvariantCulture, $"rouge{_order}") : _summaryLevel ? "rougeLsum" : "rougeL";

    /// <summary>"rouge1" to "rouge9": n-grams of words.</summary>
    /// <param name="order">Length of the n-grams; from 1 to 9.</param>
    public static RougeType N(int order) => new(Require.Within(order, 1, 9), false);

    /// <summary>The kind that a name stands for.</summary>
    /// <exception cref="ArgumentException">There is no such kind.</exception>
    public static RougeType Parse(string name)
    {
        if (name is ['r', 'o', 'u', 'g', 'e', >= '1' and <= '9']) return N(name[5] - '0');
        Require.Argument(name is "rougeL" or "rougeLsum", $"A kind of ROUGE must be rouge1 to rouge9, rougeL or rougeLsum; received '{name}'.", nameof(name));
        return name == "rougeL" ? L : Lsum;
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
