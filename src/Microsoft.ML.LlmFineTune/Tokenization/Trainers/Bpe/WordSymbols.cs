namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What words are made of.</summary>
internal enum WordSymbols
{
    /// <summary>Code points.</summary>
    Characters,

    /// <summary>UTF-8 bytes, under their printable names.</summary>
    Bytes,
}
