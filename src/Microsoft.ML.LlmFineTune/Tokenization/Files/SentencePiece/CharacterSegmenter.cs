namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>SentencePiece's model CHAR: characters, and user-defined symbols as a whole.</summary>
internal sealed class CharacterSegmenter(SentencePieceVocabulary vocabulary) : SentencePieceSegmenter
{
    public override List<SentencePieceSegment> Split(ReadOnlySpan<byte> text)
    {
        var segments = new List<SentencePieceSegment>();
        for (var at = 0; at < text.Length;)
        {
            var length = vocabulary.UserDefined.LongestPrefix(text[at..]) is > 0 and var symbol ? symbol : SentencePieceText.CharacterLength(text[at..]);
            segments.Add(new SentencePieceSegment(at, length, vocabulary.IdOf(text.Slice(at, length))));
            at += length;
        }
        return segments;
    }
}
