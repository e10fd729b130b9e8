using System.Text;
using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Byte pair encoding (Sennrich, Haddow, Birch: "Neural Machine Translation of Rare Words with Subword Units", 2016): of all neighbours in a word those that were merged first in training are merged, leftmost first, until no merge is left.
/// </summary>
internal sealed class BpeModel : VocabularyModel
{
    // Up to here, looking at all pairs again after each merge beats keeping them in order.
    private const int FewSymbols = 40;

    private readonly TokenTable _tokens;
    private readonly PairTable _merges;
    private readonly IReadOnlyList<(string Left, string Right)> _mergeList;
    private readonly int[]? _byteIds;
    private readonly Random? _draws;
    // Whether a character is looked up with a prefix or a suffix.
    private readonly bool _affixes;
    // The ids of characters of the basic plane that stand inside a word, as most do; -1 where there is none, -2 where it isn't known yet.
    private readonly int[] _characterIds = new int[0x250];

    /// <summary>A model of a vocabulary and its merges in order of rank.</summary>
    /// <exception cref="InvalidDataException">A merge names a token that isn't there.</exception>
    public BpeModel(Dictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges, BpeModelOptions options)
    {
        Options = options;
        _tokens = new TokenTable(vocabulary);
        _mergeList = merges;
        _merges = new PairTable(merges.Count);
        var prefix = options.ContinuingPrefix?.Length ?? 0;
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            if (right.Length < prefix)
                throw new InvalidDataException($"model.merges: the second token of merge {rank} ('{left}' with '{right}') must begin with the prefix '{options.ContinuingPrefix}'.");
            // A pair that is listed twice has its later rank.
            _merges.Set(IdIn(rank, left), IdIn(rank, right), rank, IdIn(rank, left + right[prefix..]));
        }
        if (options.ByteFallback)
            _byteIds = _tokens.ByteIds();
        if (options.DropoutSeed is { } seed)
            _draws = new Random(seed);
        _affixes = !string.IsNullOrEmpty(options.ContinuingPrefix) || !string.IsNullOrEmpty(options.EndSuffix);
        UnknownId = options.UnknownToken is { } unknown ? _tokens.IdOf(unknown) : null;
        for (var character = 0; character < _characterIds.Length; character++)
            _characterIds[character] = !_affixes ? vocabulary.GetValueOrDefault(((char)character).ToString(), -1) : -2;
    }

    public BpeModelOptions Options { get; }

    public IReadOnlyList<(string Left, string Right)> Merges => _mergeList;

    public override IReadOnlyDictionary<string, int> Vocabulary => _tokens.Ids;

    public override int? UnknownId { get; }

    public override bool Deterministic => Options.Dropout is null or 0;

    public override int? IdOf(string token) => _tokens.IdOf(token);

    public override string? TokenOf(int id) => _tokens.TokenOf(id);

    public override void Tokenize(ReadOnlySpan<char> word, List<TokenPiece> pieces)
    {
        if (Options.IgnoreMerges && Deterministic && _tokens.TryGet(word, out var whole))
        {
            pieces.Add(new TokenPiece(whole, 0, word.Length));
            return;
        }
        Span<Symbol> symbols = stackalloc Symbol[128];
        var count = ReadSymbols(word, ref symbols);
        symbols = symbols[..count];
        if (symbols.Length > 1)
        {
            if (Deterministic && symbols.Length <= FewSymbols)
                MergeFew(ref symbols);
            else
                MergeMany(symbols);
        }
        foreach (var symbol in symbols)
        {
            if (symbol.Next != Symbol.Gone)
                pieces.Add(new TokenPiece(symbol.Id, symbol.Start, symbol.End));
        }
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("BPE");
        if (Options.Dropout is { } dropout)
            writer.WriteNumber("dropout", (float)dropout);
        else
            writer.WriteNull("dropout");
        writer.WriteString("unk_token", Options.UnknownToken);
        writer.WriteString("continuing_subword_prefix", Options.ContinuingPrefix);
        writer.WriteString("end_of_word_suffix", Options.EndSuffix);
        writer.WriteBoolean("fuse_unk", Options.FuseUnknown);
        writer.WriteBoolean("byte_fallback", Options.ByteFallback);
        writer.WriteBoolean("ignore_merges", Options.IgnoreMerges);
        ModelJson.WriteVocabulary(writer, _tokens.Ids);
        writer.WriteStartArray("merges");
        foreach (var (left, right) in _mergeList)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(left);
            writer.WriteStringValue(right);
            writer.WriteEndArray();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private int ReadSymbols(ReadOnlySpan<char> word, ref Span<Symbol> symbols)
    {
        var count = 0;
        // An unknown run that may still grow: it is written when something else follows.
        var unknown = (Start: -1, End: -1);
        for (var at = 0; at < word.Length;)
        {
            var end = at + (char.IsHighSurrogate(word[at]) && at + 1 < word.Length ? 2 : 1);
            var id = IdOf(word, at, end);
            if (id < 0 && _byteIds is not null && TryBytes(word, at, end) is { } bytes)
            {
                // As in the reference, an unknown run that stands before is written after them.
                foreach (var value in bytes)
                    Put(ref symbols, ref count, _byteIds[value], at, end);
                at = end;
                continue;
            }
            if (id >= 0)
            {
                if (unknown.Start >= 0)
                    Put(ref symbols, ref count, UnknownId!.Value, unknown.Start, unknown.End);
                unknown = (-1, -1);
                Put(ref symbols, ref count, id, at, end);
            }
            else if (Options.UnknownToken is not null)
            {
                if (UnknownId is null)
                    throw NoUnknownToken(word[at..end], Options.UnknownToken);
                if (unknown.Start >= 0 && !Options.FuseUnknown)
                    Put(ref symbols, ref count, UnknownId.Value, unknown.Start, unknown.End);
                unknown = (unknown.Start >= 0 && Options.FuseUnknown ? unknown.Start : at, end);
            }
            at = end;
        }
        if (unknown.Start >= 0)
            Put(ref symbols, ref count, UnknownId!.Value, unknown.Start, unknown.End);
        return count;
    }

    private static void Put(ref Span<Symbol> symbols, ref int count, int id, int start, int end)
    {
        if (count == symbols.Length)
        {
            var larger = new Symbol[2 * count];
            symbols.CopyTo(larger);
            symbols = larger;
        }
        symbols[count] = new Symbol { Id = id, Start = start, End = end, Previous = count - 1, Next = count + 1 };
        count++;
    }

    private int IdOf(ReadOnlySpan<char> word, int start, int end)
    {
        var character = word[start];
        if (character < _characterIds.Length && _characterIds[character] != -2)
            return _characterIds[character];
        if (!_affixes)
            return _tokens.TryGet(word[start..end], out var plain) ? plain : -1;
        return _tokens.TryGet(Spell(word, start, end), out var id) ? id : -1;
    }

    private string Spell(ReadOnlySpan<char> word, int start, int end) =>
        string.Concat(start > 0 ? Options.ContinuingPrefix : "", word[start..end], end == word.Length ? Options.EndSuffix : "");

    // Null where the vocabulary lacks one of them.
    private byte[]? TryBytes(ReadOnlySpan<char> word, int start, int end)
    {
        var bytes = Encoding.UTF8.GetBytes(Spell(word, start, end));
        return Array.TrueForAll(bytes, value => _byteIds![value] >= 0) ? bytes : null;
    }

    private void MergeFew(ref Span<Symbol> symbols)
    {
        // The merge of each symbol with its right neighbour, looked up once and again only beside a merge.
        Span<int> ranks = stackalloc int[FewSymbols];
        Span<int> products = stackalloc int[FewSymbols];
        var count = symbols.Length;
        for (var i = 0; i + 1 < count; i++)
            ranks[i] = _merges.TryGet(symbols[i].Id, symbols[i + 1].Id, out var rank, out products[i]) ? rank : int.MaxValue;
        while (count > 1)
        {
            var (best, at) = (int.MaxValue, -1);
            for (var i = 0; i < count - 1; i++)
            {
                if (ranks[i] < best)
                    (best, at) = (ranks[i], i);
            }
            if (at < 0)
                break;
            symbols[at].Id = products[at];
            symbols[at].End = symbols[at + 1].End;
            symbols[(at + 2)..count].CopyTo(symbols[(at + 1)..]);
            ranks[(at + 1)..(count - 1)].CopyTo(ranks[at..]);
            products[(at + 1)..(count - 1)].CopyTo(products[at..]);
            count--;
            if (at + 1 < count)
                ranks[at] = _merges.TryGet(symbols[at].Id, symbols[at + 1].Id, out var rank, out products[at]) ? rank : int.MaxValue;
            if (at > 0)
                ranks[at - 1] = _merges.TryGet(symbols[at - 1].Id, symbols[at].Id, out var rank, out products[at - 1]) ? rank : int.MaxValue;
        }
        symbols = symbols[..count];
    }

    private void MergeMany(Span<Symbol> symbols)
    {
        // Ordered by rank, then by place. An entry is stale when its pair is no longer there.
        var queue = new PriorityQueue<(int Place, int Left, int Right), long>(symbols.Length);
        // With dropout, each merge that comes up is passed over with the given probability, and considered again after the next that isn't.
        var passedOver = new List<((int, int, int) Entry, long Order)>();
        for (var i = 0; i + 1 < symbols.Length; i++)
            Offer(queue, symbols, i);
        while (queue.TryDequeue(out var entry, out var order))
        {
            if (!Deterministic && NextDraw() < Options.Dropout)
            {
                passedOver.Add((entry, order));
                continue;
            }
            queue.EnqueueRange(passedOver);
            passedOver.Clear();
            ref var left = ref symbols[entry.Place];
            if (left.Next == Symbol.Gone || left.Id != entry.Left || left.Next >= symbols.Length || symbols[left.Next].Id != entry.Right)
                continue;
            if (_merges.TryGet(entry.Left, entry.Right, out _, out var product))
                Merge(symbols, entry.Place, product);
            if (left.Next < symbols.Length)
                Offer(queue, symbols, entry.Place);
            if (left.Previous >= 0)
                Offer(queue, symbols, left.Previous);
        }
    }

    private double NextDraw()
    {
        if (_draws is null)
            return Random.Shared.NextDouble();
        lock (_draws)
            return _draws.NextDouble();
    }

    private void Offer(PriorityQueue<(int Place, int Left, int Right), long> queue, Span<Symbol> symbols, int place)
    {
        var (left, right) = (symbols[place].Id, symbols[symbols[place].Next].Id);
        if (_merges.TryGet(left, right, out var rank, out _))
            queue.Enqueue((place, left, right), (long)rank << 32 | (uint)place);
    }

    private static void Merge(Span<Symbol> symbols, int place, int product)
    {
        ref var left = ref symbols[place];
        ref var right = ref symbols[left.Next];
        (left.Id, left.End, left.Next) = (product, right.End, right.Next);
        right.Next = Symbol.Gone;
        if (left.Next < symbols.Length)
            symbols[left.Next].Previous = place;
    }

    private int IdIn(int rank, string token) =>
        _tokens.Ids.TryGetValue(token, out var id) ? id : throw new InvalidDataException($"model.merges: merge {rank} ('{_mergeList[rank].Left}' with '{_mergeList[rank].Right}') needs the token '{token}', which is not in the vocabulary.");

    private struct Symbol
    {
        /// <summary>As <see cref="Next"/>: the symbol was merged into the one before it.</summary>
        public const int Gone = -1;

        public int Id;
        public int Start;
        public int End;
        public int Previous;
        public int Next;
    }
}
