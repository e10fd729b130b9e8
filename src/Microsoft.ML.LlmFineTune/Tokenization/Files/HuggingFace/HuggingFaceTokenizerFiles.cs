using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// The tokenizer of a folder as Hugging Face's hub has them: <c>tokenizer.json</c> where there is one, otherwise what the other files make, by the class that <c>tokenizer_config.json</c> names: a SentencePiece <c>.model</c>, Marian's
/// <c>source.spm</c>, <c>target.spm</c> and <c>vocab.json</c>, <c>vocab.json</c> with <c>merges.txt</c>, <c>vocab.txt</c>, a rank file of tiktoken, or a GGUF file. <c>special_tokens_map.json</c>, <c>added_tokens.json</c> and
/// <c>chat_template.jinja</c> complete the configuration.
/// </summary>
public sealed class HuggingFaceTokenizerFiles
{
    private const int MaximumLength = 1 << 28;

    private static readonly string[] SentencePieceNames = ["tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "spm.model", "sentencepiece.model", "bpe.model"];

    private HuggingFaceTokenizerFiles(string mainFile, TokenizerConfig config, TokenizerModel tokenizer, TokenizerModel? target) =>
        (MainFile, Config, Tokenizer, TargetTokenizer) = (mainFile, config, tokenizer.WithConfig(config), target?.WithConfig(config));

    /// <summary>The file that the vocabulary comes from.</summary>
    public string MainFile { get; }

    /// <summary>The configuration, completed by the other files.</summary>
    public TokenizerConfig Config { get; }

    /// <summary>The tokenizer.</summary>
    public TokenizerModel Tokenizer { get; }

    /// <summary>The tokenizer of the language that is translated into, where it has one of its own (Marian); null otherwise. Ids are the same.</summary>
    public TokenizerModel? TargetTokenizer { get; }

    /// <summary>Reads a folder.</summary>
    /// <exception cref="FileNotFoundException">The folder has none of the files that make a tokenizer.</exception>
    /// <exception cref="InvalidDataException">A file is damaged; the message names the file and the place.</exception>
    /// <exception cref="NotSupportedException">The files are in order, but of a kind that is not known here; the message names it.</exception>
    public static HuggingFaceTokenizerFiles Read(string folder)
    {
        Require.Text(folder);
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"There is no folder '{folder}'.");
        var config = ReadConfig(folder);
        string? Existing(string name) => File.Exists(Path.Combine(folder, name)) ? Path.Combine(folder, name) : null;
        HuggingFaceTokenizerFiles Made(string path, Func<JsonObject> json, string? targetPath = null, Func<JsonObject>? targetJson = null) =>
            new(path, config, Read(path, json), targetJson is null ? null : Read(targetPath!, targetJson));
        HuggingFaceTokenizerFiles OfPair(string vocabulary, string pairs) =>
            new(vocabulary, config, Read($"{vocabulary} with {pairs}", () => VocabularyFiles.Bpe(VocabularyFiles.ReadObject(vocabulary), VocabularyFiles.ReadMerges(pairs), config)), null);

        if (Existing("tokenizer.json") is { } tokenizer)
            return new HuggingFaceTokenizerFiles(tokenizer, config, Completed(TokenizerModel.Load(tokenizer), config), null);
        if (Existing("source.spm") is { } source && Existing("target.spm") is { } target && Existing("vocab.json") is { } shared)
        {
            var vocabulary = VocabularyFiles.ReadObject(shared);
            return Made(source, () => MarianFiles.ToTokenizerJson(SentencePieceModel.Load(source), vocabulary, config), target, () => MarianFiles.ToTokenizerJson(SentencePieceModel.Load(target), vocabulary, config));
        }
        if (SentencePieceNames.Select(Existing).FirstOrDefault(path => path is not null) is { } model)
            return Made(model, () => OfModel(model, config));
        if (Existing("vocab.json") is { } words && Existing("merges.txt") is { } merges)
            return OfPair(words, merges);
        if (Existing("encoder.json") is { } encoder && Existing("vocab.bpe") is { } pairs)
            return OfPair(encoder, pairs);
        if (Existing("vocab.txt") is { } lines)
            return Made(lines, () => VocabularyFiles.Bert(VocabularyFiles.ReadLines(lines), config));
        if (Only(folder, "*.tiktoken") is { } ranks)
            return Made(ranks, () => OfRanks(TiktokenFile.Load(ranks), config));
        if (Only(folder, "*.gguf") is { } gguf)
        {
            var vocabulary = GgufVocabulary.Load(gguf);
            config = Merged(config, vocabulary.Config());
            return Made(gguf, vocabulary.ToTokenizerJson);
        }
        throw new FileNotFoundException($"'{folder}' has no tokenizer.json, and none of {string.Join(", ", SentencePieceNames)}, source.spm with target.spm and vocab.json, vocab.json with merges.txt, vocab.txt, *.tiktoken or *.gguf to make a tokenizer of. Copy or download the tokenizer's files into the folder.");
    }

    /// <summary>Writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c> into a folder, as transformers reads them.</summary>
    /// <exception cref="NotSupportedException">There are two tokenizers: one tokenizer.json cannot hold both.</exception>
    public void Save(string folder)
    {
        Require.Text(folder);
        if (TargetTokenizer is not null)
            throw new NotSupportedException("One tokenizer.json cannot hold the tokenizers of two languages: save each of them by itself.");
        Directory.CreateDirectory(folder);
        Tokenizer.Save(Path.Combine(folder, "tokenizer.json"));
        Config.Save(Path.Combine(folder, "tokenizer_config.json"));
    }

    private static TokenizerConfig ReadConfig(string folder)
    {
        var path = Path.Combine(folder, "tokenizer_config.json");
        var config = File.Exists(path) ? TokenizerConfig.Load(path) : new TokenizerConfig();
        // What these say is in newer configurations too, and stands there as added_tokens_decoder.
        if (config.AddedTokensDecoder.Count == 0)
        {
            config = WithMap(config, Path.Combine(folder, "special_tokens_map.json"));
            config = WithAddedTokens(config, Path.Combine(folder, "added_tokens.json"));
        }
        if (config.TokenizerClass is null)
            config = config with { TokenizerClass = ClassOfModel(Path.Combine(folder, "config.json")) };
        return WithChatTemplates(config, folder);
    }

    private static TokenizerConfig WithMap(TokenizerConfig config, string path)
    {
        if (!File.Exists(path))
            return config;
        return Parsed(path, root => config.With(JsonPart.Of(root, "")));
    }

    private static TokenizerConfig WithAddedTokens(TokenizerConfig config, string path)
    {
        if (!File.Exists(path))
            return config;
        var special = config.NamedTokens.Concat(config.AdditionalSpecialTokens).OfType<ConfiguredToken>().ToLookup(token => token.Content, StringComparer.Ordinal);
        return Parsed(path, root =>
        {
            var tokens = new Dictionary<int, ConfiguredToken>();
            foreach (var (content, id) in ModelJson.ReadVocabulary(root, "added_tokens.json"))
            {
                if (!tokens.TryAdd(id, special[content].FirstOrDefault() ?? new ConfiguredToken(content, false)))
                    throw new InvalidDataException($"the id {id} is there twice.");
            }
            return config with { AddedTokensDecoder = tokens };
        });
    }

    // Old folders name the class in the model's config.json, or only the kind of model.
    private static string? ClassOfModel(string path)
    {
        if (!File.Exists(path))
            return null;
        return Parsed(path, root =>
        {
            var part = JsonPart.Of(root, "");
            return part.OptionalText("tokenizer_class") ?? part.OptionalText("model_type") switch
            {
                "albert" => "AlbertTokenizer",
                "bart" => "BartTokenizer",
                "bert" or "distilbert" or "electra" or "mobilebert" => "BertTokenizer",
                "camembert" => "CamembertTokenizer",
                "clip" => "CLIPTokenizer",
                "deberta" => "DebertaTokenizer",
                "deberta-v2" => "DebertaV2Tokenizer",
                "gemma" or "gemma2" or "gemma3" or "gemma3_text" => "GemmaTokenizer",
                "gpt2" => "GPT2Tokenizer",
                "llama" or "mistral" or "mixtral" => "LlamaTokenizer",
                "marian" => "MarianTokenizer",
                "mbart" => "MBartTokenizer",
                "mpnet" => "MPNetTokenizer",
                "pegasus" => "PegasusTokenizer",
                "qwen2" or "qwen3" => "Qwen2Tokenizer",
                "roberta" => "RobertaTokenizer",
                "t5" or "mt5" or "umt5" => "T5Tokenizer",
                "xlm-roberta" => "XLMRobertaTokenizer",
                "xlnet" => "XLNetTokenizer",
                _ => null,
            };
        });
    }

    // A file goes before the configuration's entry of the same name.
    private static TokenizerConfig WithChatTemplates(TokenizerConfig config, string folder)
    {
        var templates = new Dictionary<string, string>(config.ChatTemplates);
        void Take(string name, string path)
        {
            try
            {
                templates[name] = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(BoundedFile.ReadAll(path, 1 << 24));
            }
            catch (DecoderFallbackException e)
            {
                throw new InvalidDataException($"{path} is not valid UTF-8.", e);
            }
        }
        if (Path.Combine(folder, "chat_template.jinja") is var main && File.Exists(main))
            Take("default", main);
        if (Path.Combine(folder, "additional_chat_templates") is var more && Directory.Exists(more))
        {
            foreach (var path in Directory.EnumerateFiles(more, "*.jinja").Order(StringComparer.Ordinal))
                Take(Path.GetFileNameWithoutExtension(path), path);
        }
        return templates.Count == 0 ? config : config with { ChatTemplates = templates };
    }

    // A tokenizer.model can be a rank file, too (Llama 3).
    private static JsonObject OfModel(string path, TokenizerConfig config)
    {
        var bytes = BoundedFile.ReadAll(path, MaximumLength);
        return TiktokenFile.IsLike(bytes) ? OfRanks(TiktokenFile.Read(bytes, path), config) : SentencePieceFamilies.ToTokenizerJson(SentencePieceModel.Read(bytes, path), config);
    }

    private static JsonObject OfRanks(TiktokenFile ranks, TokenizerConfig config)
    {
        var pattern = config.OtherText("pattern") ?? config.OtherText("pat_str") ?? (SentencePieceFamilies.ClassOf(config) is "QWenTokenizer" or "Qwen2Tokenizer" ? TiktokenPattern.Qwen2 : TiktokenPattern.Llama3);
        var special = config.AddedTokensDecoder.ToDictionary(token => token.Value.Content, token => token.Key);
        var next = Math.Max(ranks.Tokens[^1].Rank, special.Values.DefaultIfEmpty(-1).Max()) + 1;
        foreach (var token in config.NamedTokens.Concat(config.AdditionalSpecialTokens).OfType<ConfiguredToken>())
        {
            if (special.TryAdd(token.Content, next))
                next++;
        }
        return ranks.ToTokenizerJson(pattern, special);
    }

    /// <summary>The tokenizer with the configuration's tokens that its file lacks, and with the begin and end of a sequence where the configuration asks for them.</summary>
    private static TokenizerModel Completed(TokenizerModel tokenizer, TokenizerConfig config)
    {
        var present = tokenizer.AddedTokens.Select(token => token.Content).ToHashSet(StringComparer.Ordinal);
        AddedToken[] missing =
        [
            .. config.AddedTokensDecoder.OrderBy(token => token.Key).Select(token => token.Value).Concat(config.NamedTokens).Concat(config.AdditionalSpecialTokens).OfType<ConfiguredToken>()
                .Where(token => token.Content.Length > 0 && present.Add(token.Content))
                .Select(token => new AddedToken(0, token.Content, token.Special) { SingleWord = token.SingleWord, StripLeft = token.StripLeft, StripRight = token.StripRight, Normalized = token.Normalized }),
        ];
        if (missing.Length > 0)
            tokenizer = tokenizer.WithAddedTokens(missing);
        var (begin, end) = (config.AddBosToken == true ? config.BosToken?.Content : null, config.AddEosToken == true ? config.EosToken?.Content : null);
        // What puts other tokens around a text than these two is left as it is, and what only cuts offsets has no tokens to take away.
        var isReplaced = (config.AddBosToken ?? config.AddEosToken) is not null && (tokenizer.PostProcessor is null or TemplatePostProcessor || (tokenizer.PostProcessor is ByteLevelPostProcessor && (begin ?? end) is not null));
        if (!isReplaced)
            return tokenizer;
        var template = TokenizerSections.BeginEndTemplate(begin, end, new AddedTokenTable(tokenizer.IdOf, 0));
        using var json = JsonSerializer.SerializeToDocument(template);
        return tokenizer.WithPostProcessor(PostProcessorJson.Read(JsonPart.Of(json.RootElement, "post_processor")));
    }

    private static TokenizerConfig Merged(TokenizerConfig config, TokenizerConfig other) => config with
    {
        BosToken = config.BosToken ?? other.BosToken,
        EosToken = config.EosToken ?? other.EosToken,
        UnkToken = config.UnkToken ?? other.UnkToken,
        SepToken = config.SepToken ?? other.SepToken,
        PadToken = config.PadToken ?? other.PadToken,
        ClsToken = config.ClsToken ?? other.ClsToken,
        MaskToken = config.MaskToken ?? other.MaskToken,
        AddBosToken = config.AddBosToken ?? other.AddBosToken,
        AddEosToken = config.AddEosToken ?? other.AddEosToken,
        AddPrefixSpace = config.AddPrefixSpace ?? other.AddPrefixSpace,
        ChatTemplates = config.ChatTemplates.Count > 0 ? config.ChatTemplates : other.ChatTemplates,
    };

    private static T Parsed<T>(string path, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(BoundedFile.ReadAll(path, MaximumLength), JsonPart.Options);
            return read(document.RootElement);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path} is malformed: {e.Message}", e);
        }
    }

    private static string? Only(string folder, string pattern)
    {
        string[] found = [.. Directory.EnumerateFiles(folder, pattern)];
        return found.Length switch
        {
            0 => null,
            1 => found[0],
            _ => throw new InvalidDataException($"'{folder}' has several files {pattern}: which of them has the tokenizer is not to be seen. Load the one that is meant."),
        };
    }

    internal static TokenizerModel Read(string path, Func<JsonObject> json)
    {
        try
        {
            return TokenizerJsonReader.Read(json(), path);
        }
        catch (InvalidDataException e) when (!e.Message.Contains(path, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
        catch (NotSupportedException e) when (!e.Message.Contains(path, StringComparison.Ordinal))
        {
            throw new NotSupportedException($"{path}: {e.Message}", e);
        }
    }
}
