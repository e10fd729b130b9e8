using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches.Rows;

/// <summary>One turn of a conversation, with its special tokens.</summary>
/// <param name="Tokens">Its tokens.</param>
/// <param name="IsAnswer">Whether it is what the model shall learn to say.</param>
public readonly record struct ConversationTurn(int[] Tokens, bool IsAnswer);

/// <summary>Rows for next tokens: the target of a token is the one after it, where that one is to be learnt. A row reads all its tokens; the last has no target.</summary>
public static class CompletionRows
{
    /// <summary>A row of given tokens.</summary>
    /// <param name="tokens">All tokens, special ones included; at least one.</param>
    /// <param name="learns">Which of the tokens the model shall learn to give, as many; null: all of them. What it says of the first token changes nothing.</param>
    public static TokenRow Of(int[] tokens, bool[]? learns = null)
    {
        Require.NotNull(tokens);
        Require.Argument(learns is null || learns.Length == tokens.Length, $"{tokens.Length} tokens need as many marks of what to learn; received {learns?.Length}.", nameof(learns));
        var targets = new int[tokens.Length];
        for (var i = 0; i < targets.Length; i++)
            targets[i] = i + 1 < tokens.Length && learns?[i + 1] != false ? tokens[i + 1] : (int)TokenBatch.Ignored;
        return new TokenRow(tokens, targets);
    }

    /// <summary>A row of a prompt and what shall follow it; only that is learnt.</summary>
    /// <param name="prompt">Tokens of the prompt.</param>
    /// <param name="completion">Tokens that follow, with the one that ends the text; at least one.</param>
    /// <param name="maximumLength">Tokens that the model takes, at least 2. What is too much is taken from the beginning of the prompt, but for its last token, and then from the end of the completion.</param>
    public static TokenRow OfPrompt(int[] prompt, int[] completion, int maximumLength = int.MaxValue)
    {
        Require.NotNull(prompt);
        Require.NotNull(completion);
        Require.AtLeast(maximumLength, 2);
        Require.Argument(completion.Length > 0, "A completion needs at least one token; received none.", nameof(completion));
        var kept = (int)Math.Min(prompt.Length, Math.Max(1L, maximumLength - (long)completion.Length));
        int[] tokens = [.. prompt.AsSpan(prompt.Length - kept), .. completion.AsSpan(0, Math.Min(completion.Length, maximumLength - kept))];
        return Of(tokens, MarkedFrom(kept, tokens.Length));
    }

    /// <summary>A row of a conversation; only answers are learnt.</summary>
    /// <param name="turns">The turns in order.</param>
    /// <param name="lastAnswerOnly">Whether only the last answer is learnt; default false: all of them.</param>
    public static TokenRow OfConversation(IReadOnlyList<ConversationTurn> turns, bool lastAnswerOnly = false)
    {
        Require.NotNull(turns);
        var last = turns.Count - 1;
        while (last >= 0 && !turns[last].IsAnswer)
            last--;
        List<int> tokens = [];
        List<bool> learns = [];
        for (var turn = 0; turn < turns.Count; turn++)
        {
            tokens.AddRange(turns[turn].Tokens);
            learns.AddRange(Enumerable.Repeat(lastAnswerOnly ? turn == last : turns[turn].IsAnswer, turns[turn].Tokens.Length));
        }
        return Of([.. tokens], [.. learns]);
    }

    private static bool[] MarkedFrom(int start, int length)
    {
        var marks = new bool[length];
        marks.AsSpan(start).Fill(true);
        return marks;
    }
}
