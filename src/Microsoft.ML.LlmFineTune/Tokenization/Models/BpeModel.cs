namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Byte pair encoding (Sennrich, Haddow, Birch: "Neural Machine Translation of Rare Words with Subword Units", 2016) over bytes (Radford et al.: "Language Models are Unsupervised Multitask Learners", 2019):
/// of all neighbours in a word those that were merged first in training are merged, leftmost first, until no merge is left.
/// </summary>
internal sealed class BpeModel
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<int, string> _tokens;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Product)> _merges = [];
    private readonly int[] _byteIds = new int[256];

    /// <summary>A model of a vocabulary (spelled in the byte alphabet) and its merges in order of rank.</summary>
    /// <exception cref="InvalidDataException">Two tokens have one id, or a merge names a token that isn't there.</exception>
    public BpeModel(Dictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges, string? unknownToken)
    {
        _ids = vocabulary;
        _tokens = new Dictionary<int, string>(vocabulary.Count);
        foreach (var (token, id) in vocabulary)
        {
            if (!_tokens.TryAdd(id, token))
                throw new InvalidDataException($"model.vocab: the tokens '{_tokens[id]}' and '{token}' both have the id {id}; ids must be unique.");
        }
        Merges = merges;
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            // A pair that is listed twice has its later rank.
            _merges[(IdIn(rank, left), IdIn(rank, right))] = (rank, IdIn(rank, left + right));
        }
        for (var value = 0; value < _byteIds.Length; value++)
            _byteIds[value] = _ids.GetValueOrDefault(ByteAlphabet.NameOf((byte)value).ToString(), -1);
        if (unknownToken is not null)
            UnknownId = _ids.TryGetValue(unknownToken, out var unknown) ? unknown : throw new InvalidDataException($"model.unk_token: '{unknownToken}' is not in the vocabulary.");
        UnknownToken = unknownToken;
    }

    public IReadOnlyDictionary<string, int> Vocabulary => _ids;

    public IReadOnlyList<(string Left, string Right)> Merges { get; }

    public string? UnknownToken { get; }

    public int? UnknownId { get; }

    public string? TokenOf(int id) => _tokens.GetValueOrDefault(id);

    public int? IdOf(string token) => _ids.TryGetValue(token, out var id) ? id : null;

    /// <summary>The tokens of a word. A byte that the vocabulary doesn't have becomes the unknown token, or vanishes where there is none.</summary>
    public BpePiece[] Encode(ReadOnlySpan<byte> word)
    {
        // Linked symbols in arrays: symbol i is merged away when its end is 0.
        var symbols = new Symbol[word.Length];
        var count = 0;
        for (var at = 0; at < word.Length; at++)
        {
            var id = _byteIds[word[at]];
            if (id < 0 && UnknownId is null)
                continue;
            symbols[count] = new Symbol(id < 0 ? UnknownId!.Value : id, at, at + 1, count - 1, count + 1);
            count++;
        }
        if (count > 1)
            MergeAll(symbols.AsSpan(0, count));
        var pieces = new List<BpePiece>(count);
        for (var i = 0; i < count; i = symbols[i].Next)
            pieces.Add(new BpePiece(symbols[i].Id, symbols[i].Start, symbols[i].End));
        return [.. pieces];
    }

    private void MergeAll(Span<Symbol> symbols)
    {
        // Ordered by rank, then by place. An entry is stale when its pair is no longer there.
        var queue = new PriorityQueue<(int Place, int Left, int Right), long>(symbols.Length);
        for (var i = 0; i + 1 < symbols.Length; i++)
            Offer(queue, symbols, i);
        while (queue.TryDequeue(out var entry, out _))
        {
            ref var left = ref symbols[entry.Place];
            if (left.End == 0 || left.Id != entry.Left || left.Next == symbols.Length || symbols[left.Next].Id != entry.Right)
                continue;
            ref var right = ref symbols[left.Next];
            left = left with { Id = _merges[(left.Id, right.Id)].Product, End = right.End, Next = right.Next };
            right.End = 0;
            if (left.Next < symbols.Length)
            {
                symbols[left.Next].Previous = entry.Place;
                Offer(queue, symbols, entry.Place);
            }
            if (left.Previous >= 0)
                Offer(queue, symbols, left.Previous);
        }
    }

    private void Offer(PriorityQueue<(int Place, int Left, int Right), long> queue, Span<Symbol> symbols, int place)
    {
        var (left, right) = (symbols[place].Id, symbols[symbols[place].Next].Id);
        if (_merges.TryGetValue((left, right), out var merge))
            queue.Enqueue((place, left, right), (long)merge.Rank << 32 | (uint)place);
    }

    private int IdIn(int rank, string token) =>
        _ids.TryGetValue(token, out var id) ? id : throw new InvalidDataException($"model.merges: merge {rank} ('{Merges[rank].Left}' with '{Merges[rank].Right}') needs the token '{token}', which is not in the vocabulary.");

    private record struct Symbol(int Id, int Start, int End, int Previous, int Next);
}
