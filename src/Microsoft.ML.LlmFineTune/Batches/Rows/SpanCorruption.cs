using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches.Rows;

/// <summary>Takes spans out of a text, each replaced by a sentinel, for an encoder-decoder to write (Raffel et al.: "T5", 2020).</summary>
public static class SpanCorruption
{
    /// <summary>How many tokens of a text are taken out, and in how many spans. Halves are rounded to even.</summary>
    /// <param name="length">Tokens of the text, at least 2.</param>
    /// <param name="density">The part that is taken out, between 0 and 1.</param>
    /// <param name="meanSpanLength">Tokens a span, at least 1.</param>
    public static (int NoiseTokens, int Spans) Counts(int length, double density, double meanSpanLength)
    {
        Require.AtLeast(length, 2);
        var noise = Math.Clamp(Rounded(length * density), 1, length - 1);
        // There cannot be more spans than tokens between them.
        return (noise, Math.Clamp(Rounded(noise / meanSpanLength), 1, Math.Min(noise, length - noise)));
    }

    /// <summary>The longest text whose rest still fits the source once spans are taken out, and the target that it gives; ends of text are counted.</summary>
    /// <param name="inputLength">Tokens of the source; at least 3.</param>
    /// <param name="density">The part that is taken out, between 0 and 1.</param>
    /// <param name="meanSpanLength">Tokens a span, at least 1.</param>
    public static (int TextLength, int TargetLength) Lengths(int inputLength, double density, double meanSpanLength)
    {
        Require.AtLeast(inputLength, 3);
        Require.Argument(density is > 0 and < 1, $"The density must be greater than 0 and less than 1; received {density}.", nameof(density));
        var text = 1;
        while (Of(text + 1).Input <= inputLength)
            text++;
        // As T5 has it: where half is taken out, the target is not longer than the source.
        if (density == 0.5 && Of(text).Target > inputLength)
            text--;
        return (text, Of(text).Target);

        (int Input, int Target) Of(int length)
        {
            var noise = Rounded(length * density);
            var spans = Rounded(noise / meanSpanLength);
            return (length - noise + spans + 1, noise + spans + 1);
        }
    }

    /// <summary>Which tokens of a text are taken out: what is taken out and what stays are each cut into parts of random lengths, every way of cutting equally likely; the text begins with what stays.</summary>
    /// <param name="length">Tokens of the text, at least 2.</param>
    /// <param name="density">The part that is taken out, between 0 and 1.</param>
    /// <param name="meanSpanLength">Tokens a span, at least 1.</param>
    /// <param name="random">Where the draws come from.</param>
    /// <returns>[length], true for what is taken out.</returns>
    public static bool[] RandomSpans(int length, double density, double meanSpanLength, RandomStream random)
    {
        Require.NotNull(random);
        var (noise, spans) = Counts(length, density, meanSpanLength);
        var (taken, kept) = (Parts(noise, spans, random), Parts(length - noise, spans, random));
        var isNoise = new bool[length];
        var at = 0;
        for (var span = 0; span < spans; span++)
        {
            at += kept[span];
            isNoise.AsSpan(at, taken[span]).Fill(true);
            at += taken[span];
        }
        return isNoise;
    }

    /// <summary>The row of a text whose noise is given.</summary>
    /// <param name="tokens">The text, without the token that ends it.</param>
    /// <param name="isNoise">Which tokens are taken out, as many.</param>
    /// <param name="options">Sentinels and ends.</param>
    /// <returns>Source and target: each run of noise is one sentinel in the source; the target is every sentinel with its run.</returns>
    /// <exception cref="ArgumentException">There are more runs than sentinels.</exception>
    public static TokenRow Apply(int[] tokens, bool[] isNoise, SpanCorruptionOptions options)
    {
        Require.NotNull(tokens);
        Require.NotNull(isNoise);
        Require.NotNull(options).Validate();
        Require.Argument(isNoise.Length == tokens.Length, $"{tokens.Length} tokens need as many marks of noise; received {isNoise.Length}.", nameof(isNoise));
        List<int> source = [], target = [];
        var sentinels = 0;
        for (var i = 0; i < tokens.Length; i++)
        {
            if (isNoise[i] && (i == 0 || !isNoise[i - 1]))
            {
                var sentinel = options.FirstSentinel - sentinels++;
                source.Add(sentinel);
                target.Add(sentinel);
            }
            (isNoise[i] ? target : source).Add(tokens[i]);
        }
        var needed = sentinels + (options.ClosesTargets ? 1 : 0);
        Require.Argument(needed <= options.Sentinels, $"The text needs {needed} sentinels; there are {options.Sentinels}. Take shorter texts or longer spans.", nameof(tokens));
        if (options.ClosesTargets)
            target.Add(options.FirstSentinel - sentinels);
        return new TokenRow([.. source, options.EndOfText], [.. target, options.EndOfText]);
    }

    /// <summary>A number of tokens cut into parts of at least one, every way equally likely: the cuts are a random choice among the places between tokens.</summary>
    private static int[] Parts(int tokens, int parts, RandomStream random)
    {
        var isCut = new bool[tokens - 1];
        isCut.AsSpan(0, parts - 1).Fill(true);
        random.Shuffle<bool>(isCut);
        var lengths = new int[parts];
        var part = 0;
        for (var i = 0; i < tokens; i++)
        {
            lengths[part]++;
            if (i < isCut.Length && isCut[i])
                part++;
        }
        return lengths;
    }

    private static int Rounded(double value) => (int)Math.Round(value, MidpointRounding.ToEven);
}
