using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What encoding options must fulfil, and what they mean together.</summary>
internal static class EncodingChecks
{
    public static void Check(EncodingOptions options)
    {
        if (options.Truncation is { } truncation)
        {
            Require.NotNegative(truncation.MaximumLength);
            Require.NotNegative(truncation.Stride);
        }
        if (options.Padding is { } padding)
        {
            Require.NotNegative(padding.Length ?? 0, nameof(padding.Length));
            Require.NotNegative(padding.MultipleOf ?? 0, nameof(padding.MultipleOf));
            Require.NotNegative(padding.Id);
            Require.NotNegative(padding.TypeId);
        }
        Require.AtLeast(options.Threads ?? 1, 1, nameof(options.Threads));
    }

    /// <summary>The length that a batch is padded to.</summary>
    /// <exception cref="ArgumentException">It is beyond what a list can hold.</exception>
    public static int LengthOf(PaddingOptions padding, int longest)
    {
        long length = padding.Length ?? longest;
        if (padding.MultipleOf is { } multiple and > 0)
            length = (length + multiple - 1) / multiple * multiple;
        return length <= Array.MaxLength ? (int)length : throw new ArgumentException($"Padding to {length} tokens is beyond the {Array.MaxLength} that a list can hold: use a smaller length or multiple.", nameof(padding));
    }
}
