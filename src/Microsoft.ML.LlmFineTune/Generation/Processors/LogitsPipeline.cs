using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>The steps between a model's scores and the choice of a token, in Hugging Face's order: biases, penalties and bars, then, when tokens are drawn, temperature and cuts.</summary>
public sealed class LogitsPipeline
{
    /// <summary>The steps that options ask for.</summary>
    /// <param name="options">The options.</param>
    /// <param name="endTokens">The tokens that end a text.</param>
    public LogitsPipeline(GenerationOptions options, IReadOnlyList<int> endTokens)
    {
        Require.NotNull(options).Validate();
        Require.NotNull(endTokens);
        Steps = [.. PenaltiesAndBars(options, endTokens), .. options.Samples ? TemperatureAndCuts(options, endTokens) : [], .. options.RenormalizeLogits ? [new LogSoftmax()] : (ILogitsProcessor[])[]];
    }

    /// <summary>The steps in order.</summary>
    public IReadOnlyList<ILogitsProcessor> Steps { get; }

    /// <summary>Runs a row's scores through all steps.</summary>
    /// <param name="row">What the row has read and written.</param>
    /// <param name="scores">[vocabulary], changed in place.</param>
    public void Process(RowHistory row, Span<float> scores)
    {
        foreach (ILogitsProcessor step in Steps) step.Process(row, scores);
    }

    private static IEnumerable<ILogitsProcessor> PenaltiesAndBars(GenerationOptions options, IReadOnlyList<int> endTokens)
    {
        bool ends = endTokens.Count > 0;
        if (options.SequenceBiases.Count > 0) yield return new SequenceBiases(options.SequenceBiases);
        if (options.EncoderRepetitionPenalty != 1) yield return new EncoderRepetitionPenalty(options.EncoderRepetitionPenalty);
        if (options.RepetitionPenalty != 1) yield return new RepetitionPenalty(options.RepetitionPenalty);
        if (options.FrequencyPenalty != 0 || options.PresencePenalty != 0) yield return new FrequencyPresencePenalty(options.FrequencyPenalty, options.PresencePenalty);
        if (options.NoRepeatNGramSize > 0) yield return new NoRepeatNGram(options.NoRepeatNGramSize);
        if (options.EncoderNoRepeatNGramSize > 0) yield return new EncoderNoRepeatNGram(options.EncoderNoRepeatNGramSize);
        if (options.BadWords.Count > 0) yield return new BadWords(options.BadWords, endTokens);
        if (options.MinLength > 0 && ends) yield return new MinimumLength(options.MinLength, endTokens);
        if (options.MinNewTokens > 0 && ends) yield return new MinimumNewTokens(options.MinNewTokens, endTokens);
        if (options.AllowedTokens is not null) yield return new PrefixConstraint(options.AllowedTokens);
        if (options.ForcedBeginToken is int begin) yield return new ForcedBeginToken(begin);
        if (options.ForcedEndTokens.Count > 0) yield return new ForcedEndToken(options.ForcedEndTokens, options.MaxNewTokens, options.MaxLength ?? int.MaxValue);
        if (options.RemoveInvalidValues) yield return new InvalidScores();
        if (options.ExponentialDecayLengthPenalty is { } decay && ends) yield return new ExponentialDecayLengthPenalty(decay.Start, decay.Factor, endTokens);
        if (options.SuppressTokens.Count > 0) yield return new SuppressedTokens(options.SuppressTokens);
        if (options.BeginSuppressTokens.Count > 0) yield return new SuppressedBeginTokens(options.BeginSuppressTokens, options.ForcedBeginToken is not null);
        foreach (ILogitsProcessor own in options.Processors) yield return own;
    }

    private static IEnumerable<ILogitsProcessor> TemperatureAndCuts(GenerationOptions options, IReadOnlyList<int> endTokens)
    {
        // Beams need a token beside the end tokens to go on with.
        int kept = options.Beams > 1 ? Math.Max(endTokens.Count + 1, 2) : 1;
        if (options.Temperature != 1) yield return new Temperature(options.Temperature);
        if (options.TopH > 0) yield return new TopH(options.TopH);
        if (options.TopK > 0) yield return new TopK(options.TopK, kept);
        if (options.TopP < 1) yield return new TopP(options.TopP, kept);
        if (options.MinP > 0) yield return new MinP(options.MinP, kept);
        if (options.TypicalP < 1) yield return new TypicalP(options.TypicalP, kept);
        if (options.EpsilonCutoff > 0) yield return new EpsilonCutoff(options.EpsilonCutoff, kept);
        if (options.EtaCutoff > 0) yield return new EtaCutoff(options.EtaCutoff, kept);
    }
}
