namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Text from tokens one by one, as a model writes them. A character that takes several tokens is given out whole, with the last of them. All that was given out, with <see cref="Finish"/>, is the text of all tokens.
/// </summary>
/// <remarks>An instance belongs to one thread at a time.</remarks>
public sealed class StreamingDecoder
{
    private readonly TokenizerModel _tokenizer;
    private readonly bool _skipSpecialTokens;
    private readonly List<byte> _pending = [];

    internal StreamingDecoder(TokenizerModel tokenizer, bool skipSpecialTokens) => (_tokenizer, _skipSpecialTokens) = (tokenizer, skipSpecialTokens);

    /// <summary>Takes the next token and gives the text that is complete now; null where nothing is. Ids outside the vocabulary are passed over.</summary>
    public string? Append(int id)
    {
        if (_tokenizer.TextualToken(id, _skipSpecialTokens) is { } token)
            ByteAlphabet.AppendBytes(token, _pending);
        if (_pending.Count == 0)
            return null;
        var text = ByteLevelDecoder.Text(_pending);
        // Whether U+FFFD is a character cut short or stood in the text shows only by what follows.
        if (text[^1] == '\uFFFD')
            return null;
        _pending.Clear();
        return text;
    }

    /// <summary>The rest: what was held back for a character that never became complete.</summary>
    public string Finish()
    {
        var text = ByteLevelDecoder.Text(_pending);
        _pending.Clear();
        return text;
    }
}
