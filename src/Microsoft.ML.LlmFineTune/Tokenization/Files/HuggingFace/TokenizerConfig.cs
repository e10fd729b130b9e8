using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Hugging Face's <c>tokenizer_config.json</c>: what belongs to a tokenizer besides its <c>tokenizer.json</c>. Entries that are not known here are kept and written again. What a file does not say is null or empty.
/// </summary>
public sealed record TokenizerConfig
{
    /// <summary>The class of transformers that takes a tokenizer.json as it is.</summary>
    internal const string GenericClass = "PreTrainedTokenizerFast";

    private const int MaximumLength = 1 << 26;
    private static readonly JsonSerializerOptions Written = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string[] Roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <summary>The class of transformers that the tokenizer belongs to, such as <c>LlamaTokenizer</c>.</summary>
    public string? TokenizerClass { get; init; }

    /// <summary>How many tokens the model takes; null where there is no limit (transformers writes a huge number then).</summary>
    public int? ModelMaxLength { get; init; }

    /// <summary>The begin of a sequence.</summary>
    public ConfiguredToken? BosToken { get; init; }

    /// <summary>The end of a sequence.</summary>
    public ConfiguredToken? EosToken { get; init; }

    /// <summary>What the vocabulary does not have.</summary>
    public ConfiguredToken? UnkToken { get; init; }

    /// <summary>What stands between two texts.</summary>
    public ConfiguredToken? SepToken { get; init; }

    /// <summary>What rows are padded with.</summary>
    public ConfiguredToken? PadToken { get; init; }

    /// <summary>What a classifier reads.</summary>
    public ConfiguredToken? ClsToken { get; init; }

    /// <summary>What hides a token in masked language modelling.</summary>
    public ConfiguredToken? MaskToken { get; init; }

    /// <summary>Further special tokens (<c>additional_special_tokens</c>, or <c>extra_special_tokens</c> of newer files).</summary>
    public IReadOnlyList<ConfiguredToken> AdditionalSpecialTokens { get; init; } = [];

    /// <summary>Added tokens by their ids.</summary>
    public IReadOnlyDictionary<int, ConfiguredToken> AddedTokensDecoder { get; init; } = new Dictionary<int, ConfiguredToken>();

    /// <summary>Whether the begin of a sequence is put before each text.</summary>
    public bool? AddBosToken { get; init; }

    /// <summary>Whether the end of a sequence is put after each text.</summary>
    public bool? AddEosToken { get; init; }

    /// <summary>Whether a space is put before the text's first word.</summary>
    public bool? AddPrefixSpace { get; init; }

    /// <summary>Llama's and T5's old treatment of text after special tokens.</summary>
    public bool? Legacy { get; init; }

    /// <summary>Whether texts are lower-cased.</summary>
    public bool? DoLowerCase { get; init; }

    /// <summary>Whether accents are stripped (BERT); null: where texts are lower-cased.</summary>
    public bool? StripAccents { get; init; }

    /// <summary>Whether Chinese characters are words of their own (BERT).</summary>
    public bool? TokenizeChineseChars { get; init; }

    /// <summary>Whether accents are kept (ALBERT, XLNet).</summary>
    public bool? KeepAccents { get; init; }

    /// <summary>Whether decoding takes back spaces before punctuation.</summary>
    public bool? CleanUpTokenizationSpaces { get; init; }

    /// <summary>The chat templates by name; the one that is used where none is named is <c>default</c>.</summary>
    public IReadOnlyDictionary<string, string> ChatTemplates { get; init; } = new Dictionary<string, string>();

    /// <summary>The chat template that is used where none is named.</summary>
    public string? ChatTemplate => ChatTemplates.GetValueOrDefault("default");

    /// <summary>The other entries, as JSON, in the order of the file.</summary>
    public IReadOnlyDictionary<string, string> OtherEntries { get; init; } = new Dictionary<string, string>();

    /// <summary>The special tokens by their roles, such as <c>bos_token</c>, as chat templates take them (<see cref="ChatTemplateOptions.SpecialTokens"/>).</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens => Roles.Zip(NamedTokens).Where(role => role.Second is not null).ToDictionary(role => role.First, role => role.Second!.Content);

    /// <summary>The special tokens that have a role, in transformers' order.</summary>
    internal IEnumerable<ConfiguredToken?> NamedTokens => [BosToken, EosToken, UnkToken, SepToken, PadToken, ClsToken, MaskToken];

    /// <summary>Reads a <c>tokenizer_config.json</c>.</summary>
    /// <exception cref="InvalidDataException">The file is malformed; the message names the file and the entry.</exception>
    /// <exception cref="NotSupportedException">The file is too large.</exception>
    public static TokenizerConfig Load(string path) => Read(BoundedFile.ReadAll(Require.Text(path), MaximumLength), path);

    /// <summary>Reads the content of a <c>tokenizer_config.json</c>; the stream stays open.</summary>
    /// <exception cref="InvalidDataException">The content is malformed; the message names the entry.</exception>
    /// <exception cref="NotSupportedException">There is too much of it.</exception>
    public static TokenizerConfig Load(Stream stream) => Read(BoundedFile.ReadAll(Require.NotNull(stream), "tokenizer_config.json", MaximumLength), "tokenizer_config.json");

    /// <summary>Writes a <c>tokenizer_config.json</c> that transformers reads. A file that is there stays as it was until the new one is complete.</summary>
    public void Save(string path) => WholeFile.Write(Require.Text(path), stream => stream.Write(Encoding.UTF8.GetBytes(ToJson().ToJsonString(Written) + "\n")));

    /// <summary>Writes the content of a <c>tokenizer_config.json</c>; the stream stays open.</summary>
    public void Save(Stream stream)
    {
        using var writer = new Utf8JsonWriter(Require.NotNull(stream), new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        ToJson().WriteTo(writer);
    }

    internal static TokenizerConfig Read(byte[] json, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(json, JsonPart.Options);
            return Read(JsonPart.Of(document.RootElement, ""));
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{name} is not a valid tokenizer_config.json: {e.Message}", e);
        }
    }

    /// <summary>The same with the special tokens that a special_tokens_map.json names, which go before those of this.</summary>
    internal TokenizerConfig With(JsonPart specialTokensMap)
    {
        ConfiguredToken? Token(string name, ConfiguredToken? fallback) => ReadToken(specialTokensMap, name) ?? fallback;
        var additional = ReadAdditional(specialTokensMap);
        return this with
        {
            BosToken = Token("bos_token", BosToken),
            EosToken = Token("eos_token", EosToken),
            UnkToken = Token("unk_token", UnkToken),
            SepToken = Token("sep_token", SepToken),
            PadToken = Token("pad_token", PadToken),
            ClsToken = Token("cls_token", ClsToken),
            MaskToken = Token("mask_token", MaskToken),
            AdditionalSpecialTokens = additional.Count > 0 ? additional : AdditionalSpecialTokens,
        };
    }

    internal int? OtherNumber(string name) => OtherEntries.TryGetValue(name, out var json) && int.TryParse(json, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    internal bool? OtherFlag(string name) => OtherEntries.GetValueOrDefault(name) switch { "true" => true, "false" => false, _ => null };

    internal string? OtherText(string name) => OtherEntries.TryGetValue(name, out var json) && json.StartsWith('"') ? JsonSerializer.Deserialize<string>(json) : null;

    private static TokenizerConfig Read(JsonPart part)
    {
        var known = new HashSet<string>(Roles, StringComparer.Ordinal)
        {
            "tokenizer_class", "additional_special_tokens", "extra_special_tokens", "added_tokens_decoder", "add_bos_token", "add_eos_token", "add_prefix_space", "legacy", "do_lower_case",
            "strip_accents", "tokenize_chinese_chars", "keep_accents", "clean_up_tokenization_spaces", "chat_template",
        };
        var length = ReadLength(part);
        if (length is not null)
            known.Add("model_max_length");
        return new TokenizerConfig
        {
            TokenizerClass = part.OptionalText("tokenizer_class"),
            ModelMaxLength = length,
            BosToken = ReadToken(part, "bos_token"),
            EosToken = ReadToken(part, "eos_token"),
            UnkToken = ReadToken(part, "unk_token"),
            SepToken = ReadToken(part, "sep_token"),
            PadToken = ReadToken(part, "pad_token"),
            ClsToken = ReadToken(part, "cls_token"),
            MaskToken = ReadToken(part, "mask_token"),
            AdditionalSpecialTokens = ReadAdditional(part),
            AddedTokensDecoder = ReadAddedTokens(part),
            AddBosToken = part.OptionalFlag("add_bos_token"),
            AddEosToken = part.OptionalFlag("add_eos_token"),
            AddPrefixSpace = part.OptionalFlag("add_prefix_space"),
            Legacy = part.OptionalFlag("legacy"),
            DoLowerCase = part.OptionalFlag("do_lower_case"),
            StripAccents = part.OptionalFlag("strip_accents"),
            TokenizeChineseChars = part.OptionalFlag("tokenize_chinese_chars"),
            KeepAccents = part.OptionalFlag("keep_accents"),
            CleanUpTokenizationSpaces = part.OptionalFlag("clean_up_tokenization_spaces"),
            ChatTemplates = ReadChatTemplates(part),
            OtherEntries = part.Element.EnumerateObject().Where(entry => !known.Contains(entry.Name)).ToDictionary(entry => entry.Name, entry => entry.Value.GetRawText()),
        };
    }

    // transformers writes 10^30 for no limit, and JSON may spell it as a real number.
    private static int? ReadLength(JsonPart part) =>
        part.OptionalReal("model_max_length") is { } length ? (length is >= 0 and < int.MaxValue && length == Math.Floor(length) ? (int)length : null) : null;

    private static ConfiguredToken? ReadToken(JsonPart part, string name) => part.Optional(name) is { } value ? ConfiguredToken.Read(value, part.Join(name), special: true) : null;

    private static IReadOnlyList<ConfiguredToken> ReadAdditional(JsonPart part)
    {
        var name = part.Optional("additional_special_tokens") is null ? "extra_special_tokens" : "additional_special_tokens";
        return part.Optional(name) switch
        {
            null => [],
            // Newer files give extra tokens names.
            { ValueKind: JsonValueKind.Object } named => [.. named.EnumerateObject().Select(token => ConfiguredToken.Read(token.Value, $"{part.Join(name)}.{token.Name}", special: true))],
            _ => [.. part.Items(name).Select((token, i) => ConfiguredToken.Read(token, $"{part.Join(name)}[{i}]", special: true))],
        };
    }

    private static Dictionary<int, ConfiguredToken> ReadAddedTokens(JsonPart part)
    {
        var tokens = new Dictionary<int, ConfiguredToken>();
        if (part.OptionalPart("added_tokens_decoder") is not { } decoder)
            return tokens;
        foreach (var entry in decoder.Element.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id == int.MaxValue)
                throw new InvalidDataException($"{decoder.Path}: an id must be an integer from 0 to {int.MaxValue - 1}; it is '{entry.Name}'.");
            if (!tokens.TryAdd(id, ConfiguredToken.Read(entry.Value, decoder.Join(entry.Name), special: false)))
                throw new InvalidDataException($"{decoder.Path} has the id {id} twice.");
        }
        return tokens;
    }

    private static Dictionary<string, string> ReadChatTemplates(JsonPart part)
    {
        var templates = new Dictionary<string, string>();
        if (part.Optional("chat_template") is not { } value)
            return templates;
        if (value.ValueKind == JsonValueKind.String)
            templates.Add("default", value.GetString()!);
        else if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var template in part.Parts("chat_template"))
            {
                if (!templates.TryAdd(template.Text("name"), template.Text("template")))
                    throw new InvalidDataException($"{template.Join("name")} '{template.Text("name")}' is there twice.");
            }
        }
        else
            throw new InvalidDataException($"{part.Join("chat_template")} must be a text or an array of named templates; it is {JsonPart.Shorten(value)}.");
        return templates;
    }

    private JsonObject ToJson()
    {
        var json = new JsonObject();
        void Set(string name, JsonNode? value)
        {
            if (value is not null)
                json[name] = value;
        }
        if (AddedTokensDecoder.Count > 0)
            json["added_tokens_decoder"] = new JsonObject(AddedTokensDecoder.OrderBy(token => token.Key).Select(token => KeyValuePair.Create(token.Key.ToString(CultureInfo.InvariantCulture), (JsonNode?)token.Value.ToJson(asObject: true))));
        if (AdditionalSpecialTokens.Count > 0)
            json["additional_special_tokens"] = new JsonArray([.. AdditionalSpecialTokens.Select(token => token.ToJson(asObject: false))]);
        Set("add_bos_token", AddBosToken);
        Set("add_eos_token", AddEosToken);
        Set("add_prefix_space", AddPrefixSpace);
        foreach (var (name, token) in Roles.Zip(NamedTokens))
            Set(name, token?.ToJson(asObject: false));
        if (ChatTemplates.Count == 1 && ChatTemplate is not null)
            Set("chat_template", ChatTemplate);
        else if (ChatTemplates.Count > 0)
            json["chat_template"] = new JsonArray([.. ChatTemplates.Select(template => (JsonNode)new JsonObject { ["name"] = template.Key, ["template"] = template.Value })]);
        Set("clean_up_tokenization_spaces", CleanUpTokenizationSpaces);
        Set("do_lower_case", DoLowerCase);
        Set("keep_accents", KeepAccents);
        Set("legacy", Legacy);
        Set("model_max_length", ModelMaxLength);
        Set("strip_accents", StripAccents);
        Set("tokenize_chinese_chars", TokenizeChineseChars);
        Set("tokenizer_class", TokenizerClass);
        foreach (var (name, value) in OtherEntries)
            json[name] = JsonNode.Parse(value);
        return json;
    }
}
