using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

/// <summary>Encoder-decoders, and models that cannot take back what they have read, through the same machine.</summary>
public sealed class EncoderDecoderTests : IDisposable
{
    private static readonly int[][] Sources = [[3, 5, 9, 2], [7, 2], [4, 4, 8, 11, 6, 2]];
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private readonly ToyEncoderDecoder _model;

    public EncoderDecoderTests()
    {
        NativeRuntime.Initialize();
        _model = new ToyEncoderDecoder(new ToyEncoderDecoder.ToyConfig { EndOfText = [2], Padding = 0 });
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Greedy_tokens_are_those_of_the_whole_target()
    {
        GenerationOptions options = new() { Temperature = 0, MaxNewTokens = 8, EndTokens = [] };
        IReadOnlyList<GeneratedTokens> results = Generate(options);
        for (int i = 0; i < Sources.Length; i++)
        {
            List<int> target = [1];
            while (target.Count < 9) target.Add(Best(Sources[i], target));
            Assert.Equal(target.Skip(1), results[i].Tokens);
        }
        Assert.Equal(3, results.Select(result => string.Join(' ', result.Tokens)).Distinct().Count());
        Assert.NotEqual(results[0].Tokens, Generate(options with { DecoderStartToken = 6 })[0].Tokens);

        int Best(int[] source, List<int> target)
        {
            using IDisposable withoutGradients = no_grad();
            using IDisposable scope = NewDisposeScope();
            Tensor memory = _model.Encode(tensor(source.Select(token => (long)token).ToArray(), [1, source.Length]));
            return (int)_model.Logits(_model.Decode(tensor(target.Select(token => (long)token).ToArray(), [1, target.Count]), memory))[0, -1].argmax().item<long>();
        }
    }

    [Fact]
    public void Every_strategy_gives_a_row_the_same_alone_and_in_a_batch()
    {
        GenerationOptions options = new() { MaxNewTokens = 9, Seed = 3 };
        foreach (GenerationOptions asked in (GenerationOptions[])
        [
            options, options with { Temperature = 0 }, options with { ReturnSequences = 2 }, options with { Beams = 3, ReturnSequences = 3 }, options with { Beams = 2, DoSample = true, TopK = 5 },
            options with { ContrastivePenalty = 0.4, TopK = 3 }, options with { PromptLookupTokens = 3 }, options with { Mirostat = 2, MirostatTarget = 2 }, options with { UseCache = false, Beams = 2 },
        ])
        {
            IReadOnlyList<GeneratedTokens> together = Generate(asked);
            for (int i = 0; i < Sources.Length; i++)
                Assert.Equal(new TokenGenerator(_model).Generate([Sources[i]], asked, _cancellation).Select(Text), together.Skip(i * asked.ReturnSequences).Take(asked.ReturnSequences).Select(Text));
        }
    }

    [Fact]
    public void A_source_is_read_once()
    {
        int before = _model.Encoded;
        Generate(new GenerationOptions { Beams = 4, ReturnSequences = 2, MaxNewTokens = 6 });
        Assert.Equal(Sources.Length, _model.Encoded - before);
    }

    [Fact]
    public void A_model_in_training_reads_in_evaluation_mode_and_goes_back()
    {
        _model.train();
        Generate(new GenerationOptions { MaxNewTokens = 2 });
        Assert.Equal((false, true), (_model.EncodedInTraining, _model.training));
        Assert.ThrowsAny<ArgumentException>(() => new TokenGenerator(_model).Generate([[99]], null, _cancellation));
        Assert.True(_model.training);
    }

    [Fact]
    public void Lengths_and_forced_tokens_count_from_the_start_token()
    {
        GenerationOptions options = new() { Beams = 2, MaxNewTokens = 9, MaxLength = 6, MinLength = 4, ForcedBeginToken = 8, ForcedEndTokens = [2], BeginSuppressTokens = [9] };
        foreach (GeneratedTokens result in Generate(options))
        {
            Assert.Equal(8, result.Tokens[0]);
            Assert.NotEqual(9, result.Tokens[1]);
            Assert.InRange(result.Tokens.Count, 4, 5);
            Assert.Equal((2, FinishReason.EndToken), (result.Tokens[^1], result.Reason));
        }
    }

    [Fact]
    public void Steps_of_the_source_see_what_the_encoder_read()
    {
        GenerationOptions options = new() { Temperature = 0, MaxNewTokens = 10, EndTokens = [], EncoderNoRepeatNGramSize = 1 };
        foreach ((int[] source, GeneratedTokens result) in Sources.Zip(Generate(options))) Assert.Empty(result.Tokens.Intersect(source));
        // A strong reward keeps a text to its source.
        foreach ((int[] source, GeneratedTokens result) in Sources.Zip(Generate(options with { EncoderNoRepeatNGramSize = 0, EncoderRepetitionPenalty = 1e4 }))) Assert.Empty(result.Tokens.Except(source));
    }

    [Fact]
    public void Of_a_long_source_the_end_stays()
    {
        int[] source = [.. Enumerable.Range(3, 13), .. Enumerable.Range(3, 3), 2];
        GenerationOptions options = new() { Temperature = 0, MaxNewTokens = 5, EndTokens = [] };
        GeneratedTokens result = new TokenGenerator(_model).Generate([source], options, _cancellation)[0];
        Assert.Equal(source.Length - 12, result.PromptTokensDropped);
        Assert.Equal(new TokenGenerator(_model).Generate([[.. source[..11], 2]], options, _cancellation)[0].Tokens, result.Tokens);
    }

    [Fact]
    public void A_draft_of_the_same_kind_leaves_the_best_tokens_as_they_are()
    {
        using ToyEncoderDecoder draft = new(new ToyEncoderDecoder.ToyConfig(), seed: 2);
        GenerationOptions options = new() { Temperature = 0, MaxNewTokens = 10, EndTokens = [], AssistantConfidence = 0, AssistantTokens = 3 };
        Assert.Equal(Generate(options).Select(Text), new TokenGenerator(_model) { Draft = draft }.Generate(Sources, options, _cancellation).Select(Text));
        using Gpt2Model decoder = ToyDecoders.New(ToyDecoders.Config);
        Assert.Contains("a gpt2 was given to a toy", Assert.Throws<ArgumentException>(() => new TokenGenerator(_model) { Draft = decoder }.Generate(Sources, options, _cancellation)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_cannot_take_back_gets_no_drafts()
    {
        using ToyEncoderDecoder model = new(canCutBack: false);
        Assert.Equal(Generate(new GenerationOptions { Beams = 2, EndTokens = [] }).Select(Text), new TokenGenerator(model).Generate(Sources, new GenerationOptions { Beams = 2, EndTokens = [] }, _cancellation).Select(Text));
        Assert.Contains("cannot take back", Assert.Throws<NotSupportedException>(() => new TokenGenerator(model).Generate(Sources, new GenerationOptions { PromptLookupTokens = 2 }, _cancellation)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_are_written_from_texts()
    {
        using ToyEncoderDecoder model = new(new ToyEncoderDecoder.ToyConfig { VocabularySize = 128, EndOfText = [10] });
        TextGenerator generator = new(model, TokenizerAdapter.Of(new CharacterTokenizer(), new TokenizerFacts(128, EndOfText: 10)));
        GenerationOptions options = new() { MaxNewTokens = 8, Beams = 3, ReturnSequences = 2 };
        IReadOnlyList<GeneratedText> texts = generator.Generate(["one", "another"], options, _cancellation);
        Assert.Equal(4, texts.Count);
        Assert.Equal(new TokenGenerator(model).Generate([[.. "one".Select(character => (int)character), 10]], options, _cancellation).Select(Text), texts.Take(2).Select(text => string.Join(' ', text.Tokens)));
        Assert.Equal(generator.Generate("one", new GenerationOptions { MaxNewTokens = 8 }, _cancellation).Text, string.Concat(generator.Stream("one", new GenerationOptions { MaxNewTokens = 8 }, _cancellation)));
        Assert.NotEmpty(generator.Generate("", new GenerationOptions { EndTokens = [] }, _cancellation).Text);
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        foreach (GenerationOptions options in (GenerationOptions[])[new() { Beams = 3 }, new() { ReturnSequences = 2 }, new() { PromptLookupTokens = 2 }])
        {
            Generate(options);
            long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            Generate(options);
            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    private static string Text(GeneratedTokens result) => string.Join(' ', result.Tokens);

    private IReadOnlyList<GeneratedTokens> Generate(GenerationOptions options) => new TokenGenerator(_model).Generate(Sources, options, _cancellation);
}
