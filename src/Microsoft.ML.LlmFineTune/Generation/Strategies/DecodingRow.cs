using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Generation.Processors;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>A text that grows: a prompt and its new tokens.</summary>
internal sealed class DecodingRow
{
    private readonly List<int> _tokens;

    /// <param name="prompt">What it begins with.</param>
    /// <param name="index">Its number among all texts that are generated together.</param>
    public DecodingRow(DecodingPrompt prompt, int index)
    {
        _tokens = [.. prompt.Tokens];
        (Prompt, Index) = (prompt, index);
    }

    private DecodingRow(DecodingRow other)
    {
        _tokens = [.. other._tokens];
        (Prompt, Index, ContextStart) = (other.Prompt, other.Index, other.ContextStart);
    }

    /// <summary>What it began with.</summary>
    public DecodingPrompt Prompt { get; }

    /// <summary>Its number among all texts that are generated together.</summary>
    public int Index { get; }

    /// <summary>Why the row has ended; null while it grows.</summary>
    public FinishReason? Reason { get; private set; }

    /// <summary>With beams, what it is ranked by.</summary>
    public double? Score { get; set; }

    /// <summary>Prompt and new tokens.</summary>
    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    /// <summary>The new tokens.</summary>
    public ReadOnlySpan<int> NewTokens => Tokens[Prompt.Tokens.Length..];

    /// <summary>Where what the model sees begins among the tokens.</summary>
    public int ContextStart { get; private set; }

    /// <summary>What the model sees: all tokens, until the older ones are forgotten.</summary>
    public ReadOnlySpan<int> Context => Tokens[ContextStart..];

    /// <summary>What the steps of the scores see.</summary>
    public RowHistory History => new(Tokens, Prompt.Tokens.Length, Prompt.Source, Prompt.Index);

    /// <summary>The new tokens and how they came to an end.</summary>
    public GeneratedTokens Result => new(NewTokens.ToArray(), Reason ?? FinishReason.Length, Prompt.Dropped, Score);

    /// <summary>Another row of the same tokens.</summary>
    public DecodingRow Fork() => new(this);

    /// <summary>Adds a token.</summary>
    public void Add(int token) => _tokens.Add(token);

    /// <summary>Forgets all but the last tokens of the context.</summary>
    public void Forget(int kept) => ContextStart = _tokens.Count - kept;

    /// <summary>Ends the row.</summary>
    public void Finish(FinishReason reason) => Reason = reason;
}
