using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// SentencePiece's model UNIGRAM (Kudo, "Subword Regularization", 2018): the split whose pieces have the greatest product of probabilities. Sums are of float32, as
/// the reference implementation does: ties between splits are decided by it.
/// </summary>
internal sealed class UnigramSegmenter : SentencePieceSegmenter
{
    private const float UnknownPenalty = 10;
    private const int MostSplits = 1024;

    private readonly SentencePieceVocabulary _vocabulary;
    private readonly float _largestScore = 1.17549435e-38f;
    private readonly float _unknownScore;

    public UnigramSegmenter(SentencePieceModel model, SentencePieceVocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        var smallest = float.MaxValue;
        foreach (var piece in model.Pieces)
        {
            if (piece.Kind != SentencePieceKind.Normal)
                continue;
            smallest = Math.Min(smallest, piece.Score);
            _largestScore = Math.Max(_largestScore, piece.Score);
        }
        _unknownScore = smallest - UnknownPenalty;
    }

    public override List<SentencePieceSegment> Split(ReadOnlySpan<byte> text)
    {
        // The best way to each place.
        var ids = new int[text.Length + 1];
        var starts = new int[text.Length + 1];
        var scores = new float[text.Length + 1];
        Array.Fill(starts, -1);
        var characterLength = 0;
        for (var start = 0; start < text.Length; start += characterLength)
        {
            characterLength = SentencePieceText.CharacterLength(text[start..]);
            var before = scores[start];
            var hasCharacter = false;
            var node = ByteTrie.Root;
            for (var end = start; end < text.Length && _vocabulary.Texts.Step(ref node, text[end], out var id);)
            {
                end++;
                if (id < 0 || _vocabulary.IsUnused(id))
                    continue;
                Offer(start, end, id, (float)ScoreOf(id, end - start) + before);
                hasCharacter |= end - start == characterLength;
            }
            if (!hasCharacter)
                Offer(start, start + characterLength, _vocabulary.UnknownId, _unknownScore + before);
        }
        var segments = new List<SentencePieceSegment>();
        for (var end = text.Length; end > 0; end = starts[end])
            segments.Add(new SentencePieceSegment(starts[end], end - starts[end], ids[end]));
        segments.Reverse();
        return segments;

        void Offer(int start, int end, int id, float score)
        {
            if (starts[end] >= 0 && score <= scores[end])
                return;
            (starts[end], ids[end], scores[end]) = (start, id, score);
        }
    }

    public override List<SentencePieceSegment>? Sample(ReadOnlySpan<byte> text, float alpha, RandomStream random) => LatticeOf(text).Sample(alpha, random);

    public override List<(List<SentencePieceSegment> Segments, float Score)>? Best(ReadOnlySpan<byte> text, int count) =>
        Math.Clamp(count, 1, MostSplits) is > 1 and var many ? LatticeOf(text).Best(many) : [(Split(text), 0)];

    // A user-defined symbol gets next to nothing subtracted, so that it always wins.
    private double ScoreOf(int id, int length) => _vocabulary[id].Kind == SentencePieceKind.UserDefined ? (length * _largestScore) - 0.1 : _vocabulary[id].Score;

    private UnigramLattice LatticeOf(ReadOnlySpan<byte> text)
    {
        var lattice = new UnigramLattice(text.Length);
        var characterLength = 0;
        for (var start = 0; start < text.Length; start += characterLength)
        {
            characterLength = SentencePieceText.CharacterLength(text[start..]);
            var (hasCharacter, characters, characterEnd) = (false, 0, start);
            var node = ByteTrie.Root;
            for (var end = start; end < text.Length && _vocabulary.Texts.Step(ref node, text[end], out var id);)
            {
                end++;
                while (characterEnd < end)
                {
                    characterEnd += SentencePieceText.CharacterLength(text[characterEnd..]);
                    characters++;
                }
                if (id < 0 || _vocabulary.IsUnused(id))
                    continue;
                lattice.Add(new SentencePieceSegment(start, end - start, id), (float)ScoreOf(id, characters));
                hasCharacter |= characters == 1;
            }
            if (!hasCharacter)
                lattice.Add(new SentencePieceSegment(start, characterLength, _vocabulary.UnknownId), _unknownScore);
        }
        return lattice;
    }
}
