namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The tokens of a vocabulary by text and by id.</summary>
internal sealed class TokenTable
{
    // Ids are dense in all but odd files; those have a dictionary.
    private readonly string?[] _byId;
    private readonly Dictionary<int, string>? _sparse;

    /// <summary>A table of tokens. Of two tokens with one id the later one is what the id says.</summary>
    public TokenTable(Dictionary<string, int> ids)
    {
        Ids = ids;
        Lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        Largest = ids.Count == 0 ? -1 : ids.Values.Max();
        _byId = new string?[Math.Min(Largest + 1, (2 * ids.Count) + 16)];
        foreach (var (token, id) in ids)
        {
            if (id < _byId.Length)
                _byId[id] = token;
            else
                (_sparse ??= [])[id] = token;
        }
    }

    public Dictionary<string, int> Ids { get; }

    public Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> Lookup { get; }

    public int Largest { get; }

    public int? IdOf(string token) => Ids.TryGetValue(token, out var id) ? id : null;

    public string? TokenOf(int id) => id < 0 ? null : id < _byId.Length ? _byId[id] : _sparse?.GetValueOrDefault(id);

    public bool TryGet(ReadOnlySpan<char> token, out int id) => Lookup.TryGetValue(token, out id);

    /// <summary>The ids of the tokens that name single bytes, <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>; -1 where there is none.</summary>
    public int[] ByteIds()
    {
        var ids = new int[256];
        for (var value = 0; value < ids.Length; value++)
            ids[value] = Ids.GetValueOrDefault($"<0x{value:X2}>", -1);
        return ids;
    }
}
