namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Which pieces of a text get a space before them that isn't in the text.</summary>
public enum PrependScheme
{
    /// <summary>All that don't begin with one.</summary>
    Always,

    /// <summary>None.</summary>
    Never,

    /// <summary>The one that the text begins with.</summary>
    First,
}
