namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The pre_tokenizer section of tokenizer.json.</summary>
internal static class PreTokenizerJson
{
    private const string Known = "Sequence, ByteLevel, BertPreTokenizer, Whitespace, WhitespaceSplit, Metaspace, CharDelimiterSplit, Split, Punctuation, Digits, UnicodeScripts, FixedLength";

    public static TextPreTokenizer Read(JsonPart part) => part.Type switch
    {
        "Sequence" => new PreTokenizerSequence([.. part.Parts("pretokenizers").Select(Read)]),
        "ByteLevel" => new ByteLevelPreTokenizer(part.Flag("add_prefix_space", true), part.Flag("use_regex", true), part.Flag("trim_offsets", true)),
        "BertPreTokenizer" => TextPreTokenizer.Bert,
        "Whitespace" => TextPreTokenizer.Whitespace,
        "WhitespaceSplit" => TextPreTokenizer.WhitespaceSplit,
        "Metaspace" => ReadMetaspace(part),
        "CharDelimiterSplit" => new CharDelimiterPreTokenizer(part.Character("delimiter")),
        "Split" => new SplitPreTokenizer(TextPattern.Read(part), part.OneOf<SplitBehavior>("behavior"), part.Flag("invert", false)),
        "Punctuation" => new PunctuationPreTokenizer(part.Optional("behavior") is null ? SplitBehavior.Isolated : part.OneOf<SplitBehavior>("behavior")),
        "Digits" => new DigitsPreTokenizer(part.Flag("individual_digits", false)),
        "UnicodeScripts" => TextPreTokenizer.UnicodeScripts,
        "FixedLength" => ReadFixedLength(part),
        _ => throw part.Unknown(Known),
    };

    /// <summary>What a Metaspace pre-tokenizer or decoder says; old files have add_prefix_space in place of prepend_scheme.</summary>
    public static (char Replacement, PrependScheme Scheme, bool Split) ReadMetaspaceOptions(JsonPart part)
    {
        var scheme = part.OptionalText("prepend_scheme") switch
        {
            null or "always" => PrependScheme.Always,
            "never" => PrependScheme.Never,
            "first" => PrependScheme.First,
            { } other => throw new InvalidDataException($"{part.Join("prepend_scheme")} must be always, never or first; it is '{other}'."),
        };
        if (part.OptionalFlag("add_prefix_space") == false)
        {
            if (part.Optional("prepend_scheme") is not null && scheme != PrependScheme.Never)
                throw new InvalidDataException($"{part.Join("add_prefix_space")} is false, and {part.Join("prepend_scheme")} contradicts it.");
            scheme = PrependScheme.Never;
        }
        return (part.Character("replacement"), scheme, part.Flag("split", true));
    }

    private static MetaspacePreTokenizer ReadMetaspace(JsonPart part)
    {
        var (replacement, scheme, split) = ReadMetaspaceOptions(part);
        return new MetaspacePreTokenizer(replacement, scheme, split);
    }

    private static FixedLengthPreTokenizer ReadFixedLength(JsonPart part) =>
        new((part.OptionalNumber("length") ?? 5) is var length && length > 0 ? length : throw new InvalidDataException($"{part.Join("length")} must be at least 1."));
}
