using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>One row of a batch that grows: a prompt and its new tokens.</summary>
internal sealed class DecodingRow
{
    private readonly List<int> _tokens;
    private int _contextStart;

    /// <param name="prompt">At least one token.</param>
    /// <param name="dropped">How many of its first tokens are not read.</param>
    /// <param name="random">Where the row's draws come from.</param>
    public DecodingRow(IReadOnlyList<int> prompt, int dropped, RandomStream random)
    {
        _tokens = [.. prompt.Skip(dropped)];
        PromptLength = _tokens.Count;
        PromptTokensDropped = dropped;
        Random = random;
    }

    /// <summary>Tokens of the prompt that are read.</summary>
    public int PromptLength { get; }

    /// <summary>Tokens of the prompt that are not read for want of positions.</summary>
    public int PromptTokensDropped { get; }

    /// <summary>Where the row's draws come from.</summary>
    public RandomStream Random { get; }

    /// <summary>Why the row has ended; null while it grows.</summary>
    public FinishReason? Reason { get; private set; }

    /// <summary>Prompt and new tokens.</summary>
    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    /// <summary>The new tokens.</summary>
    public ReadOnlySpan<int> NewTokens => Tokens[PromptLength..];

    /// <summary>What the model sees: all tokens, until the older ones are forgotten.</summary>
    public ReadOnlySpan<int> Context => Tokens[_contextStart..];

    /// <summary>The new tokens and how they came to an end.</summary>
    public GeneratedTokens Result => new(NewTokens.ToArray(), Reason ?? FinishReason.Length, PromptTokensDropped);

    /// <summary>Adds a token.</summary>
    public void Add(int token) => _tokens.Add(token);

    /// <summary>Forgets all but the last tokens of the context.</summary>
    public void Forget(int kept) => _contextStart = _tokens.Count - kept;

    /// <summary>Ends the row.</summary>
    public void Finish(FinishReason reason) => Reason = reason;
}
