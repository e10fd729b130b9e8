using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Tokenizers;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

public sealed class SentencePieceProcessorTests
{
    private static string Pieces(IEnumerable<EncodedToken> tokens) => string.Join(' ', tokens.Select(token => token.Value));

    // ▁ab: -2; ▁a b: -2.5; ▁ ab: -7; ▁ a b: -6.5.
    [Fact]
    public void Unigram_takes_the_most_probable_split()
    {
        var processor = TinyModels.Words.Processor();
        Assert.Equal([3], processor.EncodeToIds("ab"));
        Assert.Equal("\u2581ab \u2581a", Pieces(processor.Encode("  ab   a ")));
        Assert.Equal([new EncodedToken(3, "\u2581ab", 2..4), new EncodedToken(4, "\u2581a", 4..8)], processor.Encode("  ab   a "));
        Assert.Equal("ab a", processor.Decode([3, 4]));
        Assert.Equal("\u2581ab\u2581a", processor.Normalize("  ab   a "));
        Assert.Empty(processor.Encode(" \t".Replace('\t', ' ')));
    }

    [Fact]
    public void The_best_splits_come_in_order_with_their_scores()
    {
        var best = TinyModels.Words.Processor().NBestEncode("ab", 10);
        Assert.Equal(["\u2581ab", "\u2581a b", "\u2581 a b", "\u2581 ab"], best.Select(split => Pieces(split.Tokens)));
        Assert.Equal([-2, -2.5f, -6.5f, -7], best.Select(split => split.Score));
        Assert.Single(TinyModels.Words.Processor().NBestEncode("", 3), split => split.Tokens.Count == 0);
    }

    [Fact]
    public void Samples_follow_the_probabilities_and_the_seed()
    {
        var processor = TinyModels.Words.Processor();
        const int draws = 20_000;
        foreach (int? nbest in (int?[])[null, 4])
        {
            var random = new RandomStream(7);
            var counts = Enumerable.Range(0, draws).Select(_ => Pieces(processor.SampleEncode("ab", 0.5f, random, nbest))).CountBy(pieces => pieces).ToDictionary();
            double[] weights = [Math.Exp(-1), Math.Exp(-1.25), Math.Exp(-3.25), Math.Exp(-3.5)];
            foreach (var (pieces, weight) in new[] { "\u2581ab", "\u2581a b", "\u2581 a b", "\u2581 ab" }.Zip(weights))
            {
                var probability = weight / weights.Sum();
                // Five standard deviations.
                Assert.InRange(counts[pieces], (draws * probability) - (5 * Math.Sqrt(draws * probability)), (draws * probability) + (5 * Math.Sqrt(draws * probability)));
            }
        }
        string Drawn(ulong seed) => string.Join('|', Enumerable.Range(0, 20).Select(i => Pieces(processor.SampleEncode("ab ab", 0.1f, new RandomStream(seed, (ulong)i * 100)))));
        Assert.Equal(Drawn(3), Drawn(3));
        Assert.NotEqual(Drawn(3), Drawn(4));
    }

    [Fact]
    public void Unknown_neighbours_are_one_piece_with_their_text()
    {
        var processor = TinyModels.Words.Processor();
        var tokens = processor.Encode("a\u4E00\U0001F600 \uD800b");
        Assert.Equal([4, 0, 6, 0, 5], tokens.Select(token => token.Id));
        Assert.Equal("\u2581a|\u4E00\U0001F600|\u2581|\uFFFD|b", string.Join('|', tokens.Select(token => token.Value)));
        Assert.Equal([0..1, 1..4, 4..5, 5..6, 6..7], tokens.Select(token => token.Offset));
        Assert.Equal("a \u2047   \u2047 b", processor.Decode(tokens.Select(token => token.Id)));
        Assert.Equal("a\u4E00\U0001F600 \uFFFDb", processor.DecodePieces(tokens.Select(token => token.Value)));
    }

    [Fact]
    public void With_byte_fallback_unknown_characters_are_their_bytes()
    {
        var model = TinyModels.Of(SentencePieceAlgorithm.Unigram, [.. TinyModels.Bytes, TinyModels.Normal("\u2581", -1), TinyModels.Normal("a", -1)]);
        var processor = (model with { Trainer = model.Trainer with { ByteFallback = true } }).Processor();
        var tokens = processor.Encode("\u00E4a");
        Assert.Equal("\u2581 <0xC3> <0xA4> a", Pieces(tokens));
        Assert.Equal([0..0, 0..0, 0..1, 1..2], tokens.Select(token => token.Offset));
        Assert.Equal("\u00E4a", processor.Decode(tokens.Select(token => token.Id)));
        Assert.Equal("\uFFFDa", processor.Decode([processor.IdOf("<0xC3>"), processor.IdOf("a")]));
    }

    // Scores say in which order neighbours are merged: he, then ll, then hell; lo is too late.
    [Fact]
    public void Bpe_merges_by_score()
    {
        var processor = TinyModels.Of(SentencePieceAlgorithm.Bpe, TinyModels.Normal("he", -1), TinyModels.Normal("ll", -2), TinyModels.Normal("hell", -3), TinyModels.Normal("lo", -4),
            TinyModels.Normal("h", -5), TinyModels.Normal("e", -6), TinyModels.Normal("l", -7), TinyModels.Normal("o", -8), TinyModels.Normal("\u2581", -9)).Processor();
        Assert.Equal("\u2581 hell o", Pieces(processor.Encode("hello")));
        Assert.Equal("\u2581 lo l", Pieces(processor.Encode("lol")));
        Assert.Equal("\u2581 h e l l o", Pieces(processor.SampleEncode("hello", 1, new RandomStream(1))));
        Assert.Equal("\u2581 hell o", Pieces(processor.SampleEncode("hello", 0, new RandomStream(1))));
        Assert.True(Enumerable.Range(0, 50).Select(i => Pieces(processor.SampleEncode("hello", 0.5f, new RandomStream((ulong)i)))).Distinct().Count() > 3);
        Assert.Throws<InvalidOperationException>(() => processor.NBestEncode("hello", 2));
    }

    [Fact]
    public void An_unused_piece_is_a_step_that_is_taken_back()
    {
        var processor = TinyModels.Of(SentencePieceAlgorithm.Bpe, TinyModels.Normal("\u2581", -9), TinyModels.Normal("a", -9), TinyModels.Normal("b", -9), TinyModels.Normal("c", -9),
            new SentencePieceEntry("ab", -1, SentencePieceKind.Unused), TinyModels.Normal("abc", -2)).Processor();
        Assert.Equal("\u2581 abc", Pieces(processor.Encode("abc")));
        Assert.Equal("\u2581 a b b", Pieces(processor.Encode("abb")));
        Assert.Equal("\u2581a \u2581 b", Pieces(TinyModels.Unigram(TinyModels.Normal("\u2581", -9), TinyModels.Normal("b", -1), TinyModels.Normal("\u2581a", -2), new SentencePieceEntry("\u2581b", -1, SentencePieceKind.Unused)).Processor().Encode("a b")));
    }

    [Theory]
    [InlineData(SentencePieceAlgorithm.Unigram)]
    [InlineData(SentencePieceAlgorithm.Bpe)]
    [InlineData(SentencePieceAlgorithm.Char)]
    public void A_user_defined_symbol_is_always_one_piece(SentencePieceAlgorithm algorithm)
    {
        var processor = TinyModels.Of(algorithm, TinyModels.Normal("\u2581", -1), TinyModels.Normal("A", -1), TinyModels.Normal("A<", -0.5f), TinyModels.Normal("<", -1), TinyModels.Normal("b", -1), new SentencePieceEntry("<B>", 0, SentencePieceKind.UserDefined)).Processor();
        Assert.EndsWith("<B>", Pieces(processor.Encode("b<B>")), StringComparison.Ordinal);
        Assert.Equal("\u2581 b <B> b", Pieces(processor.Encode("b<B>b")));
    }

    // Rules of replacement leave user-defined symbols alone.
    [Fact]
    public void Normalization_replaces_longest_prefixes_but_no_symbols()
    {
        var model = TinyModels.Unigram(TinyModels.Normal("\u2581", -1), TinyModels.Normal("a", -1), TinyModels.Normal("xyz", -1), new SentencePieceEntry("<A>", 0, SentencePieceKind.UserDefined));
        var processor = (model with { Normalizer = model.Normalizer with { CharsMap = CharsMapBuilder.Build(("A", "a"), ("AB", "xyz"), ("\t", " ")) } }).Processor();
        var tokens = processor.Encode("\tABA <A>");
        Assert.Equal("\u2581 xyz a \u2581 <A>", Pieces(tokens));
        Assert.Equal([1..1, 1..3, 3..4, 4..5, 5..8], tokens.Select(token => token.Offset));
        Assert.Equal("\u2581xyza\u2581<A>", processor.Normalize("\tABA <A>"));
    }

    [Fact]
    public void The_specification_says_what_happens_to_white_space()
    {
        var model = TinyModels.Words;
        string Normalized(Func<SentencePieceNormalizerSpec, SentencePieceNormalizerSpec> change, bool suffix = false) =>
            (model with { Normalizer = change(model.Normalizer), Trainer = model.Trainer with { TreatWhitespaceAsSuffix = suffix } }).Processor().Normalize("  a  b ");
        Assert.Equal("\u2581a\u2581b", Normalized(spec => spec));
        Assert.Equal("a\u2581b", Normalized(spec => spec with { AddDummyPrefix = false }));
        Assert.Equal("\u2581\u2581\u2581a\u2581\u2581b\u2581", Normalized(spec => spec with { RemoveExtraWhitespaces = false }));
        Assert.Equal(" a b", Normalized(spec => spec with { EscapeWhitespaces = false }));
        Assert.Equal("a\u2581b\u2581", Normalized(spec => spec, suffix: true));
    }

    [Fact]
    public void Decoding_drops_the_begin_s_space_once_or_always()
    {
        var model = TinyModels.Words;
        Assert.Equal("ab", model.Processor().Decode([6, 3]));
        var kept = (model with { Normalizer = model.Normalizer with { RemoveExtraWhitespaces = false } }).Processor();
        Assert.Equal(" ab", kept.Decode([6, 3]));
        var plain = (model with { Normalizer = model.Normalizer with { RemoveExtraWhitespaces = false, AddDummyPrefix = false } }).Processor();
        Assert.Equal("  ab", plain.Decode([6, 3]));
        Assert.Equal("ab", model.Processor().Decode([1, 3, 2]));
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => model.Processor().Decode([3, 99]));
        Assert.Contains("99", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_denormalizer_goes_over_the_decoded_text()
    {
        var processor = (TinyModels.Words with { Denormalizer = new() { CharsMap = CharsMapBuilder.Build(("b", "B")), AddDummyPrefix = false, RemoveExtraWhitespaces = false, EscapeWhitespaces = false } }).Processor();
        Assert.Equal("aB a", processor.Decode([3, 4]));
    }

    [Fact]
    public void Words_and_characters()
    {
        var words = TinyModels.Of(SentencePieceAlgorithm.Word, TinyModels.Normal("\u2581ab", -1), TinyModels.Normal("\u2581c", -1)).Processor();
        Assert.Equal([3, 4, 0], words.EncodeToIds("ab c x"));
        var characters = TinyModels.Of(SentencePieceAlgorithm.Char, TinyModels.Normal("\u2581", -1), TinyModels.Normal("a", -1)).Processor();
        Assert.Equal([3, 4, 4, 3, 0], characters.EncodeToIds("aa \u4E00x"));
        Assert.Throws<InvalidOperationException>(() => words.SampleEncode("ab", 0.1f, new RandomStream(1)));
    }

    [Fact]
    public void Options_put_ends_around_the_pieces()
    {
        var processor = TinyModels.Words.Processor();
        var all = new SentencePieceEncodeOptions { AddBeginOfSequence = true, AddEndOfSequence = true, Reverse = true, EmitUnknownPiece = true };
        Assert.Equal("<s> <unk> \u2581ab </s>", Pieces(processor.Encode("abx", all)));
        Assert.Equal([0..0, 2..3, 0..2, 3..3], processor.Encode("abx", all).Select(token => token.Offset));
        var without = new SentencePieceModel { Pieces = [TinyModels.Head[0], .. TinyModels.Words.Pieces.Skip(3)] }.Processor();
        Assert.Null(without.BeginOfSequence);
        var error = Assert.Throws<InvalidOperationException>(() => without.Encode("ab", new() { AddBeginOfSequence = true }));
        Assert.Contains("'<s>'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_a_tokenizer_of_ML_NET()
    {
        Tokenizer tokenizer = TinyModels.Words.Processor();
        Assert.Equal(2, tokenizer.CountTokens("ab a"));
        Assert.Equal([3], tokenizer.EncodeToIds("ab a", 1, out _, out var consumed));
        Assert.Equal(2, consumed);
        Span<char> small = stackalloc char[2];
        Assert.Equal(System.Buffers.OperationStatus.DestinationTooSmall, tokenizer.Decode([3, 4], small, out var ids, out var written));
        Assert.Equal((0, 0), (ids, written));
        Span<char> buffer = stackalloc char[8];
        Assert.Equal(System.Buffers.OperationStatus.Done, tokenizer.Decode([3, 4], buffer, out ids, out written));
        Assert.Equal("ab a", buffer[..written].ToString());
    }

    // Long texts of one character have more equally good splits than can be kept.
    [Fact]
    public void Many_equal_splits_stay_within_bounds()
    {
        var processor = TinyModels.Unigram(TinyModels.Normal("\u2581", -1), TinyModels.Normal("a", -1), TinyModels.Normal("aa", -2), TinyModels.Normal("aaa", -3)).Processor();
        var best = processor.NBestEncode(new string('a', 2000), 50);
        Assert.Equal(50, best.Count);
        Assert.All(best, split => Assert.Equal(2001, split.Tokens.Sum(token => token.Value.Length)));
    }
}
