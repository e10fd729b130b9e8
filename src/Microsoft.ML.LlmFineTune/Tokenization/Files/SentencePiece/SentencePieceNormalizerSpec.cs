namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How a model's file wants texts normalized. Defaults are those of the format.</summary>
internal sealed record SentencePieceNormalizerSpec
{
    public string Name { get; init; } = "";

    /// <summary>The rules of replacement, as <see cref="Tokenization.PrecompiledCharsMap"/> reads them; empty: none.</summary>
    public ReadOnlyMemory<byte> CharsMap { get; init; }

    public bool AddDummyPrefix { get; init; } = true;
    public bool RemoveExtraWhitespaces { get; init; } = true;
    public bool EscapeWhitespaces { get; init; } = true;
}
