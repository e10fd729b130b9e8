using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Translates a SentencePiece model into a tokenizer.json, by the rules of the model family that it belongs to: which ids the pieces get, which tokens are put around a text, how texts are normalized. The rules are those of transformers
/// (its tokenizer classes and convert_slow_tokenizer.py).
/// </summary>
internal static class SentencePieceFamilies
{
    private const int SentinelsOfT5 = 100;
    private const double Downgraded = -100;

    private static readonly string[] LanguagesOfMBart =
    [
        "ar_AR", "cs_CZ", "de_DE", "en_XX", "es_XX", "et_EE", "fi_FI", "fr_XX", "gu_IN", "hi_IN", "it_IT", "ja_XX", "kk_KZ", "ko_KR", "lt_LT", "lv_LV", "my_MM", "ne_NP", "nl_XX", "ro_RO", "ru_RU", "si_LK", "tr_TR", "vi_VN", "zh_CN",
    ];

    private static readonly string[] LanguagesOfMBart50 =
    [
        .. LanguagesOfMBart, "af_ZA", "az_AZ", "bn_IN", "fa_IR", "he_IL", "hr_HR", "id_ID", "ka_GE", "km_KH", "mk_MK", "ml_IN", "mn_MN", "mr_IN", "pl_PL", "ps_AF", "pt_XX", "sv_SE", "sw_KE", "ta_IN", "te_IN", "th_TH", "tl_XX", "uk_UA",
        "ur_PK", "xh_ZA", "gl_ES", "sl_SI",
    ];

    /// <summary>The tokenizer.json of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="config">Its tokenizer_config.json: the class names the family; without a known one the ids are as in the model.</param>
    /// <exception cref="InvalidDataException">The model does not have what its family needs.</exception>
    /// <exception cref="NotSupportedException">The family gives ids by a rule that is not known here.</exception>
    public static JsonObject ToTokenizerJson(SentencePieceModel model, TokenizerConfig config) => ClassOf(config) switch
    {
        "AlbertTokenizer" or "FNetTokenizer" => Albert(model, config),
        "XLMRobertaTokenizer" or "LayoutXLMTokenizer" => XlmRoberta(model, config),
        "CamembertTokenizer" => Camembert(model, config),
        "MBartTokenizer" => MBart(model, config),
        "MBart50Tokenizer" => MBart50(model, config),
        "NllbTokenizer" => Nllb(model, config),
        "BarthezTokenizer" => Barthez(model, config),
        "XGLMTokenizer" => Xglm(model, config),
        "T5Tokenizer" or "UdopTokenizer" => T5(model, config),
        "PegasusTokenizer" => Pegasus(model, config),
        "XLNetTokenizer" => XlNet(model, config),
        "DebertaV2Tokenizer" => DebertaV2(model, config),
        "BigBirdTokenizer" or "RemBertTokenizer" => BigBird(model, config),
        "ReformerTokenizer" => Reformer(model, config),
        "LlamaTokenizer" or "CodeLlamaTokenizer" or "Phi3Tokenizer" => Llama(Renamed(model, config), config),
        "GemmaTokenizer" => Gemma(Renamed(model, config), config),
        "M2M100Tokenizer" or "Speech2TextTokenizer" or "SeamlessM4TTokenizer" or "PLBartTokenizer" or "MLukeTokenizer" or "XLMProphetNetTokenizer" or "CpmTokenizer" or "ErnieMTokenizer" =>
            throw new NotSupportedException($"the ids of a {config.TokenizerClass} are not those of its SentencePiece model, and its rule is not known here: save its tokenizer.json with transformers, and load that."),
        _ => Plain(Renamed(model, config), config),
    };

    /// <summary>The name of a class; transformers' fast and slow ones are alike.</summary>
    public static string? ClassOf(TokenizerConfig config) => config.TokenizerClass is { } name && name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : config.TokenizerClass;

    /// <summary>Ids as in the model, its own normalization as near as Hugging Face's components come to it.</summary>
    private static JsonObject Plain(SentencePieceModel model, TokenizerConfig config)
    {
        string? Control(string name, int id) => id >= 0 && model.Pieces.Any(piece => piece.Piece == name) ? name : null;
        config = WithDefaults(config, Control(model.Trainer.BeginPiece, model.Trainer.BeginId), Control(model.Trainer.EndPiece, model.Trainer.EndId), model.Trainer.UnknownPiece, pad: Control(model.Trainer.PaddingPiece, model.Trainer.PaddingId));
        var table = TableOf(model, config, Pieces(model));
        var scheme = model.Normalizer.AddDummyPrefix && config.AddPrefixSpace != false ? "always" : "never";
        var decoder = model.Trainer.ByteFallback ? ByteDecoder(stripped: scheme == "always") : TokenizerSections.Metaspace(scheme);
        return TokenizerSections.Document(ModelSection(model), PlainNormalizer(model), TokenizerSections.Metaspace(scheme), BeginEnd(config, table), decoder, table);
    }

    private static JsonObject Albert(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, "[CLS]", "[SEP]", "<unk>", "[SEP]", "<pad>", "[CLS]", new ConfiguredToken("[MASK]"));
        var table = TableOf(model, config, Pieces(model));
        var normalizer = TokenizerSections.Normalizers([.. QuotesAndAccents(config, lowercase: config.DoLowerCase != false), TokenizerSections.Precompiled(model.Normalizer.CharsMap)]);
        return Document(TokenizerSections.Unigram(Pieces(model), UnknownId(model), byteFallback: false), normalizer, config, ClassifierTemplate(config, table), table);
    }

    private static JsonObject XlmRoberta(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, "<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", new ConfiguredToken("<mask>") { StripLeft = true });
        List<(string, double)> pieces = [.. FairseqHead(config), .. Pieces(model).Skip(3), (config.MaskToken!.Content, 0)];
        var table = TableOf(model, config, pieces);
        return Document(TokenizerSections.Unigram(pieces, 3, byteFallback: false), TokenizerSections.Precompiled(model.Normalizer.CharsMap), config, RobertaTemplate(config, table), table);
    }

    private static JsonObject Camembert(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, "<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", new ConfiguredToken("<mask>") { StripLeft = true });
        if (config.AdditionalSpecialTokens.Count == 0)
            config = config with { AdditionalSpecialTokens = [new("<s>NOTUSED"), new("</s>NOTUSED"), new("<unk>NOTUSED")] };
        List<(string, double)> pieces =
        [
            ("<s>NOTUSED", 0), (config.PadToken!.Content, 0), ("</s>NOTUSED", 0), (config.UnkToken!.Content, 0), ("<unk>NOTUSED", Downgraded), .. Pieces(model).Skip(1), (config.MaskToken!.Content, 0),
        ];
        var table = TableOf(model, config, pieces);
        return Document(TokenizerSections.Unigram(pieces, 3, byteFallback: false), TokenizerSections.Precompiled(model.Normalizer.CharsMap), config, RobertaTemplate(config, table), table);
    }

    private static JsonObject MBart(SentencePieceModel model, TokenizerConfig config)
    {
        (config, var pieces, var language) = MBartPieces(model, config, LanguagesOfMBart);
        var table = TableOf(model, config, pieces);
        var template = Template(table, ["$A", config.EosToken!.Content, language], ["$A", "$B", config.EosToken.Content, language]);
        return Document(TokenizerSections.Unigram(pieces, 3, byteFallback: false), TokenizerSections.Precompiled(model.Normalizer.CharsMap), config, template, table);
    }

    private static JsonObject MBart50(SentencePieceModel model, TokenizerConfig config)
    {
        (config, var pieces, var language) = MBartPieces(model, config, LanguagesOfMBart50);
        var table = TableOf(model, config, pieces);
        var template = Template(table, [language, "$A", config.EosToken!.Content], [language, "$A", "$B", config.EosToken.Content]);
        var normalizer = TokenizerSections.Normalizers(TokenizerSections.Precompiled(model.Normalizer.CharsMap), TokenizerSections.ReplaceRegex(" {2,}", " "));
        return TokenizerSections.Document(TokenizerSections.Unigram(pieces, 3, byteFallback: false), normalizer, TokenizerSections.Metaspace("always"), template, TokenizerSections.Metaspace("always"), table);
    }

    private static (TokenizerConfig Config, List<(string, double)> Pieces, string Language) MBartPieces(SentencePieceModel model, TokenizerConfig config, string[] languages)
    {
        config = WithDefaults(config, "<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", new ConfiguredToken("<mask>") { StripLeft = true });
        config = config with { AdditionalSpecialTokens = [.. config.AdditionalSpecialTokens, .. languages.Select(language => new ConfiguredToken(language))] };
        return (config, [.. FairseqHead(config), .. Pieces(model).Skip(3), .. languages.Select(language => (language, 0.0)), (config.MaskToken!.Content, 0)], config.OtherText("src_lang") ?? "en_XX");
    }

    // The languages and their order are those of the configuration.
    private static JsonObject Nllb(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, "<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", new ConfiguredToken("<mask>") { StripLeft = true });
        List<(string Piece, double)> head = [.. FairseqHead(config)];
        var names = head.Select(piece => piece.Piece).ToHashSet(StringComparer.Ordinal);
        List<(string Piece, double)> pieces = [.. head, .. Pieces(model).Where(piece => !names.Contains(piece.Piece))];
        var language = config.OtherText("src_lang") ?? "eng_Latn";
        var table = new AddedTokenTable(Ids(pieces));
        table.Add(head.Select(piece => new ConfiguredToken(piece.Piece)));
        table.Add(config.AdditionalSpecialTokens.Where(token => token.Content != config.MaskToken!.Content));
        table.Add(config.MaskToken);
        Fill(table, model, config, pieces);
        if (!table.Has(language))
            throw new InvalidDataException($"the configuration's additional_special_tokens must have the languages in the model's order; '{language}' is not among them.");
        var template = Template(table, [language, "$A", config.EosToken!.Content], [language, "$A", "$B", config.EosToken.Content]);
        var section = model.Trainer.Algorithm == SentencePieceAlgorithm.Bpe
            ? TokenizerSections.Bpe(Ids(pieces), Merges(model), config.UnkToken!.Content, fuseUnknown: true)
            : TokenizerSections.Unigram(pieces, 3, byteFallback: false);
        return TokenizerSections.Document(section, PlainNormalizer(model), TokenizerSections.Metaspace("always"), template, TokenizerSections.Metaspace("always"), table);
    }

    private static JsonObject Barthez(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, "<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", new ConfiguredToken("<mask>") { StripLeft = true });
        var table = TableOf(model, config, Pieces(model));
        return TokenizerSections.Document(TokenizerSections.Unigram(Pieces(model), 3, byteFallback: false), PlainNormalizer(model), TokenizerSections.Metaspace("always"), RobertaTemplate(config, table), TokenizerSections.Metaspace("always"), table);
    }

    private static JsonObject Xglm(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, "<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>");
        string[] fillers = [.. Enumerable.Range(0, 7).Select(i => $"<madeupword{i}>")];
        config = config with { AdditionalSpecialTokens = [.. config.AdditionalSpecialTokens, .. fillers.Select(filler => new ConfiguredToken(filler))] };
        List<(string, double)> pieces = [.. FairseqHead(config), .. Pieces(model).Skip(3), .. fillers.Select(filler => (filler, 0.0))];
        var table = TableOf(model, config, pieces);
        var end = config.EosToken!.Content;
        return TokenizerSections.Document(TokenizerSections.Unigram(pieces, 3, byteFallback: false), PlainNormalizer(model), TokenizerSections.Metaspace("always"), Template(table, [end, "$A"], [end, "$A", end, end, "$B"]),
            TokenizerSections.Metaspace("always"), table);
    }

    // The sentinels count down to the last id: <extra_id_0> has the highest.
    private static JsonObject T5(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, null, "</s>", "<unk>", pad: "<pad>");
        var count = config.OtherNumber("extra_ids") ?? SentinelsOfT5;
        if (count > 100_000)
            throw new InvalidDataException($"extra_ids must be from 0 to 100000; it is {count}.");
        var present = model.Pieces.Select(piece => piece.Piece).ToHashSet(StringComparer.Ordinal);
        string[] sentinels = [.. Enumerable.Range(0, count).Select(i => $"<extra_id_{count - 1 - i}>").Where(sentinel => !present.Contains(sentinel))];
        List<(string, double)> pieces = [.. Pieces(model), .. sentinels.Select(sentinel => (sentinel, 0.0))];
        config = config with { AdditionalSpecialTokens = [.. config.AdditionalSpecialTokens, .. sentinels.Select(sentinel => new ConfiguredToken(sentinel))] };
        var table = TableOf(model, config, pieces);
        var end = config.EosToken!.Content;
        return Document(TokenizerSections.Unigram(pieces, UnknownId(model), byteFallback: false), TokenizerSections.Precompiled(model.Normalizer.CharsMap), config, Template(table, ["$A", end], ["$A", end, "$B", end]), table);
    }

    // Masks and unused names come before the model's own pieces, whose ids are shifted by the offset.
    private static JsonObject Pegasus(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, null, "</s>", "<unk>", pad: "<pad>", mask: new ConfiguredToken("<mask_2>"));
        var offset = config.OtherNumber("offset") ?? 103;
        if (offset > 100_000)
            throw new InvalidDataException($"offset must be from 0 to 100000; it is {offset}.");
        var sentenceMask = config.OtherEntries.GetValueOrDefault("mask_token_sent") == "null" ? null : config.OtherText("mask_token_sent") ?? "<mask_1>";
        string[] unused = [.. Enumerable.Range(2, Math.Max(offset - 2, 0)).Select(i => $"<unk_{i}>")];
        List<(string, double)> pieces = [(config.PadToken!.Content, 0), (config.EosToken!.Content, 0)];
        if (sentenceMask is not null)
            pieces.Add((sentenceMask, 0));
        if (offset > 0)
            pieces.Add((config.MaskToken!.Content, 0));
        pieces.AddRange(unused.Select(name => (name, Downgraded)));
        pieces.AddRange(Pieces(model).Skip(2));
        config = config with { AdditionalSpecialTokens = [.. config.AdditionalSpecialTokens, .. unused.Prepend(sentenceMask).OfType<string>().Select(name => new ConfiguredToken(name))] };
        var table = TableOf(model, config, pieces);
        var normalizer = TokenizerSections.Normalizers(TokenizerSections.Precompiled(model.Normalizer.CharsMap) ?? TokenizerSections.ReplaceRegex("\\n", " "), TokenizerSections.ReplaceRegex(" {2,}", " "));
        var template = Template(table, ["$A", config.EosToken.Content], ["$A", "$B", config.EosToken.Content]);
        return TokenizerSections.Document(TokenizerSections.Unigram(pieces, table.IdOf(config.UnkToken!.Content), byteFallback: false), normalizer, TokenizerSections.Metaspace("always"), template, TokenizerSections.Metaspace("always"), table);
    }

    private static JsonObject XlNet(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, "<s>", "</s>", "<unk>", "<sep>", "<pad>", "<cls>", new ConfiguredToken("<mask>") { StripLeft = true });
        if (config.AdditionalSpecialTokens.Count == 0)
            config = config with { AdditionalSpecialTokens = [new("<eop>"), new("<eod>")] };
        var table = TableOf(model, config, Pieces(model));
        var normalizer = TokenizerSections.Normalizers([.. QuotesAndAccents(config, lowercase: config.DoLowerCase == true), TokenizerSections.Precompiled(model.Normalizer.CharsMap)]);
        var (separator, classifier) = (config.SepToken!.Content, config.ClsToken!.Content);
        var template = TokenizerSections.Template([("$A", 0), (separator, 0), (classifier, 2)], [("$A", 0), (separator, 0), ("$B", 1), (separator, 1), (classifier, 2)], table);
        return Document(TokenizerSections.Unigram(Pieces(model), UnknownId(model), byteFallback: false), normalizer, config, template, table);
    }

    private static JsonObject DebertaV2(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, "[CLS]", "[SEP]", "[UNK]", "[SEP]", "[PAD]", "[CLS]", new ConfiguredToken("[MASK]"));
        var table = TableOf(model, config, Pieces(model));
        var normalizer = TokenizerSections.Normalizers(config.DoLowerCase == true ? TokenizerSections.Of("Lowercase") : null, TokenizerSections.StripText(left: true, right: true),
            TokenizerSections.Precompiled(model.Normalizer.CharsMap), TokenizerSections.ReplaceRegex(" {2,}", " "));
        var punctuation = config.OtherFlag("split_by_punct") == true ? new JsonObject { ["type"] = "Punctuation", ["behavior"] = "Isolated" } : null;
        return TokenizerSections.Document(TokenizerSections.Unigram(Pieces(model), UnknownId(model), byteFallback: false), normalizer, TokenizerSections.PreTokenizers(punctuation, TokenizerSections.Metaspace(Scheme(config))),
            ClassifierTemplate(config, table), TokenizerSections.Metaspace(Scheme(config)), table);
    }

    private static JsonObject BigBird(SentencePieceModel model, TokenizerConfig config)
    {
        var isRemBert = ClassOf(config) == "RemBertTokenizer";
        config = isRemBert
            ? WithDefaults(config, "[CLS]", "[SEP]", "<unk>", "[SEP]", "<pad>", "[CLS]", new ConfiguredToken("[MASK]") { StripLeft = true })
            : WithDefaults(config, "<s>", "</s>", "<unk>", "[SEP]", "<pad>", "[CLS]", new ConfiguredToken("[MASK]") { StripLeft = true });
        var table = TableOf(model, config, Pieces(model));
        var normalizer = isRemBert
            ? TokenizerSections.Normalizers([TokenizerSections.ReplaceRegex(" {2,}", " "), .. QuotesAndAccents(config with { KeepAccents = config.KeepAccents ?? true }, lowercase: config.DoLowerCase == true), TokenizerSections.Precompiled(model.Normalizer.CharsMap)])
            : PlainNormalizer(model);
        return TokenizerSections.Document(TokenizerSections.Unigram(Pieces(model), UnknownId(model), byteFallback: false), normalizer, TokenizerSections.Metaspace(Scheme(config)), ClassifierTemplate(config, table), TokenizerSections.Metaspace(Scheme(config)), table);
    }

    private static JsonObject Reformer(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, null, "</s>", "<unk>");
        var table = TableOf(model, config, Pieces(model));
        var normalizer = TokenizerSections.Normalizers(TokenizerSections.ReplaceRegex("\\s{2,}|[\\n\\r\\t]", " "), TokenizerSections.Of("NFC"), TokenizerSections.StripText(left: false, right: true));
        return TokenizerSections.Document(ModelSection(model), normalizer, TokenizerSections.Metaspace("always"), BeginEnd(config, table), TokenizerSections.Metaspace("always"), table);
    }

    // With the legacy flag each part between special tokens begins with a space, as SentencePiece itself has it; without it only the text does.
    private static JsonObject Llama(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, "<s>", "</s>", "<unk>");
        var table = TableOf(model, config, Pieces(model));
        var prefix = config.AddPrefixSpace != false;
        var section = model.Trainer.Algorithm == SentencePieceAlgorithm.Bpe
            ? TokenizerSections.Bpe(Ids(Pieces(model)), Merges(model), model.Trainer.ByteFallback ? null : config.UnkToken!.Content, fuseUnknown: true, byteFallback: true)
            : TokenizerSections.Unigram(Pieces(model), UnknownId(model), byteFallback: true);
        var isLegacy = config.Legacy == true;
        var normalizer = isLegacy ? TokenizerSections.Normalizers(prefix ? TokenizerSections.Prepend(TokenizerSections.Space) : null, TokenizerSections.Replace(" ", TokenizerSections.Space)) : null;
        var preTokenizer = isLegacy ? null : TokenizerSections.Metaspace(prefix ? "first" : "never", split: false);
        return TokenizerSections.Document(section, normalizer, preTokenizer, BeginEnd(config, table), ByteDecoder(stripped: prefix), table);
    }

    private static JsonObject Gemma(SentencePieceModel model, TokenizerConfig config)
    {
        config = WithDefaults(config, "<bos>", "<eos>", "<unk>", pad: "<pad>", mask: new ConfiguredToken("<mask>"));
        var table = TableOf(model, config, Pieces(model));
        return TokenizerSections.Document(
            TokenizerSections.Bpe(Ids(Pieces(model)), Merges(model), config.UnkToken!.Content, fuseUnknown: true, byteFallback: true), TokenizerSections.Replace(" ", TokenizerSections.Space),
            TokenizerSections.SplitText(" ", "MergedWithPrevious"), BeginEnd(config, table), ByteDecoder(stripped: false), table);
    }

    /// <summary>The pieces as in the model. Scores are widened from float32.</summary>
    internal static IEnumerable<(string Piece, double Score)> Pieces(SentencePieceModel model) => model.Pieces.Select(piece => (piece.Piece, (double)piece.Score));

    /// <summary>The ids of pieces; of equal ones the last counts.</summary>
    internal static Dictionary<string, int> Ids(IEnumerable<(string Piece, double)> pieces)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var id = 0;
        foreach (var (piece, _) in pieces)
            ids[piece] = id++;
        return ids;
    }

    /// <summary>SentencePiece's own normalization as near as Hugging Face's components come to it.</summary>
    internal static JsonObject? PlainNormalizer(SentencePieceModel model)
    {
        var map = TokenizerSections.Precompiled(model.Normalizer.CharsMap);
        return model.Normalizer.RemoveExtraWhitespaces
            ? TokenizerSections.Normalizers(map, TokenizerSections.StripText(left: false, right: true), TokenizerSections.ReplaceRegex(" {2,}", TokenizerSections.Space))
            : map;
    }

    private static JsonObject ModelSection(SentencePieceModel model) => model.Trainer.Algorithm switch
    {
        SentencePieceAlgorithm.Unigram => TokenizerSections.Unigram(Pieces(model), UnknownId(model), model.Trainer.ByteFallback),
        SentencePieceAlgorithm.Bpe => TokenizerSections.Bpe(Ids(Pieces(model)), Merges(model), UnknownPiece(model), fuseUnknown: true, byteFallback: model.Trainer.ByteFallback),
        SentencePieceAlgorithm.Char => TokenizerSections.Bpe(Ids(Pieces(model)), [], UnknownPiece(model), fuseUnknown: true, byteFallback: model.Trainer.ByteFallback),
        _ => throw new NotSupportedException($"a SentencePiece model of whole words has no counterpart in a tokenizer.json: use {nameof(SentencePieceProcessor)}."),
    };

    // Pieces with higher scores are merged first, then those with lower ids.
    private static IEnumerable<(string Left, string Right)> Merges(SentencePieceModel model)
    {
        string[] ordered = [.. model.Pieces.Select((piece, id) => (piece, id)).OrderByDescending(entry => entry.piece.Score).ThenBy(entry => entry.id).Select(entry => entry.piece.Piece)];
        return MergeRecovery.Find([.. ordered.Select(SentencePieceText.BytesOf)], byRankOfHalves: false).Select(pair => (ordered[pair.Left], ordered[pair.Right]));
    }

    private static int UnknownId(SentencePieceModel model)
    {
        for (var id = 0; id < model.Pieces.Count; id++)
        {
            if (model.Pieces[id].Kind == SentencePieceKind.Unknown)
                return id;
        }
        throw new InvalidDataException("the model has no unknown piece.");
    }

    private static string UnknownPiece(SentencePieceModel model) => model.Pieces[UnknownId(model)].Piece;

    private static JsonObject Document(JsonObject model, JsonObject? normalizer, TokenizerConfig config, JsonObject template, AddedTokenTable table) => TokenizerSections.Document(
        model, normalizer, TokenizerSections.PreTokenizers(TokenizerSections.Of("WhitespaceSplit"), TokenizerSections.Metaspace(Scheme(config))), template, TokenizerSections.Metaspace(Scheme(config)), table);

    private static string Scheme(TokenizerConfig config) => config.AddPrefixSpace == false ? "never" : "always";

    private static IEnumerable<(string Piece, double Score)> FairseqHead(TokenizerConfig config) => [(config.BosToken!.Content, 0), (config.PadToken!.Content, 0), (config.EosToken!.Content, 0), (config.UnkToken!.Content, 0)];

    private static IEnumerable<JsonObject?> QuotesAndAccents(TokenizerConfig config, bool lowercase)
    {
        yield return TokenizerSections.Replace("``", "\"");
        yield return TokenizerSections.Replace("''", "\"");
        if (config.KeepAccents != true)
        {
            yield return TokenizerSections.Of("NFKD");
            yield return TokenizerSections.Of("StripAccents");
        }
        if (lowercase)
            yield return TokenizerSections.Of("Lowercase");
    }

    private static JsonObject ByteDecoder(bool stripped) => TokenizerSections.Decoders(
        TokenizerSections.Replace(TokenizerSections.Space, " "), TokenizerSections.Of("ByteFallback"), TokenizerSections.Of("Fuse"), stripped ? TokenizerSections.StripTokens(1) : null);

    private static JsonObject BeginEnd(TokenizerConfig config, AddedTokenTable table) =>
        TokenizerSections.BeginEndTemplate(config.AddBosToken == true ? config.BosToken?.Content : null, config.AddEosToken == true ? config.EosToken?.Content : null, table);

    private static JsonObject Template(AddedTokenTable table, string[] single, string[] pair) => TokenizerSections.Template([.. single.Select(name => (name, 0))], [.. pair.Select(name => (name, 0))], table);

    private static JsonObject RobertaTemplate(TokenizerConfig config, AddedTokenTable table)
    {
        var (begin, end) = (config.BosToken!.Content, config.EosToken!.Content);
        return TokenizerSections.Template([(begin, 0), ("$A", 0), (end, 0)], [(begin, 0), ("$A", 0), (end, 0), (end, 0), ("$B", 0), (end, 0)], table);
    }

    private static JsonObject ClassifierTemplate(TokenizerConfig config, AddedTokenTable table)
    {
        var (begin, end) = (config.ClsToken!.Content, config.SepToken!.Content);
        return TokenizerSections.Template([(begin, 0), ("$A", 0), (end, 0)], [(begin, 0), ("$A", 0), (end, 0), ("$B", 1), (end, 1)], table);
    }

    private static AddedTokenTable TableOf(SentencePieceModel model, TokenizerConfig config, IEnumerable<(string Piece, double)> pieces)
    {
        var all = pieces.ToList();
        var table = new AddedTokenTable(Ids(all));
        Fill(table, model, config, all);
        return table;
    }

    // Named tokens go first: what the configuration says of a token goes before what the model says.
    private static void Fill(AddedTokenTable table, SentencePieceModel model, TokenizerConfig config, IEnumerable<(string Piece, double)> pieces)
    {
        table.Add(config.AddedTokensDecoder);
        table.Add(config.NamedTokens);
        table.Add(config.AdditionalSpecialTokens);
        var present = pieces.Select(piece => piece.Piece).ToHashSet(StringComparer.Ordinal);
        foreach (var (piece, _, kind) in model.Pieces)
        {
            if (kind is SentencePieceKind.Control or SentencePieceKind.UserDefined && present.Contains(piece))
                table.Add(new ConfiguredToken(piece, kind == SentencePieceKind.Control) { Normalized = false });
        }
    }

    // Where ids are those of the model, a configuration can give another name to a piece that was kept free.
    private static SentencePieceModel Renamed(SentencePieceModel model, TokenizerConfig config)
    {
        var present = model.Pieces.Select(piece => piece.Piece).ToHashSet(StringComparer.Ordinal);
        var renamed = config.AddedTokensDecoder.Where(token => token.Key < model.Pieces.Count && token.Value.Content.Length > 0 && !present.Contains(token.Value.Content)).ToList();
        if (renamed.Count == 0)
            return model;
        var pieces = model.Pieces.ToArray();
        foreach (var (id, token) in renamed)
            pieces[id] = pieces[id] with { Piece = token.Content };
        return model with { Pieces = pieces };
    }

    private static TokenizerConfig WithDefaults(TokenizerConfig config, string? bos, string? eos, string unk, string? sep = null, string? pad = null, string? cls = null, ConfiguredToken? mask = null)
    {
        static ConfiguredToken? Token(string? name) => name is null ? null : new ConfiguredToken(name);
        return config with
        {
            BosToken = config.BosToken ?? Token(bos),
            EosToken = config.EosToken ?? Token(eos),
            UnkToken = config.UnkToken ?? Token(unk),
            SepToken = config.SepToken ?? Token(sep),
            PadToken = config.PadToken ?? Token(pad),
            ClsToken = config.ClsToken ?? Token(cls),
            MaskToken = config.MaskToken ?? mask,
        };
    }
}
