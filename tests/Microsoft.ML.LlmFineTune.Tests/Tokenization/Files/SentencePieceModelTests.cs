using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

public sealed class SentencePieceModelTests
{
    [Fact]
    public void What_is_written_is_read_again()
    {
        var model = new SentencePieceModel
        {
            Pieces = [new("<unk>", 0, SentencePieceKind.Unknown), new("\u2581\u00E4\U0001F600", -1.25f, SentencePieceKind.Normal), new("<x>", 7, SentencePieceKind.UserDefined), new("y", -2, SentencePieceKind.Unused)],
            Trainer = new()
            {
                Algorithm = SentencePieceAlgorithm.Bpe, TreatWhitespaceAsSuffix = true, ByteFallback = true, UnknownId = 4, BeginId = -1, EndId = 9, PaddingId = 3, UnknownPiece = "[U]", BeginPiece = "[B]", EndPiece = "[E]", PaddingPiece = "[P]", UnknownSurface = "?",
            },
            Normalizer = new() { Name = "nmt", CharsMap = new byte[] { 1, 2, 3 }, AddDummyPrefix = false, RemoveExtraWhitespaces = false, EscapeWhitespaces = false },
            Denormalizer = new() { Name = "back" },
        };
        var again = SentencePieceModel.Read(model.Write(), "model");
        Assert.Equal(model.Pieces, again.Pieces);
        Assert.Equal(model.Trainer, again.Trainer);
        Assert.Equal(model.Normalizer.CharsMap.ToArray(), again.Normalizer.CharsMap.ToArray());
        Assert.Equal(model.Normalizer with { CharsMap = default }, again.Normalizer with { CharsMap = default });
        Assert.Equal("back", again.Denormalizer?.Name);
    }

    // Field numbers and wire types as sentencepiece_model.proto has them, byte by byte.
    [Fact]
    public void The_bytes_are_those_of_the_format()
    {
        byte[] bytes =
        [
            0x0A, 0x0E, 0x0A, 0x05, (byte)'<', (byte)'u', (byte)'n', (byte)'k', (byte)'>', 0x15, 0, 0, 0, 0, 0x18, 2,
            0x0A, 0x08, 0x0A, 0x01, (byte)'a', 0x15, 0, 0, 0x80, 0xBF,
            0x12, 0x0D, 0x18, 2, 0xD8, 0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        ];
        // pad_id: field 43 (tag 0xD8 0x02), -1 in ten bytes.
        bytes[27] = 14;
        var model = SentencePieceModel.Read([.. bytes, 0x01], "model");
        Assert.Equal([new("<unk>", 0, SentencePieceKind.Unknown), new("a", -1, SentencePieceKind.Normal)], model.Pieces);
        Assert.Equal(SentencePieceAlgorithm.Bpe, model.Trainer.Algorithm);
        Assert.Equal(-1, model.Trainer.PaddingId);
        Assert.Equal((0, 1, 2), (model.Trainer.UnknownId, model.Trainer.BeginId, model.Trainer.EndId));
        Assert.True(model.Normalizer is { AddDummyPrefix: true, RemoveExtraWhitespaces: true, EscapeWhitespaces: true });
    }

    [Theory]
    [InlineData("bpe-1000-botchan")]
    [InlineData("unigram-1000-botchan")]
    public void Models_of_SentencePiece_s_own_trainer(string name)
    {
        var expected = SharedFixtures.Json($"golden/tokenizers/trainers-sentencepiece/{name}.json");
        var model = SentencePieceModel.Load(SharedFixtures.Path($"golden/tokenizers/trainers-sentencepiece/{name}.model"));
        Assert.Equal(expected["pieces"]!.AsArray().Select(piece => new SentencePieceEntry((string)piece![0]!, (float)piece[1]!, (SentencePieceKind)(int)piece[2]!)), model.Pieces);
        var again = new SentencePieceProcessor(SentencePieceModel.Read(model.Write(), name), name);
        Assert.NotEmpty(expected["encode"]!.AsArray());
        foreach (var encoded in expected["encode"]!.AsArray())
        {
            var tokens = again.Encode((string)encoded!["in"]!);
            Assert.Equal(encoded["ids"]!.AsArray().Select(id => (int)id!), tokens.Select(token => token.Id));
            Assert.Equal(encoded["pieces"]!.AsArray().Select(piece => (string)piece!), tokens.Select(token => token.Value));
            Assert.Equal((string)encoded["decoded"]!, again.Decode(tokens.Select(token => token.Id)));
        }
    }

    [Theory]
    [InlineData(new byte[] { }, "no pieces")]
    [InlineData(new byte[] { 0x0A, 0x05, 0x0A }, "byte 2: field 1 says it has 5 bytes; 1 are left")]
    [InlineData(new byte[] { 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F }, "are left")]
    [InlineData(new byte[] { 0x0A, 0x02, 0x08, 0x01 }, "byte 3: field 1 must have the wire type 2; it has 0")]
    [InlineData(new byte[] { 0x0A, 0x00 }, "piece 0 is empty")]
    [InlineData(new byte[] { 0x0A, 0x03, 0x0A, 0x01, 0xFF }, "not valid UTF-8")]
    [InlineData(new byte[] { 0x0A, 0x08, 0x0A, 0x01, 0x61, 0x15, 0, 0, 0xC0, 0x7F }, "the score of piece 0")]
    [InlineData(new byte[] { 0x0A, 0x05, 0x0A, 0x01, 0x61, 0x18, 9 }, "the type of piece 0")]
    [InlineData(new byte[] { 0x07 }, "wire type")]
    [InlineData(new byte[] { 0x80 }, "ends inside a number")]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01 }, "more than ten bytes")]
    [InlineData(new byte[] { 0x12, 0x02, 0x18, 0x05 }, "model_type")]
    public void Damage_is_refused_with_its_place(byte[] bytes, string complaint)
    {
        var error = Assert.Throws<InvalidDataException>(() => SentencePieceModel.Read(bytes, "the.model"));
        Assert.Contains("the.model", error.Message, StringComparison.Ordinal);
        Assert.Contains(complaint, error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Contradictions => new()
    {
        { "two unknown pieces", "one unknown piece" },
        { "no unknown piece", "no unknown piece" },
        { "a piece twice", "repeats piece" },
        { "a byte without byte_fallback", "byte_fallback is false" },
        { "a byte missing", "<0x41> is missing" },
        { "a byte of a wrong name", "must be named" },
    };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void Contradictions_are_refused(string what, string complaint)
    {
        SentencePieceEntry[] pieces = what switch
        {
            "two unknown pieces" => [.. TinyModels.Head, new("<unk2>", 0, SentencePieceKind.Unknown)],
            "no unknown piece" => [TinyModels.Normal("a", 0)],
            "a piece twice" => [.. TinyModels.Head, TinyModels.Normal("a", 0), TinyModels.Normal("a", -1)],
            "a byte without byte_fallback" => [.. TinyModels.Head, TinyModels.Bytes[0]],
            "a byte missing" => [.. TinyModels.Head, .. TinyModels.Bytes.Where((_, value) => value != 0x41)],
            _ => [.. TinyModels.Head, .. TinyModels.Bytes, new("<0x4g>", 0, SentencePieceKind.Byte)],
        };
        var model = new SentencePieceModel { Pieces = pieces, Trainer = new() { ByteFallback = what is "a byte missing" or "a byte of a wrong name" } };
        Assert.Contains(complaint, Assert.Throws<InvalidDataException>(() => new SentencePieceProcessor(model, "tiny")).Message, StringComparison.Ordinal);
    }
}
