using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// What a template may use up. Templates come with checkpoints and are not to be trusted: a few loops inside each other, or a text doubled forty times, would otherwise take all time and memory.
/// Passing a limit is a <see cref="ChatTemplateException"/> of the kind <see cref="ChatTemplateErrorKind.LimitExceeded"/> (<see cref="ChatTemplateErrorKind.RecursionError"/> for the depth) that names it.
/// </summary>
public sealed record ChatTemplateLimits
{
    /// <summary>The defaults.</summary>
    public static ChatTemplateLimits Default { get; } = new();

    /// <summary>Longest rendered text, in UTF-16 units. Default 16,777,216; at least 1.</summary>
    public int MaxOutputCharacters { get; init => field = Require.AtLeast(value, 1); } = 1 << 24;

    /// <summary>Most steps of a rendering; an expression evaluated, an item visited or sixteen characters looked at is about one. Default 20,000,000 (about a second); at least 1.</summary>
    public long MaxSteps { get; init => field = Require.AtLeast(value, 1); } = 20_000_000;

    /// <summary>Most characters that all values made in a rendering may have together, an item of a list counted as eight; it bounds the memory. Default 134,217,728, from 1 to 536,870,912.</summary>
    public long MaxMadeCharacters { get; init => field = Require.Within(value, 1, 1 << 29); } = 1 << 27;

    /// <summary>Most macro calls and recursive loops inside each other. Default 200, from 1 to 10,000; the thread's stack can end it sooner.</summary>
    public int MaxDepth { get; init => field = Require.Within(value, 1, 10_000); } = 200;
}
