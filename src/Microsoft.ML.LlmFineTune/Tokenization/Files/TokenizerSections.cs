using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Spells the sections of a tokenizer.json, as Hugging Face's library saves them.</summary>
internal static class TokenizerSections
{
    /// <summary>U+2581, which stands for a space.</summary>
    public const string Space = "\u2581";

    public static JsonObject Document(JsonObject model, JsonObject? normalizer, JsonObject? preTokenizer, JsonObject? postProcessor, JsonObject? decoder, AddedTokenTable addedTokens) => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = addedTokens.ToJson(),
        ["normalizer"] = normalizer,
        ["pre_tokenizer"] = preTokenizer,
        ["post_processor"] = postProcessor,
        ["decoder"] = decoder,
        ["model"] = model,
    };

    public static JsonObject Of(string type) => new() { ["type"] = type };

    public static JsonObject Normalizers(params IEnumerable<JsonObject?> parts) => Sequence("normalizers", parts);

    public static JsonObject PreTokenizers(params IEnumerable<JsonObject?> parts) => Sequence("pretokenizers", parts);

    public static JsonObject Decoders(params IEnumerable<JsonObject?> parts) => Sequence("decoders", parts);

    public static JsonObject? Precompiled(ReadOnlyMemory<byte> map) => map.IsEmpty ? null : new JsonObject { ["type"] = "Precompiled", ["precompiled_charsmap"] = Convert.ToBase64String(map.Span) };

    public static JsonObject Replace(string text, string content) => new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = text }, ["content"] = content };

    public static JsonObject ReplaceRegex(string expression, string content) => new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["Regex"] = expression }, ["content"] = content };

    public static JsonObject Prepend(string text) => new() { ["type"] = "Prepend", ["prepend"] = text };

    public static JsonObject StripText(bool left, bool right) => new() { ["type"] = "Strip", ["strip_left"] = left, ["strip_right"] = right };

    public static JsonObject StripTokens(int start) => new() { ["type"] = "Strip", ["content"] = " ", ["start"] = start, ["stop"] = 0 };

    public static JsonObject Bert(bool lowercase, bool? stripAccents, bool handleChinese) => new()
    {
        ["type"] = "BertNormalizer",
        ["clean_text"] = true,
        ["handle_chinese_chars"] = handleChinese,
        ["strip_accents"] = stripAccents,
        ["lowercase"] = lowercase,
    };

    /// <summary>A pre-tokenizer or decoder; <paramref name="scheme"/> is always, first or never.</summary>
    public static JsonObject Metaspace(string scheme, bool split = true) => new() { ["type"] = "Metaspace", ["replacement"] = Space, ["prepend_scheme"] = scheme, ["split"] = split };

    /// <summary>A pre-tokenizer, decoder or post-processor.</summary>
    public static JsonObject ByteLevel(bool addPrefixSpace, bool trimOffsets = true, bool useRegex = true) =>
        new() { ["type"] = "ByteLevel", ["add_prefix_space"] = addPrefixSpace, ["trim_offsets"] = trimOffsets, ["use_regex"] = useRegex };

    public static JsonObject SplitRegex(string expression, string behavior = "Isolated", bool invert = false) =>
        new() { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = expression }, ["behavior"] = behavior, ["invert"] = invert };

    public static JsonObject SplitText(string text, string behavior) =>
        new() { ["type"] = "Split", ["pattern"] = new JsonObject { ["String"] = text }, ["behavior"] = behavior, ["invert"] = false };

    public static JsonObject Roberta(string separator, int separatorId, string begin, int beginId, bool trimOffsets, bool addPrefixSpace) => new()
    {
        ["type"] = "RobertaProcessing",
        ["sep"] = new JsonArray(separator, separatorId),
        ["cls"] = new JsonArray(begin, beginId),
        ["trim_offsets"] = trimOffsets,
        ["add_prefix_space"] = addPrefixSpace,
    };

    /// <summary>A template: <c>$A</c> and <c>$B</c> are the texts, everything else is the name of a special token; each with its type id.</summary>
    public static JsonObject Template(IReadOnlyList<(string Name, int TypeId)> single, IReadOnlyList<(string Name, int TypeId)> pair, AddedTokenTable tokens)
    {
        var special = new JsonObject();
        foreach (var name in single.Concat(pair).Select(piece => piece.Name).Where(name => name is not ("$A" or "$B")).Distinct().Order(StringComparer.Ordinal))
            special[name] = new JsonObject { ["id"] = name, ["ids"] = new JsonArray(tokens.IdOf(name)), ["tokens"] = new JsonArray(name) };
        return new JsonObject { ["type"] = "TemplateProcessing", ["single"] = Pieces(single), ["pair"] = Pieces(pair), ["special_tokens"] = special };
    }

    /// <summary>The template that begin and end of sequence make around each text.</summary>
    public static JsonObject BeginEndTemplate(string? begin, string? end, AddedTokenTable tokens)
    {
        IEnumerable<(string, int)> Around(string text, int type) => new[] { (begin, type), (text, type), (end, type) }.Where(piece => piece.Item1 is not null).Select(piece => (piece.Item1!, piece.type));
        return Template([.. Around("$A", 0)], [.. Around("$A", 0), .. Around("$B", 1)], tokens);
    }

    public static JsonObject WordPiece(Dictionary<string, int> vocabulary, string unknown) => new()
    {
        ["type"] = "WordPiece",
        ["unk_token"] = unknown,
        ["continuing_subword_prefix"] = "##",
        ["max_input_chars_per_word"] = 100,
        ["vocab"] = Vocabulary(vocabulary),
    };

    public static JsonObject Unigram(IEnumerable<(string Piece, double Score)> pieces, int unknownId, bool byteFallback) => new()
    {
        ["type"] = "Unigram",
        ["unk_id"] = unknownId,
        ["vocab"] = new JsonArray([.. pieces.Select(piece => (JsonNode)new JsonArray(piece.Piece, piece.Score))]),
        ["byte_fallback"] = byteFallback,
    };

    /// <param name="vocabulary">Tokens and ids.</param>
    /// <param name="merges">Pairs in order.</param>
    /// <param name="unknown">The token for what the vocabulary lacks.</param>
    /// <param name="affixes">The prefix of continuing parts and the suffix of words; null and empty mean the same and are saved as they are.</param>
    /// <param name="fuseUnknown">Whether unknown neighbours are one token.</param>
    /// <param name="byteFallback">Whether unknown characters become bytes.</param>
    /// <param name="ignoreMerges">Whether a word that is a token is not merged.</param>
    public static JsonObject Bpe(Dictionary<string, int> vocabulary, IEnumerable<(string Left, string Right)> merges, string? unknown = null, (string? Prefix, string? Suffix) affixes = default,
        bool fuseUnknown = false, bool byteFallback = false, bool ignoreMerges = false) => new()
    {
        ["type"] = "BPE",
        ["dropout"] = null,
        ["unk_token"] = unknown,
        ["continuing_subword_prefix"] = affixes.Prefix,
        ["end_of_word_suffix"] = affixes.Suffix,
        ["fuse_unk"] = fuseUnknown,
        ["byte_fallback"] = byteFallback,
        ["ignore_merges"] = ignoreMerges,
        ["vocab"] = Vocabulary(vocabulary),
        ["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)new JsonArray(merge.Left, merge.Right))]),
    };

    private static JsonObject Vocabulary(Dictionary<string, int> vocabulary) => new(vocabulary.OrderBy(entry => entry.Value).Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));

    private static JsonArray Pieces(IReadOnlyList<(string Name, int TypeId)> pieces) => new([.. pieces.Select(piece => (JsonNode)(piece.Name is "$A" or "$B"
        ? new JsonObject { ["Sequence"] = new JsonObject { ["id"] = piece.Name[1..], ["type_id"] = piece.TypeId } }
        : new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = piece.Name, ["type_id"] = piece.TypeId } }))]);

    private static JsonObject Sequence(string name, IEnumerable<JsonObject?> parts) =>
        new() { ["type"] = "Sequence", [name] = new JsonArray([.. parts.Where(part => part is not null)]) };
}
