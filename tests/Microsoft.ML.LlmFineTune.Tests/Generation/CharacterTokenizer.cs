using System.Buffers;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

/// <summary>One token a character, its code point the id.</summary>
internal sealed class CharacterTokenizer : Tokenizer
{
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        idsConsumed = charsWritten = 0;
        foreach (int id in ids)
        {
            if (charsWritten == destination.Length) return OperationStatus.DestinationTooSmall;
            destination[charsWritten++] = (char)id;
            idsConsumed++;
        }
        return OperationStatus.Done;
    }

    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        string whole = text ?? textSpan.ToString();
        return new EncodeResults<EncodedToken>
        {
            Tokens = [.. whole.Take(settings.MaxTokenCount).Select((character, i) => new EncodedToken(character, character.ToString(), new Range(i, i + 1)))],
            CharsConsumed = Math.Min(whole.Length, settings.MaxTokenCount),
        };
    }
}
