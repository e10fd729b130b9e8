using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>tokenizers/trainers-sentencepiece: models of SentencePiece's own trainer, piece by piece with their scores, and what they encode to.</summary>
internal sealed class SentencePieceTrainersReader : CaseReader
{
    private readonly Dictionary<string, Trained> _trained = new(StringComparer.Ordinal);

    public override bool Reads(string file) => file.StartsWith("trainers-sentencepiece/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        // Every text that is encoded is a case; training belongs to them all.
        if (!_trained.TryGetValue(c.File, out var trained))
            _trained[c.File] = trained = Train(c with { Value = c.Root });
        tally.Sequence("pieces of the description and the file", trained.Described, trained.Reference.Pieces);
        tally.Sequence("pieces", trained.Described.Select(piece => piece.Piece), trained.Pieces.Select(piece => piece.Piece));
        tally.Sequence("kinds", trained.Described.Select(piece => piece.Kind), trained.Pieces.Select(piece => piece.Kind));
        tally.Sequence("scores", trained.Described.Select(piece => piece.Score), trained.Pieces.Select(piece => piece.Score));
        var tokens = trained.Processor.Encode(c["in"].GetString()!);
        tally.Sequence("ids", c["ids"].ToInts(), tokens.Select(token => token.Id));
        tally.Sequence("tokens", c["pieces"].ToTexts(), tokens.Select(token => token.Value));
        tally.Equal("decoded", c["decoded"].GetString(), trained.Processor.Decode(tokens.Select(token => token.Id)));
    }

    private static Trained Train(FixtureCase file)
    {
        var reference = SentencePieceModel.Load(Path.ChangeExtension(Path.Combine(file.Area, file.File), ".model"));
        var pieces = SentencePieceLearner.Learn(TrainingTexts.Of(file), Options(file, reference)).Pieces;
        return new Trained(reference, [.. file["pieces"].EnumerateArray().Select(piece => new SentencePieceEntry(piece[0].GetString()!, piece[1].GetSingle(), (SentencePieceKind)piece[2].GetInt32()))],
            pieces, new SentencePieceProcessor(reference with { Pieces = pieces }, file.Name));
    }

    private static SentencePieceTrainerOptions Options(FixtureCase c, SentencePieceModel reference)
    {
        var options = new SentencePieceTrainerOptions
        {
            Normalizer = reference.Normalizer.CharsMap.IsEmpty ? null : TextNormalizer.Parse(new JsonObject { ["type"] = "Precompiled", ["precompiled_charsmap"] = Convert.ToBase64String(reference.Normalizer.CharsMap.Span) }.ToJsonString()),
            AddDummyPrefix = reference.Normalizer.AddDummyPrefix,
            RemoveExtraWhitespaces = reference.Normalizer.RemoveExtraWhitespaces,
        };
        foreach (var option in c["options"].EnumerateObject())
        {
            var value = option.Value;
            options = option.Name switch
            {
                "num_threads" when value.GetInt32() == 1 => options,
                "normalization_rule_name" or "add_dummy_prefix" or "remove_extra_whitespaces" => options,
                "vocab_size" => options with { VocabularySize = value.GetInt32() },
                "model_type" => options with { Algorithm = value.GetString() switch { "bpe" => SentencePieceAlgorithm.Bpe, "unigram" => SentencePieceAlgorithm.Unigram, var type => throw new UnsupportedException($"there is no trainer for {type}") } },
                "hard_vocab_limit" => options with { HardVocabularyLimit = value.GetBoolean() },
                "character_coverage" => options with { CharacterCoverage = value.GetSingle() },
                "required_chars" => options with { RequiredCharacters = value.GetString()! },
                "max_sentencepiece_length" => options with { MaximumPieceLength = value.GetInt32() },
                "max_sentence_length" => options with { MaximumSentenceLength = value.GetInt32() },
                "split_by_unicode_script" => options with { SplitByUnicodeScript = value.GetBoolean() },
                "split_by_number" => options with { SplitByNumber = value.GetBoolean() },
                "split_digits" => options with { SplitDigits = value.GetBoolean() },
                "split_by_whitespace" => options with { SplitByWhitespace = value.GetBoolean() },
                "treat_whitespace_as_suffix" => options with { TreatWhitespaceAsSuffix = value.GetBoolean() },
                "allow_whitespace_only_pieces" => options with { AllowWhitespaceOnlyPieces = value.GetBoolean() },
                "pretokenization_delimiter" => options with { PretokenizationDelimiter = value.GetString()! },
                "byte_fallback" => options with { ByteFallback = value.GetBoolean() },
                "control_symbols" => options with { ControlSymbols = Symbols(value) },
                "user_defined_symbols" => options with { UserDefinedSymbols = Symbols(value) },
                "unk_id" => options with { UnknownId = value.GetInt32() },
                "bos_id" => options with { BeginId = value.GetInt32() },
                "eos_id" => options with { EndId = value.GetInt32() },
                "pad_id" => options with { PaddingId = value.GetInt32() },
                "unk_piece" => options with { UnknownPiece = value.GetString()! },
                "bos_piece" => options with { BeginPiece = value.GetString()! },
                "eos_piece" => options with { EndPiece = value.GetString()! },
                "pad_piece" => options with { PaddingPiece = value.GetString()! },
                "seed_sentencepiece_size" => options with { SeedSize = value.GetInt32() },
                "shrinking_factor" => options with { ShrinkingFactor = value.GetSingle() },
                "num_sub_iterations" => options with { SubIterations = value.GetInt32() },
                var name => throw new UnsupportedException($"the trainer has no option {name}"),
            };
        }
        return options;
    }

    private static string[] Symbols(JsonElement value) => value.ValueKind == JsonValueKind.Array ? value.ToTexts() : value.GetString()!.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private sealed record Trained(SentencePieceModel Reference, IReadOnlyList<SentencePieceEntry> Described, IReadOnlyList<SentencePieceEntry> Pieces, SentencePieceProcessor Processor);
}
