using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Learns a vocabulary of whole words: special tokens, then words by their counts, of equally frequent ones by code points.</summary>
internal static class WordLevelLearner
{
    /// <summary>The tokens with their ids.</summary>
    /// <returns>Ids in ascending order. A word that is a special token as well has the word's id, and none has the special token's: so the reference gives it.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or there are no words.</exception>
    public static IReadOnlyList<(string Token, int Id)> Learn(WordCounts words, WordLevelTrainerOptions options, CancellationToken cancellationToken = default)
    {
        options.Validate();
        Require.Argument(words.Count > 0, "Training a tokenizer needs text; the texts have no words.", nameof(words));
        var order = words.Sorted(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        var ids = new Dictionary<string, int>();
        var id = 0;
        foreach (var token in options.SpecialTokens.Concat(order.Where(number => words.CountOf(number) >= options.MinimumFrequency).OrderByDescending(words.CountOf).Select(number => words[number].ToString())).Take(options.VocabularySize))
            ids[token] = id++;
        return [.. ids.Select(entry => (entry.Key, entry.Value)).OrderBy(entry => entry.Value)];
    }
}
