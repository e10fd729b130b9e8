using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches.Rows;

/// <summary>What is drawn for one token: numbers from 0 to less than 1, and a token.</summary>
/// <param name="Select">Below the probability, the token is selected.</param>
/// <param name="Mask">Below <see cref="MaskingOptions.MaskedPart"/>, a selected token becomes the mask.</param>
/// <param name="Replace">Decides between a random token and the token itself.</param>
/// <param name="Token">The random token.</param>
public readonly record struct MaskingDraw(double Select, double Mask, double Replace, int Token);

/// <summary>Hides tokens for a masked language model (Devlin et al.: "BERT", 2019): of the selected ones most become the mask, some a random token, some stay; all of them are targets.</summary>
public static class TokenMasking
{
    /// <summary>A row with tokens hidden, by given draws.</summary>
    /// <param name="row">The row.</param>
    /// <param name="draws">One a token.</param>
    /// <param name="options">How.</param>
    /// <returns>The row that the model reads; its targets are the original tokens at selected places, else <see cref="TokenBatch.Ignored"/>.</returns>
    public static TokenRow Apply(MaskableRow row, IReadOnlyList<MaskingDraw> draws, MaskingOptions options)
    {
        Require.NotNull(row);
        Require.NotNull(draws);
        Require.NotNull(options).Validate();
        var selected = Selected(row, draws, options);
        var (tokens, targets) = ((int[])row.Tokens.Clone(), new int[row.Tokens.Length]);
        // Of the tokens that are not masked, so many are random.
        var randomPart = options.MaskedPart == 1 ? 0 : options.RandomPart / (1 - options.MaskedPart);
        for (var i = 0; i < tokens.Length; i++)
        {
            targets[i] = selected[i] ? row.Tokens[i] : (int)TokenBatch.Ignored;
            if (!selected[i])
                continue;
            if (draws[i].Mask < options.MaskedPart)
                tokens[i] = options.MaskToken;
            else if (draws[i].Replace < randomPart)
                tokens[i] = draws[i].Token;
        }
        return new TokenRow(tokens, targets) { Segments = row.Segments };
    }

    /// <summary>A row with tokens hidden.</summary>
    /// <param name="row">The row.</param>
    /// <param name="random">Where the draws come from: four numbers a token, or a few more.</param>
    /// <param name="options">How.</param>
    public static TokenRow Apply(MaskableRow row, RandomStream random, MaskingOptions options)
    {
        Require.NotNull(row);
        Require.NotNull(random);
        Require.NotNull(options);
        var draws = new MaskingDraw[row.Tokens.Length];
        for (var i = 0; i < draws.Length; i++)
            draws[i] = new MaskingDraw(random.NextDouble(), random.NextDouble(), random.NextDouble(), random.NextInt32(options.VocabularySize));
        return Apply(row, draws, options);
    }

    private static bool[] Selected(MaskableRow row, IReadOnlyList<MaskingDraw> draws, MaskingOptions options)
    {
        var selected = new bool[row.Tokens.Length];
        HashSet<int> words = [];
        for (var i = 0; i < selected.Length; i++)
        {
            selected[i] = !row.IsSpecial[i] && draws[i].Select < options.Probability;
            if (selected[i] && row.Words is not null)
                words.Add(row.Words[i]);
        }
        if (!options.WholeWords)
            return selected;
        // A word is hidden whole when any of its tokens was drawn.
        for (var i = 0; i < selected.Length; i++)
            selected[i] = !row.IsSpecial[i] && (selected[i] || words.Contains(row.Words![i]));
        return selected;
    }
}
