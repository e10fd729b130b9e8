using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using TorchSharp;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

public sealed class TextGeneratorTests : IDisposable
{
    // Weights far from zero make the tokens differ.
    private static readonly Gpt2Config Config = new() { VocabularySize = 128, MaximumLength = 24, Width = 16, Layers = 2, Heads = 2, InitializerRange = 1, EndOfText = [10] };
    private readonly Gpt2Model _model;
    private readonly TextGenerator _generator;
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public TextGeneratorTests()
    {
        NativeRuntime.Initialize();
        _model = New(Config);
        _generator = new TextGenerator(_model, Tokenizer());
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void ATextDependsOnSeedAndPromptAlone()
    {
        GenerationOptions options = new() { MaxNewTokens = 12, Seed = 4 };
        IReadOnlyList<GeneratedText> together = _generator.Generate(["a longer prompt", "short", "a longer prompt"], options, _cancellation);
        Assert.Equal(together[0].Text, together[2].Text);
        Assert.Equal(together[1].Text, _generator.Generate("short", options, _cancellation).Text);
        Assert.Equal(together[0].Tokens, _generator.Generate("a longer prompt", options, _cancellation).Tokens);
        Assert.NotEqual(together[1].Text, _generator.Generate("short", options with { Seed = 5 }, _cancellation).Text);
    }

    [Fact]
    public void PhiReadsItsTextAnewWhereItGetsLongerThanTheOriginalLength()
    {
        LlamaConfig phi = new()
        {
            Kind = LlamaKind.Phi3, VocabularySize = 40, TrainedLength = 48, Width = 16, InnerWidth = 24, Layers = 2, Heads = 2, KeyValueHeads = 2, InitializerRange = 1,
            Rotary = new() { Scaling = new LongRopeScaling([1, 1, 1, 1], [1, 3, 7, 20], OriginalLength: 8, Factor: 6) },
        };
        GenerationOptions options = new() { Temperature = 0, MaxNewTokens = 20, EndTokens = [] };
        int[][] prompts = [[1, 2, 3, 4], [5, 6]];
        Assert.Equal(8, phi.RereadLength);
        Assert.Equal(Of(phi, options with { UseCache = false }), Of(phi, options));
        // The relatives keep the keys that they have, and so tell another story.
        LlamaConfig llama = phi with { Kind = LlamaKind.Llama };
        Assert.Null(llama.RereadLength);
        Assert.NotEqual(Of(llama, options with { UseCache = false }), Of(llama, options));

        IReadOnlyList<int>[] Of(LlamaConfig config, GenerationOptions given)
        {
            using LlamaModel model = new(config);
            model.Initialize(new RandomStream(3));
            return [.. new TokenGenerator(model).Generate(prompts, given, _cancellation).Select(text => text.Tokens)];
        }
    }

    [Fact]
    public void PiecesAreTheText()
    {
        foreach (string stop in (string[])["###", "e"])
        {
            for (int seed = 0; seed < 8; seed++)
            {
                GenerationOptions options = new() { MaxNewTokens = 15, Seed = seed, StopStrings = [stop] };
                GeneratedText whole = _generator.Generate("prompt", options, _cancellation);
                Assert.Equal(whole.Text, string.Concat(_generator.Stream("prompt", options, _cancellation)));
                Assert.DoesNotContain(stop, whole.Text, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void AStopStringEndsTheText()
    {
        GenerationOptions options = new() { MaxNewTokens = 15, Seed = 1, EndTokens = [] };
        string text = _generator.Generate("prompt", options, _cancellation).Text;
        string stop = text[5..8];
        GeneratedText stopped = _generator.Generate("prompt", options with { StopStrings = [stop] }, _cancellation);
        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], stopped.Text);
        Assert.Equal(FinishReason.StopString, stopped.Reason);
    }

    [Fact]
    public void AnEndTokenEndsTheTextAndIsNotInIt()
    {
        GenerationOptions options = new() { MaxNewTokens = 15, Seed = 1, EndTokens = [] };
        GeneratedText whole = _generator.Generate("prompt", options, _cancellation);
        GeneratedText ended = _generator.Generate("prompt", options with { EndTokens = [whole.Tokens[4]] }, _cancellation);
        int end = whole.Tokens.ToList().IndexOf(whole.Tokens[4]);
        Assert.Equal(whole.Tokens.Take(end + 1), ended.Tokens);
        Assert.Equal(whole.Text[..end], ended.Text);
        Assert.Equal(FinishReason.EndToken, ended.Reason);
    }

    [Fact]
    public void RowsThatEndEarlyLeaveTheOthersAsTheyAre()
    {
        TokenGenerator generator = new(_model);
        // Many tokens end a text: rows end at different steps.
        GenerationOptions options = new() { MaxNewTokens = 20, Seed = 9, EndTokens = [.. Enumerable.Range(100, 12)] };
        int[][] prompts = [.. Enumerable.Range(1, 9).Select(length => Enumerable.Range(40, length).ToArray())];
        IReadOnlyList<GeneratedTokens> together = generator.Generate(prompts, options, _cancellation);
        Assert.True(together.Select(result => result.Tokens.Count).Distinct().Count() > 2);
        foreach ((int[] prompt, GeneratedTokens result) in prompts.Zip(together)) Assert.Equal(generator.Generate([prompt], options, _cancellation)[0].Tokens, result.Tokens);
    }

    [Fact]
    public void LongTextsKeepWhatTheModelCanRead()
    {
        string prompt = new('x', 40);
        GeneratedText text = _generator.Generate(prompt, new GenerationOptions { MaxNewTokens = 50, Seed = 2, EndTokens = [] }, _cancellation);
        Assert.Equal(50, text.Tokens.Count);
        Assert.Equal(40 - 12, text.PromptTokensDropped);   // half of the 24 positions stay the prompt's
        Assert.Equal(FinishReason.Length, text.Reason);
        Assert.Equal(0, _generator.Generate(prompt[..20], new GenerationOptions { MaxNewTokens = 4 }, _cancellation).PromptTokensDropped);
    }

    [Fact]
    public void ForgettingTheOlderHalfIsReadingTheNewerAnew()
    {
        TokenGenerator generator = new(_model);
        GenerationOptions options = new() { Temperature = 0, MaxNewTokens = 30, EndTokens = [] };
        int[] prompt = [65, 66, 67, 68];
        List<int> tokens = [.. prompt];
        IReadOnlyList<int> generated = generator.Generate([prompt], options, _cancellation)[0].Tokens;
        int first = 0;
        foreach (int token in generated)
        {
            if (tokens.Count - first > 24) first = tokens.Count - 12;
            Assert.Equal(token, generator.Generate([tokens[first..]], options with { MaxNewTokens = 1 }, _cancellation)[0].Tokens[0]);
            tokens.Add(token);
        }
    }

    [Fact]
    public void CancellationStopsAndTheModelsModeComesBack()
    {
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        _model.train();
        Assert.Throws<OperationCanceledException>(() => _generator.Generate("prompt", null, cancelled.Token));
        Assert.True(_model.training);
        _generator.Generate("prompt", new GenerationOptions { MaxNewTokens = 1 }, _cancellation);
        Assert.True(_model.training);
    }

    [Fact]
    public void AnEmptyPromptNeedsABeginning()
    {
        Assert.NotEmpty(_generator.Generate("", new GenerationOptions { Seed = 3, EndTokens = [] }, _cancellation).Text);
        using Gpt2Model model = New(Config with { EndOfText = [] });
        Assert.Contains("empty prompt", Assert.Throws<ArgumentException>(() => new TextGenerator(model, Tokenizer()).Generate("", null, _cancellation)).Message, StringComparison.Ordinal);
        Assert.Empty(_generator.Generate((IReadOnlyList<string>)[], null, _cancellation));
    }

    [Fact]
    public void AForeignTokenizerIsRefused()
    {
        using Gpt2Model model = New(Config with { VocabularySize = 100 });
        Assert.Contains("it knows 100, the tokenizer has 128", Assert.Throws<ArgumentException>(() => new TextGenerator(model, Tokenizer())).Message, StringComparison.Ordinal);
        Assert.Contains("Tokens 0 to 99 are known. Prompt 0 has 100", Assert.Throws<ArgumentException>(() => new TokenGenerator(model).Generate([[100]], null, _cancellation)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TokensThatTheTokenizerLacksAreNeverChosen()
    {
        using Gpt2Model model = New(Config with { VocabularySize = 500 });
        GeneratedText text = new TextGenerator(model, Tokenizer()).Generate("prompt", new GenerationOptions { MaxNewTokens = 60, EndTokens = [] }, _cancellation);
        Assert.All(text.Tokens, token => Assert.InRange(token, 0, 127));
    }

    [Fact]
    public void NoTensorIsLeftBehind()
    {
        GenerationOptions options = new() { MaxNewTokens = 30, EndTokens = [.. Enumerable.Range(100, 12)] };
        _generator.Generate(["a", "longer prompt"], options, _cancellation);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        _generator.Generate(["a", "longer prompt"], options, _cancellation);
        _ = _generator.Stream("prompt", options, _cancellation).Take(2).Count();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void OptionsOutOfRangeAreRefused()
    {
        GenerationOptions options = new();
        foreach (GenerationOptions wrong in (GenerationOptions[])[
            options with { MaxNewTokens = 0 }, options with { MinNewTokens = -1 }, options with { MinNewTokens = 65 }, options with { Temperature = -1 }, options with { Temperature = double.NaN },
            options with { TopK = -1 }, options with { TopP = 1.5 }, options with { RepetitionPenalty = 0 }, options with { NoRepeatNGramSize = -1 }, options with { StopStrings = [""] }])
        {
            Assert.ThrowsAny<ArgumentException>(() => _generator.Generate("prompt", wrong, _cancellation));
        }
        Assert.Equal((64, 0, 1.0, 0, 1.0, 1.0, 0, 0L, 0, null), (options.MaxNewTokens, options.MinNewTokens, options.Temperature, options.TopK, options.TopP, options.RepetitionPenalty, options.NoRepeatNGramSize, options.Seed, options.StopStrings.Count, options.EndTokens));
    }

    [Fact]
    public void BeamsAreGivenWholeAndStopAtStopStrings()
    {
        GenerationOptions options = new() { MaxNewTokens = 12, Beams = 3, ReturnSequences = 3, EndTokens = [] };
        IReadOnlyList<GeneratedText> texts = _generator.Generate(["prompt", "other"], options, _cancellation);
        Assert.Equal(6, texts.Count);
        Assert.All(texts, text => Assert.Equal(string.Concat(text.Tokens.Select(token => (char)token)), text.Text));
        string stop = texts[0].Text[3..5];
        // A penalty on length, so that what ends early stays among the best.
        IReadOnlyList<GeneratedText> stopped = _generator.Generate(["prompt"], options with { StopStrings = [stop], LengthPenalty = -2 }, _cancellation);
        GeneratedText ended = Assert.Single(stopped, text => text.Text == texts[0].Text[..texts[0].Text.IndexOf(stop, StringComparison.Ordinal)]);
        Assert.Equal(FinishReason.StopString, ended.Reason);
        Assert.All(stopped, text => Assert.DoesNotContain(stop, text.Text, StringComparison.Ordinal));
        Assert.Contains("3 beams", Assert.Throws<ArgumentException>(() => _generator.Stream("prompt", options with { ReturnSequences = 1 }, _cancellation).ToList()).Message, StringComparison.Ordinal);
        Assert.Contains("ReturnSequences asks for 3", Assert.Throws<ArgumentException>(() => _generator.Generate("prompt", options, _cancellation)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PiecesAreTheTextWhateverTheStrategy()
    {
        using Gpt2Model draft = New(Config with { Layers = 1 });
        TextGenerator drafting = new(_model, Tokenizer()) { Draft = draft };
        foreach (string stop in (string[])["###", "e"])
        {
            GenerationOptions options = new() { MaxNewTokens = 15, StopStrings = [stop], EndTokens = [], AssistantConfidence = 0 };
            foreach ((TextGenerator generator, GenerationOptions asked) in (IEnumerable<(TextGenerator, GenerationOptions)>)
                [(_generator, options with { ContrastivePenalty = 0.5, TopK = 4 }), (_generator, options with { PromptLookupTokens = 4 }), (drafting, options with { Temperature = 0 }), (_generator, options with { Mirostat = 2 })])
            {
                GeneratedText whole = generator.Generate("abcabcabc", asked, _cancellation);
                Assert.Equal(whole.Text, string.Concat(generator.Stream("abcabcabc", asked, _cancellation)));
                Assert.DoesNotContain(stop, whole.Text, StringComparison.Ordinal);
            }
            Assert.Equal(_generator.Generate("abcabcabc", options with { Temperature = 0 }, _cancellation).Tokens, drafting.Generate("abcabcabc", options with { Temperature = 0 }, _cancellation).Tokens);
        }
    }

    private static Gpt2Model New(Gpt2Config config)
    {
        Gpt2Model model = new(config);
        model.Initialize(new RandomStream(1));
        return model;
    }

    private static TokenizerAdapter Tokenizer() => TokenizerAdapter.Of(new CharacterTokenizer(), new TokenizerFacts(128));
}
