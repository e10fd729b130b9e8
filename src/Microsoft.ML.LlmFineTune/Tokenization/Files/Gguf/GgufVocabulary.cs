using System.Globalization;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The vocabulary of a GGUF file, translated into a tokenizer.json as llama.cpp reads it.</summary>
internal sealed class GgufVocabulary
{
    private readonly Dictionary<string, object> _entries;
    private readonly string _file;
    private readonly string[] _tokens;
    private readonly SentencePieceKind[] _kinds;

    private GgufVocabulary(Dictionary<string, object> entries, string file)
    {
        (_entries, _file) = (entries, file);
        _tokens = Array<string>("tokens") ?? throw new InvalidDataException($"{file} has no tokenizer.ggml.tokens: it is a model without a vocabulary.");
        for (var id = 0; id < _tokens.Length; id++)
        {
            if (_tokens[id].Length == 0)
                _tokens[id] = string.Create(CultureInfo.InvariantCulture, $"[EMPTY_{id}]");
        }
        var types = Numbers("token_type");
        _kinds = [.. Enumerable.Range(0, _tokens.Length).Select(id => types is null || types[id] is < 1 or > 6 ? SentencePieceKind.Normal : (SentencePieceKind)types[id])];
    }

    /// <summary>The chat template; null where the file has none.</summary>
    public string? ChatTemplate => _entries.GetValueOrDefault("tokenizer.chat_template") as string;

    /// <exception cref="InvalidDataException">The file is damaged; the message names the file and the place.</exception>
    /// <exception cref="NotSupportedException">The file is not GGUF of a version that is known here.</exception>
    public static GgufVocabulary Load(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        return Load(stream, path);
    }

    public static GgufVocabulary Load(Stream stream, string name) => new(GgufReader.Read(stream, name, key => key.StartsWith("tokenizer.", StringComparison.Ordinal) || key == "general.architecture"), name);

    /// <exception cref="InvalidDataException">The vocabulary is not in order.</exception>
    /// <exception cref="NotSupportedException">It is of a kind that is not known here.</exception>
    public JsonObject ToTokenizerJson()
    {
        var kind = Text("model") ?? throw new InvalidDataException($"{_file} has no tokenizer.ggml.model.");
        try
        {
            return kind switch
            {
                "gpt2" => ByteLevelBpe(),
                "llama" => Llama(),
                "t5" => T5(),
                "bert" => Bert(),
                _ => throw new NotSupportedException($"{_file}: tokenizer.ggml.model must be gpt2, llama, t5 or bert; it is '{kind}'."),
            };
        }
        catch (InvalidDataException e) when (!e.Message.StartsWith(_file, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{_file}: {e.Message}", e);
        }
    }

    /// <summary>What a tokenizer_config.json would say.</summary>
    public TokenizerConfig Config()
    {
        ConfiguredToken? Token(string role) => TokenOf(role) is { } token ? new ConfiguredToken(token) : null;
        var (begin, end) = Ends();
        return new TokenizerConfig
        {
            BosToken = Token("bos"),
            EosToken = Token("eos"),
            UnkToken = Token("unknown"),
            SepToken = Token("seperator") ?? Token("separator"),
            PadToken = Token("padding"),
            ClsToken = Token("cls"),
            MaskToken = Token("mask"),
            AddBosToken = begin,
            AddEosToken = end,
            AddPrefixSpace = Flag("add_space_prefix"),
            ChatTemplates = ChatTemplate is { } template ? new Dictionary<string, string> { ["default"] = template } : [],
        };
    }

    private JsonObject ByteLevelBpe()
    {
        var words = GgufPreTokenizer.Of(Text("pre") ?? "default", _file);
        var vocabulary = Ids(_tokens);
        var merges = (Array<string>("merges") ?? throw new InvalidDataException($"{_file} has no tokenizer.ggml.merges.")).Select(Merge);
        var table = Table(vocabulary);
        var preTokenizer = TokenizerSections.PreTokenizers([.. words.Patterns.Select(pattern => TokenizerSections.SplitRegex(pattern)), TokenizerSections.ByteLevel(addPrefixSpace: false, useRegex: false)]);
        return TokenizerSections.Document(TokenizerSections.Bpe(vocabulary, merges, ignoreMerges: words.IgnoresMerges), null, preTokenizer, Around(table), TokenizerSections.ByteLevel(addPrefixSpace: true), table);
    }

    private JsonObject Llama() => SentencePieceFamilies.ToTokenizerJson(Model(SentencePieceAlgorithm.Bpe), Config() with { TokenizerClass = "LlamaTokenizer", Legacy = true });

    private JsonObject T5() => SentencePieceFamilies.ToTokenizerJson(Model(SentencePieceAlgorithm.Unigram), Config() with
    {
        TokenizerClass = "T5Tokenizer",
        OtherEntries = new Dictionary<string, string> { ["extra_ids"] = "0" },
    });

    // Words begin with U+2581 in these files, and what continues a word has no mark: the other way round in a vocab.txt.
    private JsonObject Bert()
    {
        string Plain(string token) => token.StartsWith('\u2581') ? token[1..] : token.StartsWith('[') && token.EndsWith(']') ? token : "##" + token;
        string[] tokens = [.. _tokens.Select((token, id) => _kinds[id] is SentencePieceKind.Normal or SentencePieceKind.Unused ? Plain(token) : token)];
        string Named(string role, string fallback) => Id(role) is { } id ? tokens[id] : fallback;
        var lowercase = Flag("normalizer.lowercase") ?? true;
        var config = new TokenizerConfig
        {
            UnkToken = new(Named("unknown", "[UNK]")),
            SepToken = new(Named("seperator", Named("separator", "[SEP]"))),
            PadToken = new(Named("padding", "[PAD]")),
            ClsToken = new(Named("cls", Named("bos", "[CLS]"))),
            MaskToken = new(Named("mask", "[MASK]")),
            DoLowerCase = lowercase,
            StripAccents = Flag("normalizer.strip_accents"),
        };
        return VocabularyFiles.Bert(Ids(tokens), config);
    }

    private SentencePieceModel Model(SentencePieceAlgorithm algorithm)
    {
        var scores = Reals("scores") ?? new double[_tokens.Length];
        var unknown = Id("unknown") ?? System.Array.IndexOf(_kinds, SentencePieceKind.Unknown);
        if (unknown < 0)
            throw new InvalidDataException($"{_file} has no unknown token.");
        // Padding up to a round number is of type unknown too.
        SentencePieceKind Kind(int id) => id == unknown ? SentencePieceKind.Unknown : _kinds[id] == SentencePieceKind.Unknown ? SentencePieceKind.Unused : _kinds[id];
        return new SentencePieceModel
        {
            Pieces = [.. _tokens.Select((token, id) => new SentencePieceEntry(token, (float)scores[id], Kind(id)))],
            Trainer = new() { Algorithm = algorithm, ByteFallback = _kinds.Contains(SentencePieceKind.Byte), UnknownId = unknown, UnknownPiece = _tokens[unknown] },
            Normalizer = new()
            {
                CharsMap = Numbers("precompiled_charsmap", anyLength: true) is { } map ? map.Select(value => (byte)value).ToArray() : default,
                AddDummyPrefix = Flag("add_space_prefix") ?? true,
                RemoveExtraWhitespaces = Flag("remove_extra_whitespaces") ?? false,
            },
        };
    }

    private AddedTokenTable Table(Dictionary<string, int> vocabulary)
    {
        var table = new AddedTokenTable(vocabulary);
        for (var id = 0; id < _tokens.Length; id++)
        {
            if (_kinds[id] is SentencePieceKind.Control or SentencePieceKind.UserDefined or SentencePieceKind.Unknown)
                table.Add(new ConfiguredToken(_tokens[id], _kinds[id] != SentencePieceKind.UserDefined) { Normalized = false });
        }
        return table;
    }

    private JsonObject Around(AddedTokenTable table)
    {
        var (begin, end) = Ends();
        return TokenizerSections.BeginEndTemplate(begin ? Required("bos") : null, end ? Required("eos") : null, table);
    }

    // What llama.cpp does where the file does not say.
    private (bool Begin, bool End) Ends()
    {
        var words = Text("model") == "gpt2" ? GgufPreTokenizer.Of(Text("pre") ?? "default", _file) : null;
        var (begin, end) = Text("model") switch { "llama" => (true, false), "t5" => (false, true), _ => (words?.AddsBegin == true || words?.AddsSeparator == true, words?.AddsSeparator == true) };
        return (Flag("add_bos_token") ?? begin, Flag("add_eos_token") ?? Flag("add_sep_token") ?? end);
    }

    private Dictionary<string, int> Ids(string[] tokens)
    {
        var ids = new Dictionary<string, int>(tokens.Length, StringComparer.Ordinal);
        for (var id = 0; id < tokens.Length; id++)
        {
            if (!ids.TryAdd(tokens[id], id))
                throw new InvalidDataException($"{_file}: the token '{tokens[id]}' has the ids {ids[tokens[id]]} and {id}.");
        }
        return ids;
    }

    // The left half can itself be a space.
    private (string Left, string Right) Merge(string merge, int rank)
    {
        var space = merge.Length < 2 ? -1 : merge.IndexOf(' ', 1);
        return space > 0 && space < merge.Length - 1 ? (merge[..space], merge[(space + 1)..]) : throw new InvalidDataException($"{_file}: tokenizer.ggml.merges: merge {rank} must be two tokens; it is '{merge}'.");
    }

    private string Required(string role) => TokenOf(role) ?? throw new InvalidDataException($"{_file} wants the {role} token around texts, and has no tokenizer.ggml.{role}_token_id.");

    private string? TokenOf(string role) => Id(role) is { } id ? _tokens[id] : null;

    private int? Id(string role) => _entries.GetValueOrDefault($"tokenizer.ggml.{role}_token_id") switch
    {
        null => Assumed(role) is { } assumed && assumed < _tokens.Length ? assumed : null,
        // Written for none.
        long id when id is uint.MaxValue or -1 => null,
        long id when id >= 0 && id < _tokens.Length => (int)id,
        var other => throw new InvalidDataException($"{_file}: tokenizer.ggml.{role}_token_id must be from 0 to {_tokens.Length - 1}; it is {other}."),
    };

    // llama.cpp's ids where the file does not say.
    private int? Assumed(string role) => (Text("model"), role) switch
    {
        ("llama", "unknown") => 0,
        ("llama", "bos") => 1,
        ("llama", "eos") => 2,
        ("t5", "padding") => 0,
        ("t5", "eos") => 1,
        ("t5", "unknown") => 2,
        _ => null,
    };

    private string? Text(string name) => Entry<string>(name, "a text");

    private bool? Flag(string name) => _entries.GetValueOrDefault($"tokenizer.ggml.{name}") switch
    {
        null => null,
        bool flag => flag,
        _ => throw Wrong(name, "true or false"),
    };

    private T[]? Array<T>(string name) => Entry<T[]>(name, "an array of texts");

    private long[]? Numbers(string name, bool anyLength = false) => OfAllTokens(name, Entry<long[]>(name, "an array of integers"), anyLength);

    private double[]? Reals(string name) => _entries.GetValueOrDefault($"tokenizer.ggml.{name}") is long[] integers
        ? OfAllTokens(name, integers.Select(value => (double)value).ToArray())
        : OfAllTokens(name, Entry<double[]>(name, "an array of numbers"));

    private T[]? OfAllTokens<T>(string name, T[]? values, bool anyLength = false) => anyLength || values is null || values.Length >= _tokens.Length
        ? values
        : throw new InvalidDataException($"{_file}: tokenizer.ggml.{name} must have a value for each of the {_tokens.Length} tokens; it has {values.Length}.");

    private T? Entry<T>(string name, string wanted) where T : class => _entries.GetValueOrDefault($"tokenizer.ggml.{name}") switch
    {
        null => null,
        T value => value,
        _ => throw Wrong(name, wanted),
    };

    private InvalidDataException Wrong(string name, string wanted) => new($"{_file}: tokenizer.ggml.{name} must be {wanted}.");
}
