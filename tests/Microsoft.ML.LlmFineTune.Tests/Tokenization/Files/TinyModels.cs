using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

/// <summary>SentencePiece models small enough for pencil and paper.</summary>
internal static class TinyModels
{
    public static SentencePieceEntry Control(string piece) => new(piece, 0, SentencePieceKind.Control);

    public static SentencePieceEntry Normal(string piece, float score) => new(piece, score, SentencePieceKind.Normal);

    public static SentencePieceEntry[] Head => [new("<unk>", 0, SentencePieceKind.Unknown), Control("<s>"), Control("</s>")];

    public static SentencePieceModel Unigram(params SentencePieceEntry[] pieces) => Of(SentencePieceAlgorithm.Unigram, pieces);

    public static SentencePieceModel Of(SentencePieceAlgorithm algorithm, params SentencePieceEntry[] pieces) =>
        new() { Pieces = [.. Head, .. pieces], Trainer = new() { Algorithm = algorithm }, Normalizer = new() };

    /// <summary>ids 3 to 9: the words "ab", "a", "b", "c" with their spaces.</summary>
    public static SentencePieceModel Words => Unigram(Normal("\u2581ab", -2), Normal("\u2581a", -1.5f), Normal("b", -1), Normal("\u2581", -3), Normal("a", -2.5f), Normal("ab", -4), Normal("c", -5));

    public static SentencePieceEntry[] Bytes => [.. Enumerable.Range(0, 256).Select(value => new SentencePieceEntry($"<0x{value:X2}>", 0, SentencePieceKind.Byte))];

    public static SentencePieceProcessor Processor(this SentencePieceModel model) => new(SentencePieceModel.Read(model.Write(), "tiny"), "tiny");
}
