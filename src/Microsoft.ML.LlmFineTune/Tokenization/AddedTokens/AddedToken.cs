namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A token that is found in the text as it stands, before anything else looks at it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Content">The text that it is found by; not empty.</param>
/// <param name="Special">Whether it stands for something that isn't text: decoding can leave it out.</param>
public sealed record AddedToken(int Id, string Content, bool Special = true)
{
    /// <summary>Found only where no letter, digit or underscore stands beside it; default false.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Takes the white space on its left with it; default false.</summary>
    public bool StripLeft { get; init; }

    /// <summary>Takes the white space on its right with it; default false.</summary>
    public bool StripRight { get; init; }

    /// <summary>Looked for only after all those that aren't normalized; default false for special tokens, otherwise true.</summary>
    public bool Normalized { get; init; } = !Special;
}
