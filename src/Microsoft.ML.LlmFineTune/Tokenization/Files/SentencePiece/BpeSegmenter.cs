using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>SentencePiece's model BPE: of the neighbours that together are a piece, those with the highest score are merged first, the leftmost among equals.</summary>
internal sealed class BpeSegmenter(SentencePieceVocabulary vocabulary) : SentencePieceSegmenter
{
    public override List<SentencePieceSegment> Split(ReadOnlySpan<byte> text) => Merge(text, 0, null);

    /// <remarks>BPE-dropout (Provilkov et al., 2020).</remarks>
    public override List<SentencePieceSegment>? Sample(ReadOnlySpan<byte> text, float alpha, RandomStream random) => Merge(text, alpha, random);

    private List<SentencePieceSegment> Merge(ReadOnlySpan<byte> text, float dropout, RandomStream? random)
    {
        var symbols = Characters(text);
        var agenda = new PriorityQueue<Pair, Pair>(PairOrder.Instance);
        // Unused pieces serve as steps on the way; where one remains, it is taken apart into what it was made of.
        Dictionary<string, (int Left, int Right)>? parts = null;
        for (var right = 1; right < symbols.Count; right++)
            Consider(text, right - 1, right);
        while (agenda.TryDequeue(out var pair, out _))
        {
            var (left, right) = (symbols[pair.Left], symbols[pair.Right]);
            if (left.Length == 0 || right.Length == 0 || left.Length + right.Length != pair.Length)
                continue;
            if (random is not null && dropout > 0 && (dropout >= 1 || random.NextDouble() < dropout))
                continue;
            symbols[pair.Left] = left with { Length = pair.Length, Next = right.Next };
            if (right.Next >= 0)
                symbols[right.Next] = symbols[right.Next] with { Previous = pair.Left };
            symbols[pair.Right] = right with { Length = 0 };
            Consider(text, left.Previous, pair.Left);
            Consider(text, pair.Left, right.Next);
        }
        var segments = new List<SentencePieceSegment>();
        for (var i = 0; i >= 0; i = symbols[i].Next)
            Add(text, symbols[i].Start, symbols[i].Length);
        return segments;

        void Consider(ReadOnlySpan<byte> bytes, int left, int right)
        {
            if (left < 0 || right < 0 || symbols[left].Frozen || symbols[right].Frozen)
                return;
            var length = symbols[left].Length + symbols[right].Length;
            var piece = bytes.Slice(symbols[left].Start, length);
            var id = vocabulary.Texts.ValueOf(piece);
            if (id < 0)
                return;
            var pair = new Pair(left, right, length, vocabulary[id].Score);
            agenda.Enqueue(pair, pair);
            if (vocabulary.IsUnused(id))
                (parts ??= new(StringComparer.Ordinal))[vocabulary[id].Piece] = (symbols[left].Length, symbols[right].Length);
        }

        void Add(ReadOnlySpan<byte> bytes, int start, int length)
        {
            // A stack in place of recursion: how deep pieces are made of pieces is up to the file.
            var rest = new Stack<(int Start, int Length)>([(start, length)]);
            while (rest.TryPop(out var piece))
            {
                var id = vocabulary.IdOf(bytes.Slice(piece.Start, piece.Length));
                if (vocabulary.IsUnused(id) && parts is not null && parts.TryGetValue(vocabulary[id].Piece, out var halves))
                {
                    rest.Push((piece.Start + halves.Left, halves.Right));
                    rest.Push((piece.Start, halves.Left));
                }
                else
                {
                    segments.Add(new SentencePieceSegment(piece.Start, piece.Length, id));
                }
            }
        }
    }

    private List<Symbol> Characters(ReadOnlySpan<byte> text)
    {
        var symbols = new List<Symbol>();
        for (var at = 0; at < text.Length;)
        {
            var symbol = vocabulary.UserDefined.LongestPrefix(text[at..]);
            var length = symbol > 0 ? symbol : SentencePieceText.CharacterLength(text[at..]);
            symbols.Add(new Symbol(at, length, symbols.Count - 1, at + length == text.Length ? -1 : symbols.Count + 1, symbol > 0));
            at += length;
        }
        return symbols;
    }

    private readonly record struct Symbol(int Start, int Length, int Previous, int Next, bool Frozen);

    private readonly record struct Pair(int Left, int Right, int Length, float Score);

    private sealed class PairOrder : IComparer<Pair>
    {
        public static readonly PairOrder Instance = new();

        public int Compare(Pair first, Pair second) => first.Score != second.Score ? second.Score.CompareTo(first.Score) : first.Left.CompareTo(second.Left);
    }
}
