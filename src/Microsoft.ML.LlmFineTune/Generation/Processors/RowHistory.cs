namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>What a row has read and written when its next token is chosen.</summary>
/// <param name="tokens">Prompt and new tokens; of an encoder-decoder the decoder's tokens, its start token included.</param>
/// <param name="promptLength">How many of them are the prompt.</param>
/// <param name="source">What the encoder read; of a model without an encoder the prompt.</param>
/// <param name="prompt">Number of the prompt in its batch, from 0.</param>
public readonly ref struct RowHistory(ReadOnlySpan<int> tokens, int promptLength = 0, ReadOnlySpan<int> source = default, int prompt = 0)
{
    /// <summary>Prompt and new tokens; of an encoder-decoder the decoder's tokens, its start token included.</summary>
    public ReadOnlySpan<int> Tokens { get; } = tokens;

    /// <summary>How many of the tokens are the prompt.</summary>
    public int PromptLength { get; } = promptLength;

    /// <summary>What the encoder read; of a model without an encoder the prompt.</summary>
    public ReadOnlySpan<int> Source { get; } = source;

    /// <summary>Number of the prompt in its batch, from 0.</summary>
    public int Prompt { get; } = prompt;

    /// <summary>The tokens after the prompt.</summary>
    public ReadOnlySpan<int> NewTokens => Tokens[PromptLength..];

    /// <summary>Whether the next token could complete a sequence: the row has at least as many tokens, and ends with all of it but the last.</summary>
    internal bool MayComplete(IReadOnlyList<int> sequence)
    {
        if (sequence.Count == 1) return true;
        if (sequence.Count > Tokens.Length) return false;
        ReadOnlySpan<int> ending = Tokens[(Tokens.Length - sequence.Count + 1)..];
        for (int i = 0; i < ending.Length; i++)
        {
            if (ending[i] != sequence[i]) return false;
        }
        return true;
    }
}
