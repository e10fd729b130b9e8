using Microsoft.ML.LlmFineTune.Generation.Sampling;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>Chooses the tokens of one text: the best ones, drawn ones, or drawn by mirostat.</summary>
internal sealed class TokenChooser(GenerationOptions options, RandomStream random)
{
    private readonly MirostatSampler? _mirostat = options.Mirostat > 0 ? new MirostatSampler(options.Mirostat, options.MirostatTarget, options.MirostatRate) : null;

    /// <summary>Where draws come from.</summary>
    public RandomStream Random => random;

    /// <summary>The next token, by scores [vocabulary] that have gone through all steps.</summary>
    public int Choose(ReadOnlySpan<float> scores) =>
        _mirostat is not null ? _mirostat.Choose(scores, random.NextDouble())
        : options.Samples ? RandomSampler.Choose(scores, random.NextDouble())
        : GreedySampler.Choose(scores);
}
