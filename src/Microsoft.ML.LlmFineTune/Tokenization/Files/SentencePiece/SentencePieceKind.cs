namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What a piece of a SentencePiece model stands for; the numbers are those of its files.</summary>
public enum SentencePieceKind
{
    /// <summary>A piece of text.</summary>
    Normal = 1,

    /// <summary>What the vocabulary does not have; one piece of a model.</summary>
    Unknown = 2,

    /// <summary>A mark without text, such as the begin and the end of a sequence. It is never found in a text.</summary>
    Control = 3,

    /// <summary>A text that is always one piece.</summary>
    UserDefined = 4,

    /// <summary>A piece that is not used.</summary>
    Unused = 5,

    /// <summary>One byte of a character that the vocabulary does not have.</summary>
    Byte = 6,
}
