namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What one rendering has: its variables, its clock, its budget, and what was printed so far.</summary>
internal sealed class RenderState(IReadOnlyDictionary<string, object?> variables, TimeProvider clock, RenderBudget budget)
{
    /// <summary>Variables that the template set at its top, which blocks see.</summary>
    private Dictionary<string, object?> _exported = new(StringComparer.Ordinal);

    private readonly List<GenerationSpan> _spans = [];

    public TimeProvider Clock => clock;

    public RenderBudget Budget => budget;

    /// <summary>What the template prints at its top, outside macros and captured blocks.</summary>
    public OutputBuffer Root { get; } = new(budget.Limits.MaxOutputCharacters);

    /// <summary>Line of the statement at work.</summary>
    public int Line { get; set; } = 1;

    public IReadOnlyList<GenerationSpan> Spans => _spans;

    public BlockTable Blocks { get; init; } = BlockTable.Empty;

    public void Export(string name, object? value) => _exported[name] = value;

    /// <summary>Exports more for a while; gives what was exported before.</summary>
    public Dictionary<string, object?> Export(IEnumerable<(string Name, object? Value)> variables)
    {
        var before = _exported;
        _exported = new Dictionary<string, object?>(before, StringComparer.Ordinal);
        foreach (var (name, value) in variables)
        {
            if (!ReferenceEquals(value, Frame.Missing)) _exported[name] = value;
        }
        return before;
    }

    public void Restore(Dictionary<string, object?> exported) => _exported = exported;

    /// <summary>A variable that the template doesn't set where it reads it; <see cref="Frame.Missing"/> where there is none.</summary>
    public object? Resolve(string name) =>
        _exported.TryGetValue(name, out var value) || variables.TryGetValue(name, out value) || Globals.Table.TryGetValue(name, out value) ? value : Frame.Missing;

    /// <summary>Notes what a generation block wrote.</summary>
    public void Generated(string text)
    {
        RenderBudget.Make(1);
        _spans.Add(new GenerationSpan(Root.Length, Root.Length + text.Length));
    }
}
