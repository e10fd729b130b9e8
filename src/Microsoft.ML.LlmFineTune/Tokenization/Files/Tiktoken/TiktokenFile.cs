using System.Buffers.Text;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A rank file of tiktoken: a line for each token, its bytes in base64, a space, its rank.</summary>
internal sealed class TiktokenFile
{
    private const int MaximumLength = 1 << 28;

    private readonly List<(byte[] Token, int Rank)> _tokens;

    private TiktokenFile(List<(byte[] Token, int Rank)> tokens) => _tokens = tokens;

    /// <summary>The tokens by rank.</summary>
    public IReadOnlyList<(byte[] Token, int Rank)> Tokens => _tokens;

    /// <exception cref="InvalidDataException">The file is malformed; the message names the file and the line.</exception>
    /// <exception cref="NotSupportedException">The file is too large.</exception>
    public static TiktokenFile Load(string path) => Read(BoundedFile.ReadAll(path, MaximumLength), path);

    public static TiktokenFile Load(Stream stream, string name) => Read(BoundedFile.ReadAll(stream, name, MaximumLength), name);

    /// <summary>Whether bytes look like a rank file rather than like a SentencePiece model.</summary>
    public static bool IsLike(ReadOnlySpan<byte> bytes)
    {
        var line = bytes[..Math.Max(bytes.IndexOf((byte)'\n'), 0)].TrimEnd((byte)'\r');
        var space = line.IndexOf((byte)' ');
        return space > 0 && Base64.IsValid(line[..space]) && Utf8Parser.TryParse(line[(space + 1)..], out int _, out var used) && used == line.Length - space - 1;
    }

    public static TiktokenFile Read(ReadOnlySpan<byte> bytes, string name)
    {
        var tokens = new List<(byte[] Token, int Rank)>();
        var (seen, ranks) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<int>());
        Span<bool> single = stackalloc bool[256];
        for (var number = 1; bytes.Length > 0; number++)
        {
            var end = bytes.IndexOf((byte)'\n');
            var line = (end < 0 ? bytes : bytes[..end]).TrimEnd((byte)'\r');
            bytes = end < 0 ? default : bytes[(end + 1)..];
            if (line.IsEmpty)
                continue;
            var space = line.IndexOf((byte)' ');
            if (space <= 0 || !Base64.IsValid(line[..space], out var length) || !Utf8Parser.TryParse(line[(space + 1)..], out int rank, out var used) || used != line.Length - space - 1 || rank is < 0 or int.MaxValue)
                throw new InvalidDataException($"{name}, line {number}: a line must be a token in base64, a space and a rank from 0 to {int.MaxValue - 1}.");
            var token = new byte[length];
            Base64.DecodeFromUtf8(line[..space], token, out _, out _);
            if (length == 0 || !seen.Add(Convert.ToBase64String(token)))
                throw new InvalidDataException($"{name}, line {number}: the token is {(length == 0 ? "empty" : "there twice")}.");
            if (!ranks.Add(rank))
                throw new InvalidDataException($"{name}, line {number}: the rank {rank} is there twice.");
            if (length == 1)
                single[token[0]] = true;
            tokens.Add((token, rank));
        }
        if (single.IndexOf(false) is >= 0 and var missing)
            throw new InvalidDataException($"{name}: every byte must have a rank; 0x{missing:X2} has none.");
        tokens.Sort((left, right) => left.Rank.CompareTo(right.Rank));
        return new TiktokenFile(tokens);
    }

    /// <summary>Translates into a tokenizer.json: byte-level BPE with the merges found from the ranks, in which a word that is a token is never merged.</summary>
    /// <param name="pattern">The expression that cuts texts into words.</param>
    /// <param name="specialTokens">Special tokens and their ids.</param>
    /// <exception cref="InvalidDataException">A special token has the id of another token.</exception>
    public JsonObject ToTokenizerJson(string pattern, IReadOnlyDictionary<string, int> specialTokens)
    {
        var vocabulary = new Dictionary<string, int>(_tokens.Count, StringComparer.Ordinal);
        string[] names = [.. _tokens.Select(token => NameOf(token.Token))];
        for (var i = 0; i < names.Length; i++)
            vocabulary.Add(names[i], _tokens[i].Rank);
        var ids = vocabulary.Values.ToHashSet();
        var next = _tokens[^1].Rank + 1;
        var isDense = next == _tokens.Count;
        foreach (var (token, id) in specialTokens.OrderBy(token => token.Value))
        {
            if (!ids.Add(id) || id is < 0 or int.MaxValue)
                throw new InvalidDataException($"the special token '{token}' must have an id of its own; another token has {id}.");
            // Hugging Face's library numbers added tokens without gaps: where there is one, they must be tokens of the model.
            isDense &= id == next++;
        }
        if (!isDense)
        {
            foreach (var (token, id) in specialTokens)
            {
                if (!vocabulary.TryAdd(token, id))
                    throw new InvalidDataException($"the special token '{token}' is a token of the ranks, with another id.");
            }
        }
        var table = new AddedTokenTable(vocabulary);
        table.Add(specialTokens.ToDictionary(token => token.Value, token => new ConfiguredToken(token.Key)));
        var merges = MergeRecovery.Find([.. _tokens.Select(token => token.Token)], byRankOfHalves: true).Select(pair => (names[pair.Left], names[pair.Right]));
        var words = TokenizerSections.PreTokenizers(TokenizerSections.SplitRegex(TiktokenPattern.Portable(pattern)), TokenizerSections.ByteLevel(addPrefixSpace: false, useRegex: false));
        return TokenizerSections.Document(TokenizerSections.Bpe(vocabulary, merges, ignoreMerges: true), null, words, TokenizerSections.ByteLevel(addPrefixSpace: true, trimOffsets: false), TokenizerSections.ByteLevel(addPrefixSpace: true), table);
    }

    private static string NameOf(byte[] token) => string.Create(token.Length, token, (name, bytes) =>
    {
        for (var i = 0; i < bytes.Length; i++)
            name[i] = ByteAlphabet.NameOf(bytes[i]);
    });
}
