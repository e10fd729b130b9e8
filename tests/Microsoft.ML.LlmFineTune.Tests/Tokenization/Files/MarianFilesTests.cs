using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

public sealed class MarianFilesTests
{
    private static readonly Dictionary<string, int> Shared = new() { ["</s>"] = 0, ["<unk>"] = 1, ["\u2581ab"] = 2, ["\u2581"] = 3, ["a"] = 4, ["\u2581ba"] = 5, ["b"] = 6, [">>fr<<"] = 7, ["<pad>"] = 8 };

    private static readonly SentencePieceModel Source = TinyModels.Unigram(TinyModels.Normal("\u2581ab", -1), TinyModels.Normal("\u2581", -2), TinyModels.Normal("a", -3), TinyModels.Normal("b", -3));

    private static readonly SentencePieceModel Target = TinyModels.Unigram(TinyModels.Normal("\u2581ba", -1), TinyModels.Normal("\u2581", -2), TinyModels.Normal("a", -3), TinyModels.Normal("b", -3));

    private static TokenizerModel Tokenizer(SentencePieceModel model) => TokenizerJsonReader.Read(MarianFiles.ToTokenizerJson(model, Shared, new()), "tiny");

    [Fact]
    public void Each_language_splits_by_its_own_pieces_into_shared_ids()
    {
        Assert.Equal([2, 3, 6, 4, 0], Tokenizer(Source).Encode("ab ba", new EncodingOptions()).Ids);
        Assert.Equal([3, 4, 6, 5, 0], Tokenizer(Target).Encode("ab ba", new EncodingOptions()).Ids);
        Assert.Equal("ab ba", Tokenizer(Target).Decode([3, 4, 6, 5]));
    }

    [Fact]
    public void A_language_code_is_one_token_and_the_unknown_is_unknown()
    {
        Assert.Equal([7, 2, 0], Tokenizer(Source).Encode(">>fr<< ab", new EncodingOptions()).Ids);
        Assert.Equal([3, 1], Tokenizer(Source).EncodeToIds("\u4E00"));
    }

    [Fact]
    public void The_vocabulary_must_be_numbered_without_gaps()
    {
        var error = Assert.Throws<InvalidDataException>(() => MarianFiles.ToTokenizerJson(Source, new() { ["</s>"] = 0, ["<unk>"] = 2 }, new()));
        Assert.Contains("'<unk>' has the id 2", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => MarianFiles.ToTokenizerJson(Source, new() { ["</s>"] = 0, ["a"] = 1 }, new()));
        Assert.Throws<NotSupportedException>(() => MarianFiles.ToTokenizerJson(TinyModels.Of(SentencePieceAlgorithm.Bpe), Shared, new()));
    }
}
