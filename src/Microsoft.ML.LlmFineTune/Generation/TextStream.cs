using System.Text;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>The text of tokens that arrive one by one. A character whose bytes lie in several tokens appears when it is whole.</summary>
internal sealed class TextStream(StreamingDecoder decoder)
{
    private readonly StringBuilder _text = new();
    private bool _isComplete;

    /// <summary>The text so far; a character whose bytes are not all there is missing.</summary>
    public string Text => _text.ToString();

    /// <summary>Takes a token and adds the text that it completes.</summary>
    public void Add(int token) => _text.Append(decoder.Append(token));

    /// <summary>Adds what waits for bytes that will not come.</summary>
    /// <returns>Whether this was the first time.</returns>
    public bool Complete()
    {
        if (_isComplete) return false;
        _text.Append(decoder.Finish());
        return _isComplete = true;
    }
}
