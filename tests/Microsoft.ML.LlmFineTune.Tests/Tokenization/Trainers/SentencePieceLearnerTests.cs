using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Trainers;

public sealed class SentencePieceLearnerTests
{
    private static readonly string[] Texts = [.. Enumerable.Range(0, 60).Select(number => $"the cat number {number} sat on the mat, and the dog sat on the log {number % 10}")];

    private static CancellationToken None => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SentencePieceAlgorithm.Bpe)]
    [InlineData(SentencePieceAlgorithm.Unigram)]
    public void Symbols_have_their_places_and_are_not_learnt(SentencePieceAlgorithm algorithm)
    {
        var pieces = SentencePieceLearner.Learn(Texts, Options(algorithm) with { PaddingId = 3, ControlSymbols = ["<ctl>"], UserDefinedSymbols = ["the"], ByteFallback = true, VocabularySize = 320 }, None).Pieces;
        Assert.Equal(["<unk>", "<s>", "</s>", "<pad>", "<ctl>", "the", "<0x00>"], pieces.Take(7).Select(piece => piece.Piece));
        Assert.Equal([SentencePieceKind.Unknown, SentencePieceKind.Control, SentencePieceKind.Control, SentencePieceKind.Control, SentencePieceKind.Control, SentencePieceKind.UserDefined, SentencePieceKind.Byte], pieces.Take(7).Select(piece => piece.Kind));
        Assert.Equal(256, pieces.Count(piece => piece.Kind == SentencePieceKind.Byte));
        Assert.DoesNotContain(pieces, piece => piece.Kind == SentencePieceKind.Normal && piece.Piece.Contains("the", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(SentencePieceAlgorithm.Bpe)]
    [InlineData(SentencePieceAlgorithm.Unigram)]
    public void Digits_stand_alone_and_white_space_goes_where_it_is_asked_to(SentencePieceAlgorithm algorithm)
    {
        var digits = Learnt(Options(algorithm) with { SplitDigits = true });
        Assert.DoesNotContain(digits, piece => piece.Length > 1 && piece.Any(char.IsAsciiDigit));
        var suffix = Learnt(Options(algorithm) with { TreatWhitespaceAsSuffix = true });
        Assert.DoesNotContain(suffix, piece => piece.Length > 1 && piece[0] == '\u2581');
        Assert.Contains("the\u2581", suffix);
        // A candidate of Unigram must go on in two ways.
        string[] phrases = [.. Enumerable.Range(0, 60).Select(number => $"new york{(number % 2 == 0 ? "ers" : "")} {number}")];
        Assert.Contains("\u2581new\u2581york", Learnt(Options(algorithm) with { SplitByWhitespace = false }, phrases));
    }

    [Fact]
    public void Too_much_or_too_little_room_is_an_error_unless_the_limit_is_soft()
    {
        static string Message(SentencePieceTrainerOptions options) => Assert.ThrowsAny<ArgumentException>(() => SentencePieceLearner.Learn(Texts, options, None)).Message;
        Assert.Contains("Or let it be an upper limit", Message(Options(SentencePieceAlgorithm.Unigram) with { HardVocabularyLimit = true, VocabularySize = int.MaxValue }), StringComparison.Ordinal);
        Assert.Contains("or lower", Message(Options(SentencePieceAlgorithm.Bpe) with { VocabularySize = 5 }), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("CharacterCoverage must be from 0.98 to 1", Message(Options(SentencePieceAlgorithm.Bpe) with { CharacterCoverage = 0.5f }), StringComparison.Ordinal);
        Assert.Contains("'x' stands there twice", Message(Options(SentencePieceAlgorithm.Bpe) with { ControlSymbols = ["x"], UserDefinedSymbols = ["x"] }), StringComparison.Ordinal);
        Assert.Contains("an id of its own; received 1", Message(Options(SentencePieceAlgorithm.Bpe) with { PaddingId = 1 }), StringComparison.Ordinal);
        Assert.Contains("2 texts were given", Assert.ThrowsAny<ArgumentException>(() => SentencePieceLearner.Learn(["", "\u2585"], Options(SentencePieceAlgorithm.Bpe), None)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SentencePieceAlgorithm.Bpe)]
    [InlineData(SentencePieceAlgorithm.Unigram)]
    public void A_trained_model_is_saved_loaded_and_used(SentencePieceAlgorithm algorithm)
    {
        const string Text = "the dog sat on the mat";
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".model");
        var trained = SentencePieceTrainer.Train(Texts, Options(algorithm) with { Normalizer = null, PaddingId = 3 }, None);
        try
        {
            trained.Save(path);
            var loaded = SentencePieceProcessor.Load(path);
            Assert.Equal(algorithm, loaded.Algorithm);
            Assert.Equal(3, loaded.Padding);
            Assert.Equal(Enumerable.Range(0, trained.VocabularySize).Select(id => (trained.PieceOf(id), trained.ScoreOf(id), trained.KindOf(id))), Enumerable.Range(0, loaded.VocabularySize).Select(id => (loaded.PieceOf(id), loaded.ScoreOf(id), loaded.KindOf(id))));
            var ids = loaded.Encode(Text).Select(token => token.Id).ToArray();
            Assert.Equal(trained.Encode(Text).Select(token => token.Id), ids);
            Assert.Equal(Text, loaded.Decode(ids));
            Assert.InRange(ids.Length, 6, Text.Length - 1);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_model_has_no_place_for_a_normalizer_that_is_no_table() =>
        Assert.Contains("must be null or a table", Assert.Throws<ArgumentException>(() => SentencePieceTrainer.Train(Texts, Options(SentencePieceAlgorithm.Bpe), None)).Message, StringComparison.Ordinal);

    private static SentencePieceTrainerOptions Options(SentencePieceAlgorithm algorithm) => new() { Algorithm = algorithm, VocabularySize = 70, HardVocabularyLimit = false };

    private static List<string> Learnt(SentencePieceTrainerOptions options, string[]? texts = null) => [.. SentencePieceLearner.Learn(texts ?? Texts, options, None).Pieces.Where(piece => piece.Kind == SentencePieceKind.Normal).Select(piece => piece.Piece)];
}
