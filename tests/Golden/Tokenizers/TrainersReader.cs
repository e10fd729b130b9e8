using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>
/// tokenizers/trainers: tokenizers trained on the same documents. Where the reference gives the same file in every run, ours must be that file; where it numbers the first tokens at random, training starts from its numbers and must give the file, too;
/// Unigram has the same pieces, with the same scores where those are not left to chance.
/// </summary>
internal sealed class TrainersReader : CaseReader
{
    private const double ScoreTolerance = 1e-6;

    public override bool Reads(string file) => file.StartsWith("trainers/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        var documents = TrainingTexts.Of(c);
        tally.Equal("documents", c["document_count"].GetInt32(), documents.Length);
        tally.Equal("hash of the documents", c["documents_sha256_of_utf8_joined_by_LF"].GetString(), TrainingTexts.Hash(documents));
        var expected = JsonNode.Parse(File.ReadAllText(Path.Combine(c.Folder, "tokenizer.json")))!;
        var options = Options(c);
        var isUnigram = options is UnigramTrainerOptions;
        var vocabulary = isUnigram ? [] : expected["model"]!["vocab"]!.AsObject().OrderBy(entry => (int)entry.Value!).Select(entry => entry.Key).ToArray();
        var isChance = !c["determinism"].GetProperty("identical_file").GetBoolean();
        var initial = isChance && c["rule_check"].IsGiven() ? vocabulary[..c["rule_check"].GetProperty("initial_tokens").GetInt32()] : null;

        var trained = TokenizerTrainer.Train(documents, options, Pipeline(c, expected), initial, CancellationToken.None);

        tally.Equal("entries", c["final_vocab_size"].GetInt32(), trained.Vocabulary.Count);
        if (isUnigram)
        {
            VerifyPieces(expected["model"]!, trained, tally);
        }
        else
        {
            tally.Sequence("vocabulary", vocabulary, trained.Vocabulary.OrderBy(entry => entry.Value).Select(entry => entry.Key));
            using var saved = new MemoryStream();
            trained.Save(saved);
            var written = JsonNode.Parse(saved.ToArray())!;
            if (expected["model"]!["merges"] is JsonArray merges)
                tally.Sequence("merges", merges.Select(Merge), written["model"]!["merges"]!.AsArray().Select(Merge));
            tally.Equal("the file is the same", true, JsonNode.DeepEquals(expected, written));
        }
        if (initial is not null)
        {
            var own = TokenizerTrainer.Train(documents, options, Pipeline(c, expected));
            tally.Equal("entries in our own order", c["final_vocab_size"].GetInt32(), own.Vocabulary.Count);
            if (c["determinism"].GetProperty("identical_token_set").GetBoolean())
                tally.Equal("tokens in our own order that the reference doesn't have", 0, own.Vocabulary.Keys.Except(vocabulary).Count());
        }
        foreach (var encoded in c["encode"].EnumerateArray())
        {
            var tokens = trained.EncodeToTokens(encoded.GetProperty("in").GetString()!, out _);
            tally.Sequence("tokens", encoded.GetProperty("tokens").ToTexts(), tokens.Select(token => isUnigram ? token.Value : trained.TokenOf(token.Id)!));
            if (!isUnigram)
                tally.Sequence("ids", encoded.GetProperty("ids").ToInts(), tokens.Select(token => token.Id));
            tally.Equal("decoded", encoded.GetProperty("decoded").GetString(), trained.Decode(tokens.Select(token => token.Id), skipSpecialTokens: true));
        }
        tally.Equal("tokens of the corpus", c["corpus_token_count_per_run"][0].GetInt32(), documents.Take(4000).Sum(document => trained.CountTokens(document)));
    }

    private static void VerifyPieces(JsonNode expected, TokenizerModel trained, Tally tally)
    {
        var model = (UnigramModel)trained.Parts.Model;
        tally.Equal("unknown id", (int?)expected["unk_id"], model.UnknownId);
        var pieces = expected["vocab"]!.AsArray().Select(entry => (Piece: (string)entry![0]!, Score: (double)entry[1]!)).ToList();
        tally.Sequence("pieces", pieces.Select(entry => entry.Piece).Order(StringComparer.Ordinal), model.Pieces.Select(entry => entry.Piece).Order(StringComparer.Ordinal));
        var scores = model.Pieces.ToDictionary(entry => entry.Piece, entry => entry.Score, StringComparer.Ordinal);
        // Single characters that were put back have scores of chance.
        var longer = pieces.Where(entry => entry.Piece.EnumerateRunes().Count() > 1 && scores.ContainsKey(entry.Piece)).ToList();
        tally.Numbers("scores of longer pieces", [.. longer.Select(entry => entry.Score)], [.. longer.Select(entry => scores[entry.Piece])], ScoreTolerance);
    }

    private static TokenizerTrainingPipeline Pipeline(FixtureCase c, JsonNode expected) => new()
    {
        Normalizer = expected["normalizer"] is { } normalizer ? TextNormalizer.Parse(normalizer.ToJsonString()) : null,
        PreTokenizer = expected["pre_tokenizer"] is { } preTokenizer ? TextPreTokenizer.Parse(preTokenizer.ToJsonString()) : null,
        PostProcessor = expected["post_processor"] is { } postProcessor ? TokenPostProcessor.Parse(postProcessor.ToJsonString()) : null,
        Decoder = expected["decoder"] is { } decoder ? TokenDecoder.Parse(decoder.ToJsonString()) : null,
        UnknownToken = c["model_options"].IsGiven() && c["model_options"].TryGetProperty("unk", out var unknown) ? unknown.GetString() : null,
    };

    private static TokenizerTrainerOptions Options(FixtureCase c)
    {
        var given = c["trainer_options"].EnumerateObject().ToDictionary(option => option.Name, option => option.Value, StringComparer.Ordinal);
        T Take<T>(string name, T otherwise, Func<JsonElement, T> read) => given.Remove(name, out var value) && value.IsGiven() ? read(value) : otherwise;
        int Number(string name, int otherwise) => Take(name, otherwise, value => value.GetInt32());
        string? Text(string name, string? otherwise) => Take(name, otherwise, value => value.GetString());
        int? Limit(string name) => Take(name, (int?)null, value => value.GetInt32());
        IReadOnlyList<string> alphabet = Take<IReadOnlyList<string>>("initial_alphabet", [], value => value.ValueKind == JsonValueKind.String ? BpeTrainerOptions.ByteAlphabet : value.ToTexts());
        string[] special = Take("special_tokens", Array.Empty<string>(), value => value.ToTexts());
        var minimum = Number("min_frequency", 0);
        given.Remove("show_progress");
        TokenizerTrainerOptions options = c["model"].GetString() switch
        {
            "bpe" => new BpeTrainerOptions
            {
                VocabularySize = Number("vocab_size", 30_000), MinimumFrequency = minimum, InitialAlphabet = alphabet, AlphabetLimit = Limit("limit_alphabet"),
                ContinuingSubwordPrefix = Text("continuing_subword_prefix", null), EndOfWordSuffix = Text("end_of_word_suffix", null),
                // The reference's limit is a bound that isn't reached, but by the first pairs.
                MaximumTokenLength = Limit("max_token_length") is { } length ? Math.Max(length - 1, 2) : null,
            },
            "wordpiece" => new WordPieceTrainerOptions
            {
                VocabularySize = Number("vocab_size", 30_000), MinimumFrequency = minimum, InitialAlphabet = alphabet, AlphabetLimit = Limit("limit_alphabet"),
                ContinuingSubwordPrefix = Text("continuing_subword_prefix", "##")!, EndOfWordSuffix = Text("end_of_word_suffix", null),
            },
            "wordlevel" => new WordLevelTrainerOptions { VocabularySize = Number("vocab_size", 30_000), MinimumFrequency = minimum },
            "unigram" => new UnigramTrainerOptions
            {
                VocabularySize = Number("vocab_size", 8_000), UnknownToken = Text("unk_token", null), InitialAlphabet = alphabet, ShrinkingFactor = Take("shrinking_factor", 0.75, value => value.GetDouble()),
                MaximumPieceLength = Number("max_piece_length", 16), SubIterations = Number("n_sub_iterations", 2), SeedSize = Number("seed_size", 1_000_000),
            },
            var model => throw new UnsupportedException($"there is no trainer for {model}"),
        };
        if (given.Count > 0) throw new UnsupportedException($"the trainer has no option {string.Join(", ", given.Keys)}");
        return options with { SpecialTokens = special };
    }

    private static string Merge(JsonNode? merge) => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : (string)merge!;
}
