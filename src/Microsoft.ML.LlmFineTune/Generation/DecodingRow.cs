using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>
/// One row of a batch that grows: padding on the left, the prompt, the new tokens, and filler once the row has ended while others still grow.
/// </summary>
internal sealed class DecodingRow
{
    private readonly List<int> _columns;

    public DecodingRow(IReadOnlyList<int> prompt, int dropped, int width, int padding, RandomStream random)
    {
        PromptTokensDropped = dropped;
        PromptLength = Length = prompt.Count - dropped;
        LeftPadding = width - PromptLength;
        _columns = [.. Enumerable.Repeat(padding, LeftPadding), .. prompt.Skip(dropped)];
        Random = random;
    }

    /// <summary>Padding before the prompt.</summary>
    public int LeftPadding { get; }

    /// <summary>Tokens of the prompt that are read.</summary>
    public int PromptLength { get; }

    /// <summary>Tokens of the prompt that are not read for want of positions.</summary>
    public int PromptTokensDropped { get; }

    /// <summary>Prompt and new tokens.</summary>
    public int Length { get; private set; }

    /// <summary>Where the row's draws come from.</summary>
    public RandomStream Random { get; }

    /// <summary>Why the row has ended; null while it grows.</summary>
    public FinishReason? Reason { get; private set; }

    /// <summary>Everything, column by column.</summary>
    public ReadOnlySpan<int> Columns => CollectionsMarshal.AsSpan(_columns);

    /// <summary>Prompt and new tokens.</summary>
    public ReadOnlySpan<int> Tokens => Columns.Slice(LeftPadding, Length);

    /// <summary>The new tokens.</summary>
    public ReadOnlySpan<int> NewTokens => Tokens[PromptLength..];

    /// <summary>The new tokens and how they came to an end.</summary>
    public GeneratedTokens Result => new(NewTokens.ToArray(), Reason ?? FinishReason.Length, PromptTokensDropped);

    /// <summary>Adds a token.</summary>
    public void Add(int token)
    {
        _columns.Add(token);
        Length++;
    }

    /// <summary>Adds filler to a row that has ended.</summary>
    public void Fill(int padding) => _columns.Add(padding);

    /// <summary>Ends the row.</summary>
    public void Finish(FinishReason reason) => Reason = reason;
}
