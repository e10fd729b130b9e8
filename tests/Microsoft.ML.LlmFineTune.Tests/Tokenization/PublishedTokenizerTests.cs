using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization;

/// <summary>Published tokenizers against published answers. (Those of Hugging Face's library are golden checks.)</summary>
public sealed class PublishedTokenizerTests
{
    [Fact]
    public void Reads_the_two_files_of_gpt2()
    {
        var tokenizer = Load("gpt2");
        Assert.Equal(50257, tokenizer.VocabularySize);
        Assert.Equal(50256, tokenizer.EndOfText);
        var vector = SharedFixtures.Json("data/tokenizers/gpt2/encoded_tokens.vector.json");
        Assert.Equal(Ints(vector["token_ids"]), tokenizer.EncodeToIds((string)vector["text"]!));
        Assert.Equal([15496, 11, 995, 0, 50256], tokenizer.EncodeToIds("Hello, world!<|endoftext|>"));
    }

    [Theory]
    [InlineData("gpt-2", "gpt2")]
    [InlineData("roberta-bpe", "roberta")]
    public void Agrees_on_the_vectors_of_llama_cpp(string vectors, string name)
    {
        var tokenizer = Load(name);
        var texts = SharedFixtures.Text($"data/tokenizers/llamacpp-vectors/{vectors}.inp").Split("\n__ggml_vocab_test__\n");
        var ids = SharedFixtures.Text($"data/tokenizers/llamacpp-vectors/{vectors}.out").Split('\n');
        Assert.InRange(texts.Length, 40, ids.Length);
        for (var i = 0; i < texts.Length; i++)
            Assert.Equal(ids[i].Trim(), string.Join(' ', tokenizer.EncodeToIds(texts[i])));
    }

    internal static TokenizerModel Load(string name) => name == "gpt2"
        ? TokenizerModel.LoadVocabularyAndMerges(SharedFixtures.Path("data/tokenizers/gpt2/encoder.json"), SharedFixtures.Path("data/tokenizers/gpt2/vocab.bpe"))
        : TokenizerModel.Load(SharedFixtures.Path($"data/tokenizers/{name}/tokenizer.json"));

    internal static int[] Ints(JsonNode? node) => [.. node!.AsArray().Select(value => (int)value!)];
}
