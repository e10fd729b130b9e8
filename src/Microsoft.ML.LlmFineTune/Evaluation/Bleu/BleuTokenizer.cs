namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How BLEU splits texts into tokens, by sacreBLEU's names.</summary>
public enum BleuTokenizer
{
    /// <summary>"13a", the default: mteval-v13a's rules for Western languages, with its unescaping of four XML entities.</summary>
    V13a,

    /// <summary>"intl": mteval-v14's international rules, by Unicode's categories of punctuation, symbols and numbers.</summary>
    International,

    /// <summary>"zh": each Chinese character is a token, the rest is split as by 13a.</summary>
    Chinese,

    /// <summary>"char": each character is a token.</summary>
    Character,

    /// <summary>"none": white space alone splits.</summary>
    None,
}
