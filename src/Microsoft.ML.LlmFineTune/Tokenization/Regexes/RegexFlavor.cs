namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Whose reading of a pattern counts.</summary>
internal enum RegexFlavor
{
    /// <summary>Oniguruma's own syntax: the patterns of tokenizer.json. <c>^</c> and <c>$</c> stand at every line, <c>(?m)</c> lets the dot match a line feed, <c>{n,m}+</c> is a repeated repetition.</summary>
    Oniguruma,

    /// <summary>Rust's (fancy-regex): the patterns of tiktoken. <c>^</c> and <c>$</c> stand at the ends of the text unless <c>(?m)</c>, <c>(?s)</c> lets the dot match a line feed, <c>{n,m}+</c> is possessive.</summary>
    Rust,
}
