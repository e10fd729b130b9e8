using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Unigram (Kudo: "Subword Regularization", 2018): the pieces whose probabilities have the largest product. An unknown character costs ten more than the least likely piece; neighbouring ones are one token.
/// </summary>
internal sealed class UnigramModel : VocabularyModel
{
    private const double UnknownPenalty = 10;

    private readonly (string Piece, double Score)[] _pieces;
    private readonly Dictionary<string, int> _ids;
    private readonly PieceTrie _trie;
    private readonly int[]? _byteIds;
    private readonly double _unknownScore;

    /// <summary>A model of pieces and their log probabilities; the id of a piece is its place.</summary>
    /// <exception cref="InvalidDataException">The unknown piece is outside the vocabulary, or a score is not a number.</exception>
    public UnigramModel(IReadOnlyList<(string Piece, double Score)> pieces, int? unknownId, bool byteFallback)
    {
        _pieces = [.. pieces];
        if (unknownId is { } id && (id < 0 || id >= _pieces.Length))
            throw new InvalidDataException($"model.unk_id must be a piece of the vocabulary, below {_pieces.Length}; it is {id}.");
        (UnknownId, ByteFallback) = (unknownId, byteFallback);
        _ids = new Dictionary<string, int>(_pieces.Length);
        _trie = new PieceTrie(_pieces.Length);
        var least = double.PositiveInfinity;
        for (var i = 0; i < _pieces.Length; i++)
        {
            var (piece, score) = _pieces[i];
            if (double.IsNaN(score))
                throw new InvalidDataException($"model.vocab: the score of piece {i} ('{piece}') is not a number.");
            // Of two equal pieces the later one counts.
            _ids[piece] = i;
            _trie.Add(piece, i);
            least = Math.Min(least, score);
        }
        _unknownScore = least - UnknownPenalty;
        if (byteFallback)
            _byteIds = new TokenTable(_ids).ByteIds();
    }

    public bool ByteFallback { get; }

    public IReadOnlyList<(string Piece, double Score)> Pieces => _pieces;

    public override IReadOnlyDictionary<string, int> Vocabulary => _ids;

    public override int? UnknownId { get; }

    public override bool UnknownKeepsText => true;

    public override int? IdOf(string token) => _ids.TryGetValue(token, out var id) ? id : null;

    public override string? TokenOf(int id) => id >= 0 && id < _pieces.Length ? _pieces[id].Piece : null;

    public override void Tokenize(ReadOnlySpan<char> word, List<TokenPiece> pieces)
    {
        var rented = ArrayPool<Step>.Shared.Rent(word.Length + 1);
        try
        {
            var steps = rented.AsSpan(0, word.Length + 1);
            FindBestPath(word, steps);
            var first = pieces.Count;
            for (var end = word.Length; end > 0;)
            {
                var (start, id) = (steps[end].Start, steps[end].Id);
                // Unknown characters are one token.
                while (id == UnknownId && start > 0 && steps[start].Id == UnknownId)
                    start = steps[start].Start;
                AddReversed(word, start, end, id, pieces);
                end = start;
            }
            pieces.Reverse(first, pieces.Count - first);
        }
        finally
        {
            ArrayPool<Step>.Shared.Return(rented);
        }
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Unigram");
        if (UnknownId is { } unknown)
            writer.WriteNumber("unk_id", unknown);
        else
            writer.WriteNull("unk_id");
        writer.WriteStartArray("vocab");
        foreach (var (piece, score) in _pieces)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(piece);
            // A whole number is written with its point, so that it stays one of floating point.
            writer.WriteRawValue(double.IsInteger(score) && Math.Abs(score) < 1e15 ? FormattableString.Invariant($"{score:0.0}") : score.ToString("R", System.Globalization.CultureInfo.InvariantCulture));
            writer.WriteEndArray();
        }
        writer.WriteEndArray();
        writer.WriteBoolean("byte_fallback", ByteFallback);
        writer.WriteEndObject();
    }

    // Viterbi from the left: for each place the best way to get there.
    private void FindBestPath(ReadOnlySpan<char> word, Span<Step> steps)
    {
        steps.Fill(new Step(0, -1, 0));
        steps[0] = new Step(0, 0, 0);
        for (var start = 0; start < word.Length;)
        {
            var width = char.IsHighSurrogate(word[start]) && start + 1 < word.Length ? 2 : 1;
            var score = steps[start].Score;
            var single = false;
            var node = PieceTrie.Root;
            for (var end = start; end < word.Length;)
            {
                if (!_trie.TryStep(ref node, word[end++], out var id))
                    break;
                if (id < 0)
                    continue;
                Offer(ref steps[end], score + _pieces[id].Score, start, id);
                single |= end - start == width;
            }
            if (!single && Offer(ref steps[start + width], score + _unknownScore, start, UnknownId ?? -1) && UnknownId is null)
                throw NoUnknownToken(word.Slice(start, width), null);
            start += width;
        }
    }

    private static bool Offer(ref Step step, double score, int start, int id)
    {
        if (step.Start >= 0 && !(score > step.Score))
            return false;
        step = new Step(score, start, id);
        return true;
    }

    private void AddReversed(ReadOnlySpan<char> word, int start, int end, int id, List<TokenPiece> pieces)
    {
        if (id == UnknownId)
        {
            // The text of an unknown run may be a piece as a whole, which only its score kept out.
            var text = word[start..end].ToString();
            if (_ids.TryGetValue(text, out var whole))
            {
                pieces.Add(new TokenPiece(whole, start, end));
                return;
            }
            if (_byteIds is not null && Encoding.UTF8.GetBytes(text) is var bytes && bytes.All(value => _byteIds[value] >= 0))
            {
                for (var i = bytes.Length - 1; i >= 0; i--)
                    pieces.Add(new TokenPiece(_byteIds[bytes[i]], start, end));
                return;
            }
        }
        pieces.Add(new TokenPiece(id, start, end));
    }

    private readonly record struct Step(double Score, int Start, int Id);
}
