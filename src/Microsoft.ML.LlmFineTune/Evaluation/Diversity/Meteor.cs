using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// METEOR (Lavie and Agarwal, 2007) as nltk's meteor_score computes it, without the stage of WordNet's synonyms: lower-cased words between white space; equal words are matched first, then words with equal Porter stems.
/// From the end of the hypothesis backwards, each word takes the last free word of the reference that it matches. It is not the program METEOR 1.5, whose figures differ.
/// </summary>
public static class Meteor
{
    private static readonly MeteorOptions s_defaults = new();
    private static readonly PorterStemmer s_stemmer = new();

    /// <summary>METEOR of a text against the reference that suits it best, from 0 to 1.</summary>
    /// <param name="hypothesis">The text that is judged.</param>
    /// <param name="references">The texts that it should be like; at least one.</param>
    /// <param name="options">Default null: nltk's.</param>
    /// <exception cref="ArgumentException">There is no reference, or a text is null.</exception>
    public static double Sentence(string hypothesis, IReadOnlyList<string> references, MeteorOptions? options = null)
    {
        Require.Argument(Require.NotNull(references).Count > 0, "METEOR needs at least one reference; received none.", nameof(references));
        return references.Max(reference => Align(hypothesis, reference, options).Score);
    }

    /// <summary>METEOR of a text against one reference, with the pairs of words that were matched.</summary>
    /// <param name="hypothesis">The text that is judged.</param>
    /// <param name="reference">The text that it should be like.</param>
    /// <param name="options">Default null: nltk's.</param>
    /// <exception cref="ArgumentException">A text is null.</exception>
    public static MeteorScore Align(string hypothesis, string reference, MeteorOptions? options = null)
    {
        options ??= s_defaults;
        options.Validate();
        string[] words = PythonText.Split(PythonText.ToLower(Require.NotNull(hypothesis))), wanted = PythonText.Split(PythonText.ToLower(Require.NotNull(reference)));
        int[] partners = new int[words.Length];
        Array.Fill(partners, -1);
        bool[] taken = new bool[wanted.Length];
        Match(words, wanted, partners, taken);
        if (options.MatchStems) Match([.. words.Select(s_stemmer.Stem)], [.. wanted.Select(s_stemmer.Stem)], partners, taken);
        List<(int Hypothesis, int Reference)> pairs = [.. partners.Index().Where(pair => pair.Item >= 0)];
        return new MeteorScore(Score(pairs, words.Length, wanted.Length, options), pairs);
    }

    private static void Match(string[] words, string[] wanted, int[] partners, bool[] taken)
    {
        for (int i = words.Length - 1; i >= 0; i--)
        {
            if (partners[i] >= 0) continue;
            for (int j = wanted.Length - 1; j >= 0; j--)
            {
                if (taken[j] || words[i] != wanted[j]) continue;
                (partners[i], taken[j]) = (j, true);
                break;
            }
        }
    }

    private static double Score(List<(int Hypothesis, int Reference)> pairs, int length, int referenceLength, MeteorOptions options)
    {
        if (pairs.Count == 0) return 0;
        double precision = (double)pairs.Count / length, recall = (double)pairs.Count / referenceLength;
        double mean = precision * recall / ((options.Alpha * precision) + ((1 - options.Alpha) * recall));
        int chunks = 1;
        for (int i = 1; i < pairs.Count; i++)
        {
            if (pairs[i].Hypothesis != pairs[i - 1].Hypothesis + 1 || pairs[i].Reference != pairs[i - 1].Reference + 1) chunks++;
        }
        return (1 - (options.Gamma * Math.Pow((double)chunks / pairs.Count, options.Beta))) * mean;
    }
}
