namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Code points that some code points map to.</summary>
internal sealed class MappingTable
{
    private readonly TwoStageTable _entries;
    private readonly int[] _starts;
    private readonly int[] _targets;

    public MappingTable(IReadOnlyList<(int From, int[] To)> mappings)
    {
        var entries = new ushort[UnicodeData.CodePoints];
        _starts = new int[mappings.Count + 2];
        var targets = new List<int>();
        for (var i = 0; i < mappings.Count; i++)
        {
            entries[mappings[i].From] = (ushort)(i + 1);
            targets.AddRange(mappings[i].To);
            _starts[i + 2] = targets.Count;
        }
        _entries = new TwoStageTable(entries);
        _targets = [.. targets];
        Sources = [.. mappings.Select(mapping => mapping.From)];
    }

    /// <summary>The code points that are mapped, in ascending order.</summary>
    public IReadOnlyList<int> Sources { get; }

    /// <summary>What a code point maps to; empty where it isn't mapped.</summary>
    public ReadOnlySpan<int> this[int codePoint]
    {
        get
        {
            var entry = _entries[codePoint];
            return _targets.AsSpan(_starts[entry].._starts[entry + 1]);
        }
    }
}
