namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>SentencePiece's model WORD: words, each with the space before it.</summary>
internal sealed class WordSegmenter(SentencePieceVocabulary vocabulary) : SentencePieceSegmenter
{
    public override List<SentencePieceSegment> Split(ReadOnlySpan<byte> text)
    {
        var segments = new List<SentencePieceSegment>();
        for (var start = 0; start < text.Length;)
        {
            var length = SentencePieceText.CharacterLength(text[start..]);
            var next = text[(start + length)..].IndexOf(SentencePieceText.Space);
            var end = next < 0 ? text.Length : start + length + next;
            segments.Add(new SentencePieceSegment(start, end - start, vocabulary.IdOf(text[start..end])));
            start = end;
        }
        return segments;
    }
}
