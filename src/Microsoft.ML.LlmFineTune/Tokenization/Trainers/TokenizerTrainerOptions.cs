using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What all trainers over counted words have in common; their behaviour is that of Hugging Face's trainers of the same names.</summary>
public abstract record TokenizerTrainerOptions
{
    private protected TokenizerTrainerOptions()
    {
    }

    /// <summary>Tokens with the first ids, in this order, that stand for something which isn't text; default none. Not empty. A token that stands there twice counts once.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = [];

    /// <summary>Distinct words that are held in memory while texts are read, at least 1; default null, all of them. Where texts have more, the rarest quarter is dropped each time, so rare words may be lost or counted too low.</summary>
    public int? MaximumDistinctWords { get; init; }

    /// <summary>Hears how far training has come, on the thread that trains; default null. What it throws ends training.</summary>
    public IProgress<TokenizerTrainingProgress>? Progress { get; init; }

    /// <summary>Demands options in their ranges.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    internal virtual void Validate()
    {
        RequireTexts(SpecialTokens, nameof(SpecialTokens));
        if (MaximumDistinctWords is { } words)
            Require.AtLeast(words, 1, nameof(MaximumDistinctWords));
    }

    internal static void RequireTexts(IReadOnlyCollection<string> texts, string name)
    {
        Require.NotNull(texts, name);
        foreach (var text in texts)
            Require.Argument(!string.IsNullOrEmpty(text), $"{name} must have at least one character each; received an empty or missing one.", name);
    }
}
