namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// conlleval's rules for where chunks begin and end, as seqeval's default mode has them. seqeval reads a corpus as one sequence with an O behind each sentence, so the state goes on from sentence to sentence
/// (which shows only where a prefix other than B, I, E, S and O stands alone).
/// </summary>
internal sealed class ConllChunks(bool suffix)
{
    private const int Outside = 'O';
    private const string NoType = "_";

    private readonly Dictionary<string, (int Prefix, string Type)> _known = [];
    private int _previous = Outside;
    private string _previousType = "";
    private long _begin, _position;

    /// <summary>Reads a sentence; begin and end (exclusive) count tokens from its first one.</summary>
    /// <exception cref="ArgumentException">A tag is empty.</exception>
    public List<(string Type, long Begin, long End)> Read(IReadOnlyList<string> tags)
    {
        List<(string, long, long)> chunks = [];
        long first = _position;
        for (int i = 0; i <= tags.Count; i++)
        {
            (int prefix, string type) = i < tags.Count ? Parse(tags[i]) : (Outside, NoType);
            if (Ends(prefix, type)) chunks.Add((_previousType, _begin - first, _position - first));
            if (Starts(prefix, type)) _begin = _position;
            (_previous, _previousType) = (prefix, type);
            _position++;
        }
        return chunks;
    }

    /// <summary>Whether a tag looks like one: O, or a prefix alone or with a hyphen.</summary>
    public bool IsTag(string tag) => tag is "O" or "B" or "I" or "E" or "S" || (suffix ? tag is [.., '-', 'B' or 'I' or 'E' or 'S'] : tag is ['B' or 'I' or 'E' or 'S', '-', ..]);

    private bool Ends(int prefix, string type) => _previous is 'E' or 'S' || ((_previous is 'B' or 'I') && (prefix is 'B' or 'S' or Outside))
        || (_previous is not (Outside or '.') && _previousType != type);

    private bool Starts(int prefix, string type) => prefix is 'B' or 'S' || ((_previous is 'E' or 'S' or Outside) && (prefix is 'E' or 'I'))
        || (prefix is not (Outside or '.') && _previousType != type);

    private (int Prefix, string Type) Parse(string tag)
    {
        if (_known.TryGetValue(tag, out (int, string) known)) return known;
        (int prefix, string rest) = EntityTags.Split(tag, suffix);
        int hyphen = suffix ? rest.LastIndexOf('-') : rest.IndexOf('-', StringComparison.Ordinal);
        string type = hyphen < 0 ? rest : suffix ? rest[..hyphen] : rest[(hyphen + 1)..];
        return _known[tag] = (prefix, type.Length == 0 ? NoType : type);
    }
}
