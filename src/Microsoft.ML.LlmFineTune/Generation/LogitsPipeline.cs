using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>The steps between a model's scores and the choice of a token, in Hugging Face's order: penalties and bars, then, when sampling, temperature and cuts.</summary>
public sealed class LogitsPipeline
{
    private readonly bool _samples;

    /// <summary>The steps that options ask for.</summary>
    /// <param name="options">The options.</param>
    /// <param name="endTokens">The tokens that end a text.</param>
    public LogitsPipeline(GenerationOptions options, IReadOnlyList<int> endTokens)
    {
        Require.NotNull(options).Validate();
        Require.NotNull(endTokens);
        List<ILogitsProcessor> steps = [];
        if (options.RepetitionPenalty != 1) steps.Add(new RepetitionPenalty(options.RepetitionPenalty));
        if (options.NoRepeatNGramSize > 0) steps.Add(new NoRepeatNGram(options.NoRepeatNGramSize));
        if (options.MinNewTokens > 0 && endTokens.Count > 0) steps.Add(new MinimumNewTokens(options.MinNewTokens, endTokens));
        _samples = options.Temperature > 0;
        if (_samples)
        {
            if (options.Temperature != 1) steps.Add(new Temperature(options.Temperature));
            if (options.TopK > 0) steps.Add(new TopK(options.TopK));
            if (options.TopP < 1) steps.Add(new TopP(options.TopP));
        }
        Steps = steps;
    }

    /// <summary>The steps in order.</summary>
    public IReadOnlyList<ILogitsProcessor> Steps { get; }

    /// <summary>Processes a row's scores and chooses its next token.</summary>
    /// <param name="tokens">The row so far: prompt and new tokens.</param>
    /// <param name="promptLength">How many of them are the prompt.</param>
    /// <param name="scores">[vocabulary], changed in place.</param>
    /// <param name="random">Where the draw comes from; greedy choice draws nothing.</param>
    public int Choose(ReadOnlySpan<int> tokens, int promptLength, Span<float> scores, RandomStream random)
    {
        Require.NotNull(random);
        foreach (ILogitsProcessor step in Steps) step.Process(tokens, promptLength, scores);
        return _samples ? RandomSampler.Choose(scores, random.NextDouble()) : GreedySampler.Choose(scores);
    }
}
