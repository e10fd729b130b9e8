namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The normalizer section of tokenizer.json.</summary>
internal static class NormalizerJson
{
    private const string Known = "Sequence, BertNormalizer, NFC, NFD, NFKC, NFKD, Nmt, Strip, StripAccents, Lowercase, Prepend, Replace, Precompiled, ByteLevel";

    public static TextNormalizer Read(JsonPart part) => part.Type switch
    {
        "Sequence" => new NormalizerSequence([.. part.Parts("normalizers").Select(Read)]),
        "BertNormalizer" => new BertNormalizer(part.Flag("clean_text", true), part.Flag("handle_chinese_chars", true), part.OptionalFlag("strip_accents"), part.Flag("lowercase", true)),
        "NFC" => TextNormalizer.Nfc,
        "NFD" => TextNormalizer.Nfd,
        "NFKC" => TextNormalizer.Nfkc,
        "NFKD" => TextNormalizer.Nfkd,
        "Nmt" => TextNormalizer.Nmt,
        "Strip" => new StripNormalizer(part.Flag("strip_left", true), part.Flag("strip_right", true)),
        "StripAccents" => TextNormalizer.StripAccents,
        "Lowercase" => TextNormalizer.Lowercase,
        "Prepend" => new PrependNormalizer(part.Text("prepend")),
        "Replace" => new ReplaceNormalizer(TextPattern.Read(part), part.Text("content")),
        "Precompiled" => new PrecompiledNormalizer(part.Text("precompiled_charsmap"), part.Join("precompiled_charsmap")),
        "ByteLevel" => new ByteLevelNormalizer(),
        _ => throw part.Unknown(Known),
    };
}
