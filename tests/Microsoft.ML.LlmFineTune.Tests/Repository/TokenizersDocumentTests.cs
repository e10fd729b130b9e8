using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/tokenizers.md shows compiles and runs.</summary>
public sealed class TokenizersDocumentTests
{
    [Fact]
    public void Its_code_is_the_one_that_is_compiled() => DocumentCode.AssertIsCompiled("tokenizers.md", "TokenizersExample.cs");

    [Fact]
    public void Its_code_runs()
    {
        string folder = ScratchFolder.New(), texts = Path.Combine(folder, "texts.txt");
        File.WriteAllLines(texts, Enumerable.Range(0, 300).Select(i => $"{(i % 2 == 0 ? "A film to see twice" : "What is it? Another film, which is longer")}, number {i}."));
        var (one, pair, batch, unigram, ids) = TokenizersExample.Run(texts, Path.Combine(folder, "tokenizer"), Path.Combine(folder, "model.zip"));
        Assert.Equal(("[CLS]", "[SEP]", "film"), (one.Tokens[0], one.Tokens[^1], one.Tokens[2]));
        Assert.Equal(12, pair.Count);
        Assert.Equal(batch[0].Count, batch[1].Count);
        Assert.Equal(1, unigram.Encode("A FILM").Ids[^1]);
        Assert.Equal(16, ids.Length);
    }
}
