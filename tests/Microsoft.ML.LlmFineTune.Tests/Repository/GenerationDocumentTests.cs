using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Microsoft.ML.LlmFineTune.Tests.Generation;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/generation.md shows compiles and runs, and its table names every option.</summary>
public sealed class GenerationDocumentTests
{
    private static string Document => File.ReadAllText(Path.Combine(SourceTree.Root, "docs/generation.md"));

    [Fact]
    public void Its_code_is_the_one_that_is_compiled() => DocumentCode.AssertIsCompiled("generation.md", "GenerationExample.cs");

    [Fact]
    public void Its_code_runs()
    {
        string folder = ScratchFolder.New(), draft = ScratchFolder.New();
        Toy.Model().Save(folder);
        Toy.Model(seed: 2).Save(draft);
        using ToyEncoderDecoder encoderDecoder = new(new ToyEncoderDecoder.ToyConfig { VocabularySize = 128, MaximumLength = 40, EndOfText = [10] });
        var (streamed, beams, plain, drafted, answer, written, column) = GenerationExample.Run(folder, draft, encoderDecoder, TokenizerAdapter.Of(new CharacterTokenizer(), new TokenizerFacts(128, EndOfText: 10)));
        using LanguageModel model = LanguageModel.Load(folder);
        Assert.Equal(new TextGenerator(model.Decoder, model.Tokenizer).Generate("apple", new GenerationOptions { MaxNewTokens = 20, Temperature = 0.8, TopP = 0.95, RepetitionPenalty = 1.1, Seed = 1 }, TestContext.Current.CancellationToken).Text, streamed);
        Assert.Equal(4, beams.Count);
        Assert.True(beams[0].Score >= beams[1].Score);
        Assert.Equal(plain.Text, drafted.Text);
        Assert.Equal((2, FinishReason.EndToken), (answer.Tokens.Count, answer.Reason));
        Assert.NotNull(written.Score);
        Assert.Equal(2, column.Count);
    }

    [Fact]
    public void Its_tables_name_every_option()
    {
        string document = Document;
        Assert.All(typeof(GenerationOptions).GetProperties().Select(property => property.Name), name => Assert.Contains($"`{name}`", document, StringComparison.Ordinal));
    }
}
