namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Text from tokens one by one, as a model writes them. A character whose bytes lie in several tokens is given out whole, with the last of them. All that was given out, with <see cref="Finish"/>, is the text of all tokens.
/// </summary>
/// <remarks>
/// Decoders may treat the first token of a text differently (drop its leading space), so what is given out is the text of a short context and the new tokens together, without the context's own.
/// An instance belongs to one thread at a time.
/// </remarks>
public sealed class StreamingDecoder
{
    private readonly Func<IEnumerable<int>, string> _decode;
    private readonly List<int> _tokens = [];
    private int _contextTokens;
    private string _context = "";

    internal StreamingDecoder(Func<IEnumerable<int>, string> decode) => _decode = decode;

    /// <summary>Takes the next token and gives the text that is complete now; null where nothing is.</summary>
    public string? Append(int id)
    {
        _tokens.Add(id);
        var text = _decode(_tokens);
        // Whether U+FFFD is a character cut short or stood in the text shows only by what follows.
        if (text.Length <= _context.Length || text[^1] == '\uFFFD')
            return null;
        var complete = text[_context.Length..];
        _tokens.RemoveRange(0, _contextTokens);
        (_contextTokens, _context) = (_tokens.Count, _decode(_tokens));
        return complete;
    }

    /// <summary>The rest: what was held back for a character that never became complete. The next token begins a new text.</summary>
    public string Finish()
    {
        var text = _decode(_tokens);
        var rest = text.Length > _context.Length ? text[_context.Length..] : "";
        _tokens.Clear();
        (_contextTokens, _context) = (0, "");
        return rest;
    }
}
