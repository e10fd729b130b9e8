namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The variables of one call of a macro (or of the template itself), and the call around it.</summary>
internal sealed class Frame(RenderState state, Frame? outer, int size)
{
    /// <summary>Stands in a variable that has no value.</summary>
    public static readonly object Missing = new();

    public RenderState State => state;

    public Frame? Outer => outer;

    public object?[] Variables { get; } = new object?[size];

    public OutputBuffer NewBuffer() => new(state.Budget.Limits.MaxOutputCharacters);
}
