namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What split patterns ask of a code point (Unicode 16.0).</summary>
[Flags]
internal enum SplitClass : byte
{
    None = 0,

    /// <summary>\p{L}</summary>
    Letter = 1,

    /// <summary>\p{N}</summary>
    Number = 2,

    /// <summary>\s</summary>
    Space = 4,

    /// <summary>Carriage return or line feed.</summary>
    NewLine = 8,

    /// <summary>\p{M}</summary>
    Mark = 16,

    /// <summary>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]</summary>
    Upper = 32,

    /// <summary>[\p{Ll}\p{Lm}\p{Lo}\p{M}]</summary>
    Lower = 64,
}
