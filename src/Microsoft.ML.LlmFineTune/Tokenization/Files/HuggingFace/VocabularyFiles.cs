using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Translates the files of tokenizers that are older than tokenizer.json: <c>vocab.txt</c> (WordPiece), and <c>vocab.json</c> with <c>merges.txt</c> (BPE). The rules are those of transformers' tokenizer classes.
/// </summary>
internal static class VocabularyFiles
{
    private const int MaximumLength = 1 << 28;
    private const string EndOfText = "<|endoftext|>";

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>The ids of a vocab.txt: a token a line, its number is its id.</summary>
    /// <exception cref="InvalidDataException">The file is malformed; the message names the file and the line.</exception>
    public static Dictionary<string, int> ReadLines(string path)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (token, number) in Lines(path))
        {
            if (!vocabulary.TryAdd(token, number - 1))
                throw new InvalidDataException($"{path}, line {number}: the token '{Shorten(token)}' is in line {vocabulary[token] + 1} too.");
        }
        return vocabulary.Count > 0 ? vocabulary : throw new InvalidDataException($"{path} has no tokens.");
    }

    /// <summary>The ids of a vocab.json: an object of tokens and ids.</summary>
    /// <exception cref="InvalidDataException">The file is malformed; the message names the file and the token.</exception>
    public static Dictionary<string, int> ReadObject(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(BoundedFile.ReadAll(path, MaximumLength), JsonPart.Options);
            var vocabulary = ModelJson.ReadVocabulary(document.RootElement, "the vocabulary");
            var ids = new HashSet<int>(vocabulary.Count);
            foreach (var (token, id) in vocabulary)
            {
                if (!ids.Add(id))
                    throw new InvalidDataException($"'{Shorten(token)}' has the id {id}, which another token has.");
            }
            return vocabulary.Count > 0 ? vocabulary : throw new InvalidDataException("it has no tokens.");
        }
        // An InvalidOperationException is a text that is not Unicode.
        catch (Exception e) when (e is InvalidDataException or JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path} is not a valid vocabulary: {e.Message}", e);
        }
    }

    /// <summary>The merges of a merges.txt, in order: two tokens a line. A first line that begins with #version says nothing.</summary>
    /// <exception cref="InvalidDataException">The file is malformed; the message names the file and the line.</exception>
    public static List<(string Left, string Right)> ReadMerges(string path)
    {
        var merges = new List<(string, string)>();
        foreach (var (line, number) in Lines(path))
        {
            if (line.Length == 0 || (number == 1 && line.StartsWith("#version", StringComparison.Ordinal)))
                continue;
            merges.Add(line.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right] ? (left, right) : throw new InvalidDataException($"{path}: line {number} of the merges must be two tokens; it is '{Shorten(line)}'."));
        }
        return merges;
    }

    /// <summary>BERT and its relatives (WordPiece).</summary>
    public static JsonObject Bert(Dictionary<string, int> vocabulary, TokenizerConfig config)
    {
        var (unknown, separator, padding, classifier, mask) =
            (config.UnkToken ?? new("[UNK]"), config.SepToken ?? new("[SEP]"), config.PadToken ?? new("[PAD]"), config.ClsToken ?? new("[CLS]"), config.MaskToken ?? new("[MASK]"));
        // Without it words that are not in the vocabulary could not be encoded at all.
        if (!vocabulary.ContainsKey(unknown.Content))
            throw new InvalidDataException($"the vocabulary lacks the unknown token '{unknown.Content}'.");
        var table = new AddedTokenTable(vocabulary);
        table.Add(config.AddedTokensDecoder);
        table.Add([unknown, separator, padding, classifier, mask, .. config.AdditionalSpecialTokens]);
        var (begin, end) = (classifier.Content, separator.Content);
        var name = SentencePieceFamilies.ClassOf(config);
        // MPNet separates pairs twice; Funnel's classifier token has a type of its own.
        (string, int)[] between = name == "MPNetTokenizer" ? [(end, 0), (end, 0)] : [(end, 0)];
        var first = name == "FunnelTokenizer" ? 2 : 0;
        return TokenizerSections.Document(
            TokenizerSections.WordPiece(vocabulary, unknown.Content),
            TokenizerSections.Bert(config.DoLowerCase != false, config.StripAccents, config.TokenizeChineseChars != false),
            TokenizerSections.Of("BertPreTokenizer"),
            TokenizerSections.Template([(begin, first), ("$A", 0), (end, 0)], [(begin, first), ("$A", 0), .. between, ("$B", 1), (end, 1)], table),
            new JsonObject { ["type"] = "WordPiece", ["prefix"] = "##", ["cleanup"] = true },
            table);
    }

    /// <summary>GPT-2 and its relatives (BPE).</summary>
    public static JsonObject Bpe(Dictionary<string, int> vocabulary, List<(string Left, string Right)> merges, TokenizerConfig config) => SentencePieceFamilies.ClassOf(config) switch
    {
        "RobertaTokenizer" or "BartTokenizer" or "LongformerTokenizer" or "LEDTokenizer" or "MvpTokenizer" or "LayoutLMv3Tokenizer" => Roberta(vocabulary, merges, config),
        "BlenderbotTokenizer" => Blenderbot(vocabulary, merges, config),
        "DebertaTokenizer" => Deberta(vocabulary, merges, config),
        "Qwen2Tokenizer" => Qwen2(vocabulary, merges, config),
        "CLIPTokenizer" => Clip(vocabulary, merges, config),
        "WhisperTokenizer" => Whisper(vocabulary, merges, config),
        "OpenAIGPTTokenizer" => OpenAIGpt(vocabulary, merges, config),
        _ => Gpt2(vocabulary, merges, config),
    };

    private static JsonObject Gpt2(Dictionary<string, int> vocabulary, List<(string, string)> merges, TokenizerConfig config)
    {
        // A vocabulary without GPT-2's one special token gets none: it is another's.
        var fallback = vocabulary.ContainsKey(EndOfText) || config.TokenizerClass is not null ? new ConfiguredToken(EndOfText) : null;
        config = config with { BosToken = config.BosToken ?? fallback, EosToken = config.EosToken ?? fallback, UnkToken = config.UnkToken ?? fallback };
        var table = Table(vocabulary, config);
        var template = TokenizerSections.BeginEndTemplate(config.AddBosToken == true ? config.BosToken?.Content : null, config.AddEosToken == true ? config.EosToken?.Content : null, table);
        return TokenizerSections.Document(PlainBpe(vocabulary, merges), null, TokenizerSections.ByteLevel(config.AddPrefixSpace == true), template, TokenizerSections.ByteLevel(addPrefixSpace: true), table);
    }

    private static JsonObject Roberta(Dictionary<string, int> vocabulary, List<(string, string)> merges, TokenizerConfig config)
    {
        config = WithRobertaTokens(config);
        var table = Table(vocabulary, config);
        var prefix = config.AddPrefixSpace == true;
        var (begin, end) = (config.ClsToken!.Content, config.SepToken!.Content);
        return TokenizerSections.Document(PlainBpe(vocabulary, merges), null, TokenizerSections.ByteLevel(prefix), TokenizerSections.Roberta(end, table.IdOf(end), begin, table.IdOf(begin), trimOffsets: true, prefix),
            TokenizerSections.ByteLevel(addPrefixSpace: true), table);
    }

    private static JsonObject Blenderbot(Dictionary<string, int> vocabulary, List<(string, string)> merges, TokenizerConfig config)
    {
        config = WithRobertaTokens(config);
        var table = Table(vocabulary, config);
        var end = config.EosToken!.Content;
        return TokenizerSections.Document(PlainBpe(vocabulary, merges), null, TokenizerSections.ByteLevel(config.AddPrefixSpace != false), TokenizerSections.Template([("$A", 0), (end, 0)], [("$A", 0), ("$B", 1)], table),
            TokenizerSections.ByteLevel(addPrefixSpace: true), table);
    }

    private static JsonObject Deberta(Dictionary<string, int> vocabulary, List<(string, string)> merges, TokenizerConfig config)
    {
        config = WithTokens(config, "[CLS]", "[SEP]", "[UNK]", "[SEP]", "[PAD]", "[CLS]", new ConfiguredToken("[MASK]") { StripLeft = true });
        var table = Table(vocabulary, config);
        var (begin, end) = (config.ClsToken!.Content, config.SepToken!.Content);
        return TokenizerSections.Document(PlainBpe(vocabulary, merges), null, TokenizerSections.ByteLevel(config.AddPrefixSpace == true),
            TokenizerSections.Template([(begin, 0), ("$A", 0), (end, 0)], [(begin, 0), ("$A", 0), (end, 0), ("$B", 1), (end, 1)], table), TokenizerSections.ByteLevel(addPrefixSpace: true), table);
    }

    private static JsonObject Qwen2(Dictionary<string, int> vocabulary, List<(string, string)> merges, TokenizerConfig config)
    {
        config = config with { UnkToken = config.UnkToken ?? new(EndOfText), EosToken = config.EosToken ?? new(EndOfText), PadToken = config.PadToken ?? new(EndOfText) };
        var table = Table(vocabulary, config);
        var words = TokenizerSections.PreTokenizers(TokenizerSections.SplitRegex(TiktokenPattern.Qwen2), TokenizerSections.ByteLevel(config.AddPrefixSpace == true, useRegex: false));
        return TokenizerSections.Document(PlainBpe(vocabulary, merges), TokenizerSections.Of("NFC"), words, TokenizerSections.ByteLevel(addPrefixSpace: true, trimOffsets: false), TokenizerSections.ByteLevel(addPrefixSpace: true), table);
    }

    private static JsonObject Clip(Dictionary<string, int> vocabulary, List<(string, string)> merges, TokenizerConfig config)
    {
        config = config with
        {
            BosToken = config.BosToken ?? new("<|startoftext|>"), EosToken = config.EosToken ?? new(EndOfText), UnkToken = config.UnkToken ?? new(EndOfText), PadToken = config.PadToken ?? new(EndOfText),
        };
        var table = Table(vocabulary, config);
        var (begin, end) = (config.BosToken.Content, config.EosToken.Content);
        var words = TokenizerSections.PreTokenizers(
            TokenizerSections.SplitRegex(@"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", "Removed", invert: true), TokenizerSections.ByteLevel(addPrefixSpace: false));
        return TokenizerSections.Document(
            TokenizerSections.Bpe(vocabulary, merges, config.UnkToken.Content, ("", "</w>")),
            TokenizerSections.Normalizers(TokenizerSections.Of("NFC"), TokenizerSections.ReplaceRegex(@"\s+", " "), TokenizerSections.Of("Lowercase")),
            words, TokenizerSections.Roberta(end, table.IdOf(end), begin, table.IdOf(begin), trimOffsets: false, addPrefixSpace: false), TokenizerSections.ByteLevel(addPrefixSpace: true), table);
    }

    // Without a language and a task: what is put before a text is that it begins, and that it has no time stamps.
    private static JsonObject Whisper(Dictionary<string, int> vocabulary, List<(string, string)> merges, TokenizerConfig config)
    {
        config = config with { BosToken = config.BosToken ?? new(EndOfText), EosToken = config.EosToken ?? new(EndOfText), UnkToken = config.UnkToken ?? new(EndOfText) };
        var table = Table(vocabulary, config);
        string[] prefix = ["<|startoftranscript|>", "<|notimestamps|>"];
        (string, int)[] before = [.. prefix.Where(table.Has).Select(token => (token, 0))];
        var end = config.EosToken.Content;
        return TokenizerSections.Document(PlainBpe(vocabulary, merges), null, TokenizerSections.ByteLevel(config.AddPrefixSpace == true),
            TokenizerSections.Template([.. before, ("$A", 0), (end, 0)], [.. before, ("$A", 0), ("$B", 1), (end, 1)], table), TokenizerSections.ByteLevel(addPrefixSpace: true), table);
    }

    private static JsonObject OpenAIGpt(Dictionary<string, int> vocabulary, List<(string, string)> merges, TokenizerConfig config)
    {
        config = config with { UnkToken = config.UnkToken ?? new("<unk>") };
        var table = Table(vocabulary, config);
        return TokenizerSections.Document(TokenizerSections.Bpe(vocabulary, merges, config.UnkToken.Content, (null, "</w>")), TokenizerSections.Bert(lowercase: true, stripAccents: null, handleChinese: true),
            TokenizerSections.Of("BertPreTokenizer"), null, new JsonObject { ["type"] = "BPEDecoder", ["suffix"] = "</w>" }, table);
    }

    private static JsonObject PlainBpe(Dictionary<string, int> vocabulary, List<(string, string)> merges) => TokenizerSections.Bpe(vocabulary, merges, affixes: ("", ""));

    private static AddedTokenTable Table(Dictionary<string, int> vocabulary, TokenizerConfig config)
    {
        var table = new AddedTokenTable(vocabulary);
        table.Add(config.AddedTokensDecoder);
        table.Add(config.NamedTokens);
        table.Add(config.AdditionalSpecialTokens);
        return table;
    }

    private static TokenizerConfig WithRobertaTokens(TokenizerConfig config) => WithTokens(config, "<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", new ConfiguredToken("<mask>") { StripLeft = true });

    private static TokenizerConfig WithTokens(TokenizerConfig config, string bos, string eos, string unk, string sep, string pad, string cls, ConfiguredToken mask) => config with
    {
        BosToken = config.BosToken ?? new(bos),
        EosToken = config.EosToken ?? new(eos),
        UnkToken = config.UnkToken ?? new(unk),
        SepToken = config.SepToken ?? new(sep),
        PadToken = config.PadToken ?? new(pad),
        ClsToken = config.ClsToken ?? new(cls),
        MaskToken = config.MaskToken ?? mask,
    };

    private static IEnumerable<(string Line, int Number)> Lines(string path)
    {
        var bytes = BoundedFile.ReadAll(path, MaximumLength);
        var number = 0;
        for (var at = 0; at < bytes.Length;)
        {
            var length = bytes.AsSpan(at).IndexOf((byte)'\n');
            var end = length < 0 ? bytes.Length : at + length;
            number++;
            string line;
            try
            {
                line = Utf8.GetString(bytes.AsSpan(at, end - at).TrimEnd((byte)'\r'));
            }
            catch (DecoderFallbackException e)
            {
                throw new InvalidDataException($"{path}, line {number} is not valid UTF-8.", e);
            }
            yield return (line, number);
            at = end + 1;
        }
    }

    private static string Shorten(string text) => text.Length > 60 ? text[..60] + "..." : text;
}
