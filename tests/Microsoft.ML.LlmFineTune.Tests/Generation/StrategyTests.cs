using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using TorchSharp;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

/// <summary>Drafts, contrastive search, several texts of a prompt, limits, and what does not go together.</summary>
public sealed class StrategyTests : IDisposable
{
    private static readonly int[][] Prompts = [[3, 5, 1], [7], [2, 9, 4, 4, 11], [6, 7, 8, 6, 7, 8, 6]];
    private readonly Gpt2Model _model = ToyDecoders.New(ToyDecoders.Config);
    private readonly Gpt2Model _draft = ToyDecoders.New(ToyDecoders.Config with { Layers = 1 }, seed: 2);
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public static TheoryData<AssistantSchedule, double, int> Drafts => new()
    {
        { AssistantSchedule.Constant, 0, 5 }, { AssistantSchedule.Heuristic, 0, 1 }, { AssistantSchedule.Constant, 0.4, 20 }, { AssistantSchedule.Heuristic, 1, 3 },
    };

    public void Dispose()
    {
        _model.Dispose();
        _draft.Dispose();
    }

    [Theory]
    [MemberData(nameof(Drafts))]
    public void A_draft_leaves_the_best_tokens_as_they_are(AssistantSchedule schedule, double confidence, int tokens)
    {
        GenerationOptions options = new()
        {
            Temperature = 0, MaxNewTokens = 25, RepetitionPenalty = 1.1, NoRepeatNGramSize = 4, MinNewTokens = 3, AssistantSchedule = schedule, AssistantConfidence = confidence, AssistantTokens = tokens,
        };
        Equal(Generate(options), Generate(options, _draft));
        // The model itself is the best of drafts, and the worst is one that says the contrary.
        Equal(Generate(options), Generate(options, _model));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 4)]
    [InlineData(3, 10)]
    public void Looking_up_the_prompt_leaves_best_and_drawn_tokens_as_they_are(int size, int tokens)
    {
        GenerationOptions options = new() { MaxNewTokens = 25, Seed = 4, PromptLookupNGramSize = size };
        foreach (GenerationOptions asked in (GenerationOptions[])[options with { Temperature = 0 }, options with { Temperature = 0.3 }, options with { ReturnSequences = 3, TopK = 3 }])
            Equal(Generate(asked), Generate(asked with { PromptLookupTokens = tokens }));
    }

    [Fact]
    public void Drafts_go_on_when_positions_have_run_out()
    {
        using Gpt2Model model = ToyDecoders.New(ToyDecoders.Config with { MaximumLength = 9 }), draft = ToyDecoders.New(ToyDecoders.Config with { MaximumLength = 7 }, seed: 3);
        GenerationOptions options = new() { Temperature = 0, MaxNewTokens = 40, EndTokens = [], AssistantConfidence = 0, AssistantTokens = 4 };
        IReadOnlyList<GeneratedTokens> plain = new TokenGenerator(model).Generate(Prompts, options, _cancellation);
        Equal(plain, new TokenGenerator(model) { Draft = draft }.Generate(Prompts, options, _cancellation));
        Equal(plain, new TokenGenerator(model).Generate(Prompts, options with { PromptLookupTokens = 5 }, _cancellation));
        Equal(plain, new TokenGenerator(model).Generate(Prompts, options with { PromptLookupTokens = 5, UseCache = false }, _cancellation));
    }

    [Fact]
    public void Drawn_tokens_have_the_models_distribution_whatever_the_draft()
    {
        using Gpt2Model model = ToyDecoders.New(ToyDecoders.Config with { VocabularySize = 5 }), draft = ToyDecoders.New(ToyDecoders.Config with { VocabularySize = 5 }, seed: 2);
        const int texts = 1500;
        GenerationOptions options = new() { MaxNewTokens = 3, ReturnSequences = texts, EndTokens = [], AssistantConfidence = 0, AssistantTokens = 2, Temperature = 1.5 };
        IReadOnlyList<GeneratedTokens> drawn = new TokenGenerator(model) { Draft = draft }.Generate([[1, 2]], options, _cancellation);
        double[] probabilities = Tempered([1, 2]);
        for (int first = 0; first < 5; first++)
        {
            Assert.Equal(probabilities[first], drawn.Count(result => result.Tokens[0] == first) / (double)texts, 0.05);
            double[] following = Tempered([1, 2, first]);
            for (int second = 0; second < 5; second++)
                Assert.Equal(probabilities[first] * following[second], drawn.Count(result => result.Tokens[0] == first && result.Tokens[1] == second) / (double)texts, 0.05);
        }
        Assert.True(Enumerable.Range(0, 5).Max(token => Math.Abs(probabilities[token] - Math.Exp(ToyDecoders.LogProbabilities(draft, [1, 2])[token] / 1.5))) > 0.1, "the draft differs");

        double[] Tempered(int[] tokens)
        {
            double[] weights = [.. ToyDecoders.LogProbabilities(model, tokens).Select(value => Math.Exp(value / 1.5))];
            return [.. weights.Select(weight => weight / weights.Sum())];
        }
    }

    [Fact]
    public void Contrastive_search_weighs_probability_against_likeness()
    {
        GenerationOptions options = new() { ContrastivePenalty = 0.6, TopK = 4, MaxNewTokens = 15, EndTokens = [0] };
        IReadOnlyList<GeneratedTokens> found = Generate(options);
        for (int i = 0; i < Prompts.Length; i++)
        {
            List<int> tokens = [.. Prompts[i]];
            while (tokens.Count < Prompts[i].Length + 15 && (tokens.Count == Prompts[i].Length || tokens[^1] != 0)) tokens.Add(Best(tokens));
            Assert.Equal(tokens.Skip(Prompts[i].Length), found[i].Tokens);
            Assert.Equal(found[i].Tokens, new TokenGenerator(_model).Generate([Prompts[i]], options, _cancellation)[0].Tokens);
        }
        Assert.NotEqual(Generate(options with { ContrastivePenalty = 0, Temperature = 0 }).SelectMany(result => result.Tokens), found.SelectMany(result => result.Tokens));
        Equal(found, Generate(options with { UseCache = false }));

        int Best(List<int> tokens)
        {
            double[] probabilities = [.. ToyDecoders.LogProbabilities(_model, tokens).Select(Math.Exp)];
            return Enumerable.Range(0, 16).OrderByDescending(token => probabilities[token]).Take(4).MaxBy(token =>
            {
                float[][] states = ToyDecoders.Read(_model, [.. tokens, token]).Hidden;
                return (0.4 * probabilities[token]) - (0.6 * states[..^1].Max(state => Cosine(state, states[^1])));
            });
        }

        static double Cosine(float[] left, float[] right) => left.Zip(right, (a, b) => (double)a * b).Sum() / Math.Sqrt(left.Sum(a => (double)a * a) * right.Sum(b => (double)b * b));
    }

    [Fact]
    public void Contrastive_search_goes_on_when_positions_have_run_out()
    {
        using Gpt2Model model = ToyDecoders.New(ToyDecoders.Config with { MaximumLength = 8 });
        GenerationOptions options = new() { ContrastivePenalty = 0.4, TopK = 3, MaxNewTokens = 25, EndTokens = [] };
        IReadOnlyList<GeneratedTokens> together = new TokenGenerator(model).Generate(Prompts, options, _cancellation);
        Assert.All(together, result => Assert.Equal(25, result.Tokens.Count));
        Assert.Equal(new TokenGenerator(model).Generate([Prompts[0]], options, _cancellation)[0].Tokens, together[0].Tokens);
    }

    [Fact]
    public void Several_texts_of_a_prompt_stand_side_by_side()
    {
        GenerationOptions options = new() { MaxNewTokens = 12, Seed = 2 };
        IReadOnlyList<GeneratedTokens> several = Generate(options with { ReturnSequences = 3 });
        Assert.Equal(3 * Prompts.Length, several.Count);
        for (int i = 0; i < Prompts.Length; i++)
        {
            Assert.Equal(Generate(options)[i].Tokens, several[3 * i].Tokens);
            Assert.Equal(3, several.Skip(3 * i).Take(3).Select(result => string.Join(' ', result.Tokens)).Distinct().Count());
        }
        Equal(several.Skip(3).Take(3), new TokenGenerator(_model).Generate([Prompts[1]], options with { ReturnSequences = 3 }, _cancellation));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Mirostat_draws_by_seed_and_prompt_alone(int version)
    {
        GenerationOptions options = new() { Mirostat = version, MirostatTarget = 1, MaxNewTokens = 12, EndTokens = [], Seed = 3 };
        IReadOnlyList<GeneratedTokens> together = Generate(options);
        for (int i = 0; i < Prompts.Length; i++) Assert.Equal(new TokenGenerator(_model).Generate([Prompts[i]], options, _cancellation)[0].Tokens, together[i].Tokens);
        Assert.NotEqual(together.SelectMany(result => result.Tokens), Generate(options with { Seed = 4 }).SelectMany(result => result.Tokens));
    }

    [Fact]
    public void Without_a_cache_the_texts_are_the_same()
    {
        GenerationOptions options = new() { MaxNewTokens = 20, Seed = 2 };
        Equal(Generate(options), Generate(options with { UseCache = false }));
    }

    [Fact]
    public void Limits_end_texts_and_say_so()
    {
        GenerationOptions options = new() { Temperature = 0, MaxNewTokens = 10, EndTokens = [] };
        IReadOnlyList<GeneratedTokens> limited = Generate(options with { MaxLength = 9 });
        Assert.Equal([6, 8, 4, 2], limited.Select(result => result.Tokens.Count));
        Assert.All(limited, result => Assert.Equal(FinishReason.Length, result.Reason));
        foreach (GenerationOptions asked in (GenerationOptions[])[options, options with { Beams = 2 }, options with { ContrastivePenalty = 0.5, TopK = 2 }, options with { PromptLookupTokens = 3 }])
        {
            IReadOnlyList<GeneratedTokens> timed = Generate(asked with { MaxTime = TimeSpan.Zero });
            Assert.All(timed, result => Assert.Equal((1, FinishReason.Time), (result.Tokens.Count, result.Reason)));
        }
        Assert.Contains("prompt 3 has 7 tokens", Assert.Throws<ArgumentException>(() => Generate(options with { MaxLength = 7 })).Message, StringComparison.Ordinal);
        Assert.Equal(5, Generate(options with { MaxNewTokens = 3, ForcedEndTokens = [5] })[0].Tokens[^1]);
        Assert.Equal(9, Generate(options with { ForcedBeginToken = 9 })[1].Tokens[0]);
        Assert.Equal(Generate(options)[0].Tokens, Generate(options with { ForcedBeginToken = 9 })[0].Tokens);
    }

    [Fact]
    public void Steps_of_ones_own_see_the_row()
    {
        GenerationOptions options = new() { MaxNewTokens = 4, EndTokens = [], Processors = [new Countdown()] };
        Assert.All(Generate(options), result => Assert.Equal([4, 3, 2, 1], result.Tokens));
    }

    [Fact]
    public void What_contradicts_itself_is_refused_by_name()
    {
        GenerationOptions options = new();
        foreach ((GenerationOptions asked, string name) in (IEnumerable<(GenerationOptions, string)>)
        [
            (options with { DoSample = true, Temperature = 0 }, "DoSample"), (options with { ReturnSequences = 2, Temperature = 0 }, "ReturnSequences"), (options with { ReturnSequences = 3, Beams = 2 }, "ReturnSequences"),
            (options with { ContrastivePenalty = 0.5 }, "TopK"), (options with { ContrastivePenalty = 0.5, TopK = 4, Beams = 2 }, "ContrastivePenalty"), (options with { ContrastivePenalty = 0.5, TopK = 4, DoSample = true }, "ContrastivePenalty"),
            (options with { ContrastivePenalty = 0.5, TopK = 4, ReturnSequences = 2 }, "ReturnSequences"), (options with { Mirostat = 2, Beams = 2 }, "Mirostat"), (options with { Mirostat = 2, TopK = 4 }, "Mirostat"),
            (options with { Mirostat = 1, Temperature = 0 }, "Mirostat"), (options with { PromptLookupTokens = 2, Beams = 2 }, "PromptLookupTokens"), (options with { PromptLookupTokens = 2, Mirostat = 2 }, "PromptLookupTokens"),
        ])
            Assert.Contains(name, Assert.ThrowsAny<ArgumentException>(asked.Validate).Message, StringComparison.Ordinal);
        Assert.Contains("A draft model", Assert.Throws<ArgumentException>(() => Generate(options with { Beams = 2 }, _draft)).Message, StringComparison.Ordinal);
        Assert.Contains("PromptLookupTokens is 2", Assert.Throws<ArgumentException>(() => Generate(options with { PromptLookupTokens = 2 }, _draft)).Message, StringComparison.Ordinal);
        using Gpt2Model small = ToyDecoders.New(ToyDecoders.Config with { VocabularySize = 15 });
        Assert.Contains("it knows 15", Assert.Throws<ArgumentException>(() => Generate(options, small)).Message, StringComparison.Ordinal);
        Assert.Contains("BadWords has 16", Assert.Throws<ArgumentException>(() => Generate(options with { BadWords = [[16]] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_strategy_leaves_a_tensor_behind()
    {
        GenerationOptions options = new() { MaxNewTokens = 12, EndTokens = [0, 3] };
        foreach ((GenerationOptions asked, Gpt2Model? draft) in (IEnumerable<(GenerationOptions, Gpt2Model?)>)
        [
            (options with { Beams = 3 }, null), (options with { ContrastivePenalty = 0.5, TopK = 3 }, null), (options, _draft), (options with { PromptLookupTokens = 3, ReturnSequences = 2 }, null), (options with { UseCache = false }, null),
        ])
        {
            Generate(asked, draft);
            long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            Generate(asked, draft);
            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    private static void Equal(IEnumerable<GeneratedTokens> expected, IEnumerable<GeneratedTokens> actual) =>
        Assert.Equal(expected.Select(result => $"{string.Join(' ', result.Tokens)} {result.Reason}"), actual.Select(result => $"{string.Join(' ', result.Tokens)} {result.Reason}"));

    private IReadOnlyList<GeneratedTokens> Generate(GenerationOptions options, Gpt2Model? draft = null) => new TokenGenerator(_model) { Draft = draft }.Generate(Prompts, options, _cancellation);

    private sealed class Countdown : LlmFineTune.Generation.Processors.ILogitsProcessor
    {
        public void Process(LlmFineTune.Generation.Processors.RowHistory row, Span<float> scores)
        {
            scores.Fill(float.NegativeInfinity);
            scores[4 - row.NewTokens.Length] = 0;
        }
    }
}
