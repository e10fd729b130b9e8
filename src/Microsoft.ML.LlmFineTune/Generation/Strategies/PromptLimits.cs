using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>How long the texts of a prompt may become.</summary>
internal static class PromptLimits
{
    /// <summary>Most new tokens behind a prompt of some length.</summary>
    /// <exception cref="ArgumentException">There is room for none.</exception>
    public static int NewTokens(int prompt, int length, GenerationOptions options)
    {
        if (options.MaxLength is not int maximum) return options.MaxNewTokens;
        Require.Argument(length < maximum, $"MaxLength must leave room for a new token; it is {maximum}, prompt {prompt} has {length} tokens. Shorten the prompt, or give MaxNewTokens alone.", nameof(options));
        return Math.Min(options.MaxNewTokens, maximum - length);
    }
}
