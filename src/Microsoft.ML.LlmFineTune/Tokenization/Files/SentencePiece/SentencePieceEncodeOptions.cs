namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What SentencePiece does with the pieces of a text before it gives them out. The reverse comes first, so the ends stay at the ends.</summary>
public sealed record SentencePieceEncodeOptions
{
    /// <summary>Puts the model's begin of sequence (<c>&lt;s&gt;</c>) first; default false.</summary>
    public bool AddBeginOfSequence { get; init; }

    /// <summary>Puts the model's end of sequence (<c>&lt;/s&gt;</c>) last; default false.</summary>
    public bool AddEndOfSequence { get; init; }

    /// <summary>Gives the pieces in reverse order; default false.</summary>
    public bool Reverse { get; init; }

    /// <summary>Names an unknown piece by the unknown piece's own name (<c>&lt;unk&gt;</c>) in place of its text; default false. Ids are the same.</summary>
    public bool EmitUnknownPiece { get; init; }
}
