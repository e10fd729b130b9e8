namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A part of a rendered text that a <c>{% generation %}</c> block wrote: what the assistant said.</summary>
/// <param name="Start">First UTF-16 unit.</param>
/// <param name="End">The UTF-16 unit behind the last; equal to <paramref name="Start"/> where the block wrote nothing.</param>
public readonly record struct GenerationSpan(int Start, int End)
{
    /// <summary>Number of UTF-16 units.</summary>
    public int Length => End - Start;
}
