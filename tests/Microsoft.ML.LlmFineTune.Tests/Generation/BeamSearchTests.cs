using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

public sealed class BeamSearchTests : IDisposable
{
    private static readonly int[][] Prompts = [[3, 5, 1], [7], [2, 9, 4, 4, 11]];
    private readonly Gpt2Model _model = ToyDecoders.New(ToyDecoders.Config);
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Enough_beams_find_the_best_text_of_all()
    {
        // 16 tokens, 3 new ones: 256 beams before the last token miss nothing.
        GenerationOptions options = new() { Beams = 256, MaxNewTokens = 3, EndTokens = [], LengthPenalty = 0, ReturnSequences = 4 };
        IReadOnlyList<GeneratedTokens> found = Generate([[3, 5, 1]], options);
        List<(int[] Tokens, double Score)> all = [];
        double[] begin = ToyDecoders.LogProbabilities(_model, [3, 5, 1]);
        for (int first = 0; first < 16; first++)
        {
            double[] next = ToyDecoders.LogProbabilities(_model, [3, 5, 1, first]);
            for (int second = 0; second < 16; second++)
            {
                double score = begin[first] + next[second];
                double[] third = ToyDecoders.LogProbabilities(_model, [3, 5, 1, first, second]);
                all.AddRange(third.Select((last, token) => ((int[])[first, second, token], score + last)));
            }
        }
        foreach ((GeneratedTokens result, (int[] tokens, double score)) in found.Zip(all.OrderByDescending(text => text.Score)))
        {
            Assert.Equal(tokens, result.Tokens);
            Assert.Equal(score, result.Score!.Value, 1e-4);
        }
    }

    [Theory]
    [InlineData(BeamStopping.Heuristic, 1.0)]
    [InlineData(BeamStopping.Immediate, 1.0)]
    [InlineData(BeamStopping.Never, 2.0)]
    [InlineData(BeamStopping.Never, -1.0)]
    [InlineData(BeamStopping.Heuristic, 0.0)]
    public void A_row_is_the_same_alone_in_a_batch_and_without_a_cache(BeamStopping stopping, double lengthPenalty)
    {
        GenerationOptions options = new() { Beams = 3, MaxNewTokens = 14, EndTokens = [0, 5, 8], EarlyStopping = stopping, LengthPenalty = lengthPenalty, ReturnSequences = 3 };
        IReadOnlyList<GeneratedTokens> together = Generate(Prompts, options), uncached = Generate(Prompts, options with { UseCache = false });
        Assert.Equal(9, together.Count);
        for (int prompt = 0; prompt < Prompts.Length; prompt++)
        {
            IReadOnlyList<GeneratedTokens> alone = Generate([Prompts[prompt]], options);
            for (int i = 0; i < 3; i++)
            {
                GeneratedTokens result = together[(prompt * 3) + i];
                Assert.Equal(alone[i].Tokens, result.Tokens);
                Assert.Equal(uncached[(prompt * 3) + i].Tokens, result.Tokens);
                Assert.Equal(alone[i].Score!.Value, result.Score!.Value, 1e-4 * Math.Max(1, Math.Abs(result.Score.Value)));
                Assert.Equal(Score(Prompts[prompt], result.Tokens) / Math.Pow(result.Tokens.Count, lengthPenalty), result.Score.Value, 1e-3 * Math.Max(1, Math.Abs(result.Score.Value)));
                if (i > 0) Assert.True(result.Score <= together[(prompt * 3) + i - 1].Score);
                Assert.Equal(options.EndTokens!.Contains(result.Tokens[^1]) ? FinishReason.EndToken : FinishReason.Length, result.Reason);
            }
        }
    }

    [Theory]
    [InlineData(BeamStopping.Heuristic, 1.0)]
    [InlineData(BeamStopping.Heuristic, -0.5)]
    [InlineData(BeamStopping.Immediate, 1.0)]
    [InlineData(BeamStopping.Immediate, 0.0)]
    [InlineData(BeamStopping.Never, 1.5)]
    [InlineData(BeamStopping.Never, 0.0)]
    public void Texts_and_scores_are_those_of_the_rules_written_out(BeamStopping stopping, double lengthPenalty)
    {
        for (ulong seed = 1; seed <= 3; seed++)
        {
            using Gpt2Model model = ToyDecoders.New(ToyDecoders.Config with { InitializerRange = 0.3 }, seed);
            foreach (int[] endTokens in (int[][])[[], [0], [1, 5, 9, 12]])
            {
                GenerationOptions options = new() { Beams = 3, MaxNewTokens = 7, EndTokens = endTokens, EarlyStopping = stopping, LengthPenalty = lengthPenalty, ReturnSequences = 3 };
                IReadOnlyList<GeneratedTokens> results = new TokenGenerator(model).Generate(Prompts, options, _cancellation);
                for (int prompt = 0; prompt < Prompts.Length; prompt++)
                {
                    (int[] Tokens, float Score)[] expected = WrittenOut(model, Prompts[prompt], options, endTokens);
                    for (int i = 0; i < 3; i++)
                    {
                        Assert.Equal(expected[i].Tokens, results[(prompt * 3) + i].Tokens);
                        Assert.Equal(expected[i].Score, results[(prompt * 3) + i].Score!.Value, 1e-4 * Math.Max(1, Math.Abs(expected[i].Score)));
                    }
                }
            }
        }
    }

    [Fact]
    public void One_beam_of_equal_weight_is_greedy()
    {
        // The first of two beams need not be the greedy text; a beam for each token of a single step is.
        GenerationOptions greedy = new() { Temperature = 0, MaxNewTokens = 1, EndTokens = [] };
        Assert.Equal(Generate(Prompts, greedy).Select(result => result.Tokens[0]), Generate(Prompts, greedy with { Beams = 5 }).Select(result => result.Tokens[0]));
    }

    [Fact]
    public void Beams_search_unless_they_are_told_to_draw()
    {
        GenerationOptions options = new() { Beams = 4, MaxNewTokens = 8, EndTokens = [0], ReturnSequences = 4 };
        Assert.Equal(Texts(options), Texts(options with { Seed = 5 }));
        GenerationOptions drawn = options with { DoSample = true, TopK = 6 };
        Assert.Equal(Texts(drawn), Texts(drawn));
        Assert.NotEqual(Texts(drawn), Texts(drawn with { Seed = 5 }));
        IReadOnlyList<GeneratedTokens> together = Generate(Prompts, drawn);
        foreach ((int[] prompt, int i) in Prompts.Select((prompt, i) => (prompt, i))) Assert.Equal(Generate([prompt], drawn).Select(Text), together.Skip(4 * i).Take(4).Select(Text));

        string Texts(GenerationOptions asked) => string.Join('|', Generate(Prompts, asked).Select(Text));
    }

    [Fact]
    public void Penalties_constraints_and_limits_act_on_beams()
    {
        GenerationOptions options = new()
        {
            Beams = 3, MaxNewTokens = 9, EndTokens = [0], ReturnSequences = 2, NoRepeatNGramSize = 2, MinNewTokens = 5, SuppressTokens = [4], ForcedEndTokens = [0],
            AllowedTokens = (prompt, _) => [.. Enumerable.Range(0, 16).Where(token => token != 10 + prompt)],
        };
        IReadOnlyList<GeneratedTokens> results = Generate(Prompts, options);
        for (int i = 0; i < results.Count; i++)
        {
            IReadOnlyList<int> tokens = results[i].Tokens;
            Assert.InRange(tokens.Count, 6, 9);
            Assert.Equal(0, tokens[^1]);
            Assert.DoesNotContain(4, tokens);
            Assert.DoesNotContain(10 + (i / 2), tokens);
            int[] whole = [.. Prompts[i / 2], .. tokens];
            Assert.Equal(whole.Length - 1, whole.Zip(whole.Skip(1)).Distinct().Count());
        }
    }

    [Fact]
    public void A_single_way_on_is_enough()
    {
        // After the first token only one may follow: what the other beams lack is never chosen.
        GenerationOptions options = new() { Beams = 3, MaxNewTokens = 4, EndTokens = [0], AllowedTokens = (_, tokens) => tokens.Count < 6 ? [tokens.Count] : [0] };
        Assert.Equal([3, 4, 5, 0], Generate([[3, 5, 1]], options)[0].Tokens);
    }

    [Fact]
    public void Beams_go_on_when_positions_have_run_out()
    {
        using Gpt2Model model = ToyDecoders.New(ToyDecoders.Config with { MaximumLength = 8 });
        GenerationOptions options = new() { Beams = 2, MaxNewTokens = 20, EndTokens = [] };
        IReadOnlyList<GeneratedTokens> together = new TokenGenerator(model).Generate(Prompts, options, _cancellation);
        Assert.All(together, result => Assert.Equal(20, result.Tokens.Count));
        Assert.Equal(new TokenGenerator(model).Generate([Prompts[2]], options, _cancellation)[0].Tokens, together[2].Tokens);
    }

    /// <summary>
    /// Beam search of one prompt as the reference keeps its books: as many places for complete texts as beams, empty ones at -1e9, which is also added to whatever must not be chosen.
    /// </summary>
    private static (int[] Tokens, float Score)[] WrittenOut(Gpt2Model model, int[] prompt, GenerationOptions options, int[] endTokens)
    {
        const float nothing = -1e9f;
        int beams = options.Beams, looked = Math.Max(2, 1 + endTokens.Length) * beams;
        (int[] Tokens, float Sum)[] running = [.. Enumerable.Range(0, beams).Select(beam => ((int[])[], beam == 0 ? 0 : nothing))];
        (int[] Tokens, float Score, bool Done)[] complete = [.. Enumerable.Range(0, beams).Select(_ => ((int[])[], nothing, false))];
        bool canImprove = true;
        for (int length = 1; ; length++)
        {
            (int[] Tokens, float Sum)[] candidates = [.. running.SelectMany(beam => ToyDecoders.LogProbabilities(model, [.. prompt, .. beam.Tokens]).Select((value, token) => ((int[])[.. beam.Tokens, token], (float)value + beam.Sum)))
                .OrderByDescending(candidate => candidate.Item2).Take(looked)];
            bool[] ends = [.. candidates.Select(candidate => length == options.MaxNewTokens || endTokens.Contains(candidate.Tokens[^1]))];
            bool isClosed = !canImprove || (options.EarlyStopping == BeamStopping.Immediate && complete.All(text => text.Done));
            complete = [.. complete.Concat(candidates.Select((candidate, i) =>
            {
                bool counts = ends[i] && i < beams;
                return (candidate.Tokens, (candidate.Sum / (float)Math.Pow(length, options.LengthPenalty)) + (isClosed ? nothing : 0) + (counts ? 0 : nothing), counts);
            })).OrderByDescending(text => text.Item2).Take(beams)];
            running = [.. candidates.Select((candidate, i) => (candidate.Tokens, candidate.Sum + (ends[i] ? nothing : 0))).OrderByDescending(beam => beam.Item2).Take(beams)];
            double judged = options.EarlyStopping == BeamStopping.Never && options.LengthPenalty > 0 ? options.MaxNewTokens : length;
            float best = running[0].Sum / (float)Math.Pow(judged, options.LengthPenalty);
            canImprove &= complete.Any(text => best > (text.Done ? complete.Min(other => other.Score) : nothing));
            if (!canImprove || (options.EarlyStopping == BeamStopping.Immediate && complete.All(text => text.Done)) || ends.All(end => end)) return [.. complete.Select(text => (text.Tokens, text.Score))];
        }
    }

    private static string Text(GeneratedTokens result) => string.Join(' ', result.Tokens);

    private double Score(int[] prompt, IReadOnlyList<int> tokens)
    {
        double sum = 0;
        for (int i = 0; i < tokens.Count; i++) sum += ToyDecoders.LogProbabilities(_model, [.. prompt, .. tokens.Take(i)])[tokens[i]];
        return sum;
    }

    private IReadOnlyList<GeneratedTokens> Generate(int[][] prompts, GenerationOptions options) => new TokenGenerator(_model).Generate(prompts, options, _cancellation);
}
