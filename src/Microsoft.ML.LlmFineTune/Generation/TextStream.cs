using System.Text;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>The text of tokens that arrive one by one. A character whose bytes lie in several tokens appears when it is whole.</summary>
/// <remarks>
/// Decoders may treat the first token of a text differently (drop its leading space), so a piece is what a short context and the new tokens give
/// together, without what the context gives alone.
/// </remarks>
internal sealed class TextStream(TokenizerAdapter tokenizer)
{
    private const char Replacement = '\uFFFD';
    private readonly StringBuilder _text = new();
    private readonly List<int> _tokens = [];
    private int _context;   // first token of the context
    private int _read;      // first token whose text is still to come

    /// <summary>The text so far; a character whose bytes are not all there is missing.</summary>
    public string Text => _text.ToString();

    /// <summary>Takes a token and adds the text that it completes.</summary>
    public void Add(int token)
    {
        _tokens.Add(token);
        string before = tokenizer.Decode(_tokens[_context.._read]);
        string after = tokenizer.Decode(_tokens[_context..]);
        // A real replacement mark in the text waits for the next token too, and is not lost.
        if (after.EndsWith(Replacement)) return;
        Append(before, after);
    }

    /// <summary>Adds what waits for bytes that will not come.</summary>
    public void Complete()
    {
        if (_read < _tokens.Count) Append(tokenizer.Decode(_tokens[_context.._read]), tokenizer.Decode(_tokens[_context..]));
    }

    private void Append(string before, string after)
    {
        if (after.Length > before.Length) _text.Append(after.AsSpan(before.Length));
        (_context, _read) = (_read, _tokens.Count);
    }
}
