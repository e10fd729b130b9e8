namespace Samples.Corpus;

/// <summary>One row of the user's own data.</summary>
public sealed class OwnRow
{
    /// <summary>The text.</summary>
    public string Text { get; set; } = "";

    /// <summary>Its class.</summary>
    public string Label { get; set; } = "";
}
