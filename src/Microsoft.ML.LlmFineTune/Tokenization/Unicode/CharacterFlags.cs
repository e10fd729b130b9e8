namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What a code point is, one bit each, as unicode.bin has them. The lower half are properties of Unicode 16.0; the upper ones follow what the reference looks at, in its versions.</summary>
[Flags]
internal enum CharacterFlags : uint
{
    None = 0,
    WhiteSpace = 1 << 0,
    Alphabetic = 1 << 1,
    Lowercase = 1 << 2,
    Uppercase = 1 << 3,
    Emoji = 1 << 4,
    EmojiPresentation = 1 << 5,
    EmojiModifier = 1 << 6,
    EmojiModifierBase = 1 << 7,
    EmojiComponent = 1 << 8,
    ExtendedPictographic = 1 << 9,
    Ideographic = 1 << 10,
    DefaultIgnorable = 1 << 11,

    /// <summary>Cc, Cf or Co in Unicode 8.0.</summary>
    Control = 1 << 16,

    /// <summary>P in Unicode 8.0.</summary>
    Punctuation = 1 << 17,

    /// <summary>Mn in Unicode 8.0.</summary>
    NonSpacingMark = 1 << 18,

    /// <summary>M in Unicode 9.0.</summary>
    Mark = 1 << 19,

    /// <summary>N in Unicode 17.0.</summary>
    Numeric = 1 << 20,

    /// <summary>May change, or change what stands before it, in the form (Unicode 9.0).</summary>
    UnsafeInNfc = 1 << 21,

    /// <inheritdoc cref="UnsafeInNfc"/>
    UnsafeInNfd = 1 << 22,

    /// <inheritdoc cref="UnsafeInNfc"/>
    UnsafeInNfkc = 1 << 23,

    /// <inheritdoc cref="UnsafeInNfc"/>
    UnsafeInNfkd = 1 << 24,

    /// <summary>Composes with a character before it (Unicode 9.0).</summary>
    Joins = 1 << 25,
}
