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

    [Fact]
    public void Agrees_on_bert_s_questions()
    {
        var tokenizer = TokenizerFiles.LoadVocabulary(SharedFixtures.Path("data/tokenizers/bert-base-uncased/vocab.txt"));
        var questions = SharedFixtures.Json("data/tokenizers/bert-base-uncased/question_tokens.json").AsArray();
        var ids = SharedFixtures.Json("data/tokenizers/bert-base-uncased/tokenized_questions.json").AsArray();
        Assert.Equal(10_570, questions.Count);
        Assert.Equal(questions.Count, ids.Count);
        var encoded = tokenizer.EncodeBatch([.. questions.Select(question => (string)question!["original"]!)], new EncodingOptions { AddSpecialTokens = false }, TestContext.Current.CancellationToken);
        for (var i = 0; i < questions.Count; i++)
        {
            Assert.Equal(Texts(questions[i]!["basic"]), tokenizer.PreTokenizer!.PreTokenize(tokenizer.Normalizer!.Normalize((string)questions[i]!["original"]!)).Select(word => tokenizer.Normalizer.Normalize((string)questions[i]!["original"]!).Substring(word.Offset, word.Length)));
            Assert.Equal(Texts(questions[i]!["wordpiece"]), encoded[i].Tokens);
            Assert.Equal(Ints(ids[i]), encoded[i].Ids);
        }
    }

    private static IEnumerable<string> Texts(JsonNode? node) => node!.AsArray().Select(text => (string)text!);

    internal static TokenizerModel Load(string name) => name == "gpt2"
        ? TokenizerModel.LoadVocabularyAndMerges(SharedFixtures.Path("data/tokenizers/gpt2/encoder.json"), SharedFixtures.Path("data/tokenizers/gpt2/vocab.bpe"))
        : TokenizerModel.Load(SharedFixtures.Path($"data/tokenizers/{name}/tokenizer.json"));

    internal static int[] Ints(JsonNode? node) => [.. node!.AsArray().Select(value => (int)value!)];
}
