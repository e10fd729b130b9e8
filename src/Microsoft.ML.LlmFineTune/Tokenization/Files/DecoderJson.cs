namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The decoder section of tokenizer.json.</summary>
internal static class DecoderJson
{
    private const string Known = "Sequence, ByteLevel, WordPiece, Metaspace, BPEDecoder, ByteFallback, Fuse, Strip, Replace, CTC";

    public static TokenDecoder Read(JsonPart part) => part.Type switch
    {
        "Sequence" => new DecoderSequence([.. part.Parts("decoders").Select(Read)]),
        "ByteLevel" => new ByteLevelDecoder(part.Flag("add_prefix_space", true), part.Flag("trim_offsets", true), part.Flag("use_regex", true)),
        "WordPiece" => new WordPieceDecoder(part.Text("prefix", "##"), part.Flag("cleanup", true)),
        "Metaspace" => ReadMetaspace(part),
        "BPEDecoder" => new BpeDecoder(part.Text("suffix", "</w>")),
        "ByteFallback" => TokenDecoder.ByteFallback,
        "Fuse" => TokenDecoder.Fuse,
        "Strip" => new StripDecoder(part.Character("content"), part.Number("start"), part.Number("stop")),
        "Replace" => new ReplaceDecoder(TextPattern.Read(part), part.Text("content")),
        "CTC" => new CtcDecoder(RequireText(part, "pad_token", "<pad>"), RequireText(part, "word_delimiter_token", "|"), part.Flag("cleanup", true)),
        _ => throw part.Unknown(Known),
    };

    private static MetaspaceDecoder ReadMetaspace(JsonPart part)
    {
        var (replacement, scheme, split) = PreTokenizerJson.ReadMetaspaceOptions(part);
        return new MetaspaceDecoder(replacement, scheme, split);
    }

    private static string RequireText(JsonPart part, string name, string fallback) =>
        part.Text(name, fallback) is { Length: > 0 } text ? text : throw new InvalidDataException($"{part.Join(name)} must not be empty.");
}
