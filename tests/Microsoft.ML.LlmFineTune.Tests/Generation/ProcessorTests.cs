using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Generation.Processors;
using Microsoft.ML.LlmFineTune.Generation.Sampling;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

/// <summary>What the golden checks do not ask the steps of the scores and the samplers: which steps options make, and what happens at the edges.</summary>
public sealed class ProcessorTests
{
    [Fact]
    public void Every_option_of_the_scores_makes_its_step_in_the_references_order()
    {
        GenerationOptions options = new()
        {
            SequenceBiases = [new SequenceBias([1, 2], 1)], EncoderRepetitionPenalty = 1.1, RepetitionPenalty = 1.2, FrequencyPenalty = 0.1, NoRepeatNGramSize = 2, EncoderNoRepeatNGramSize = 3, BadWords = [[3]], MinLength = 4, MinNewTokens = 2,
            AllowedTokens = (_, _) => [1], ForcedBeginToken = 1, ForcedEndTokens = [2], RemoveInvalidValues = true, ExponentialDecayLengthPenalty = new ExponentialDecay(1, 1.1), SuppressTokens = [5], BeginSuppressTokens = [6],
            Processors = [new Own()], Temperature = 0.5, TopH = 0.9, TopK = 5, TopP = 0.9, MinP = 0.1, TypicalP = 0.9, EpsilonCutoff = 0.1, EtaCutoff = 0.1, RenormalizeLogits = true,
        };
        string[] penalties =
        [
            nameof(SequenceBiases), nameof(EncoderRepetitionPenalty), nameof(RepetitionPenalty), nameof(FrequencyPresencePenalty), nameof(NoRepeatNGram), nameof(EncoderNoRepeatNGram), nameof(BadWords), nameof(MinimumLength), nameof(MinimumNewTokens),
            nameof(PrefixConstraint), nameof(ForcedBeginToken), nameof(ForcedEndToken), nameof(InvalidScores), nameof(ExponentialDecayLengthPenalty), nameof(SuppressedTokens), nameof(SuppressedBeginTokens), nameof(Own),
        ];
        string[] cuts = [nameof(Temperature), nameof(TopH), nameof(TopK), nameof(TopP), nameof(MinP), nameof(TypicalP), nameof(EpsilonCutoff), nameof(EtaCutoff)];
        Assert.Equal([.. penalties, .. cuts, nameof(LogSoftmax)], Names(options, [9]));
        // Without a draw nothing is cut, whatever is asked for; without end tokens nothing keeps them back.
        Assert.Equal([.. penalties, nameof(LogSoftmax)], Names(options with { DoSample = false }, [9]));
        Assert.Equal(penalties.Except([nameof(MinimumLength), nameof(MinimumNewTokens), nameof(ExponentialDecayLengthPenalty)]).Append(nameof(LogSoftmax)), Names(options with { DoSample = false }, []));
        Assert.Empty(new LogitsPipeline(new GenerationOptions(), [9]).Steps);

        static IEnumerable<string> Names(GenerationOptions options, int[] endTokens) => new LogitsPipeline(options, endTokens).Steps.Select(step => step.GetType().Name);
    }

    [Fact]
    public void A_forced_end_comes_with_the_first_limit()
    {
        Assert.Equal(0, ForcedAt(new ForcedEndToken([2], maximumNewTokens: 3), tokens: 6, prompt: 4));
        Assert.Equal(1, ForcedAt(new ForcedEndToken([2], maximumNewTokens: 3), tokens: 5, prompt: 4));
        Assert.Equal(0, ForcedAt(new ForcedEndToken([2], maximumNewTokens: 3, maximumLength: 6), tokens: 5, prompt: 4));
        Assert.Equal(1, ForcedAt(new ForcedEndToken([2], maximumNewTokens: int.MaxValue), tokens: 5, prompt: 4));

        static float ForcedAt(ForcedEndToken step, int tokens, int prompt)
        {
            float[] scores = [1, 1, 1];
            step.Process(new RowHistory(new int[tokens], prompt), scores);
            return float.IsNegativeInfinity(scores[0]) ? 0 : 1;
        }
    }

    [Fact]
    public void The_beginning_is_behind_a_forced_token()
    {
        float[] scores = [1, 1];
        new SuppressedBeginTokens([0], beginIsForced: true).Process(new RowHistory([7], 1), scores);
        Assert.Equal([1, 1], scores);
        new SuppressedBeginTokens([0], beginIsForced: true).Process(new RowHistory([7, 8], 1), scores);
        Assert.Equal([float.NegativeInfinity, 1], scores);
    }

    [Fact]
    public void The_prompt_is_free_of_frequency_and_presence_penalties()
    {
        float[] scores = [0, 0, 0];
        new FrequencyPresencePenalty(0.5, 0.25).Process(new RowHistory([0, 0, 1, 1, 2], 2), scores);
        Assert.Equal([0, -1.25f, -0.75f], scores);
    }

    [Fact]
    public void Of_equal_sequences_the_last_bias_counts()
    {
        float[] scores = [0, 0];
        new SequenceBiases([new SequenceBias([1], 5), new SequenceBias([1], 2)]).Process(new RowHistory([0]), scores);
        Assert.Equal([0, 2], scores);
    }

    [Fact]
    public void A_prefix_constraint_that_allows_nothing_is_an_error()
    {
        Assert.Contains("prompt 3", Assert.Throws<InvalidOperationException>(() => new PrefixConstraint((_, _) => []).Process(new RowHistory([1], 1, prompt: 3), new float[2])).Message, StringComparison.Ordinal);
        Assert.Contains("it allows 2", Assert.Throws<InvalidOperationException>(() => new PrefixConstraint((_, _) => [2]).Process(new RowHistory([1]), new float[2])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Barred_and_broken_scores_are_errors()
    {
        float[] barred = [float.NegativeInfinity, float.NegativeInfinity], broken = [1, float.NaN];
        foreach (float[] scores in (float[][])[barred, broken])
        {
            Assert.Throws<InvalidOperationException>(() => GreedySampler.Choose(scores));
            Assert.Throws<InvalidOperationException>(() => RandomSampler.Choose(scores, 0.5));
            Assert.Throws<InvalidOperationException>(() => new LogSoftmax().Process(new RowHistory([]), [.. scores]));
            Assert.Throws<InvalidOperationException>(() => new MirostatSampler(2, 5, 0.1).Choose(scores, 0.5));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Mirostat_keeps_the_surprise_near_its_target(int version)
    {
        // Zipf's law, as words have it.
        float[] scores = [.. Enumerable.Range(0, 2000).Select(rank => (float)-Math.Log(rank + 1))];
        double[] probabilities = Softmax.Of(scores);
        MirostatSampler sampler = new(version, target: 3, rate: 0.1);
        RandomStream random = new(5);
        Assert.Equal(6, sampler.LargestSurprise);
        double surprise = 0;
        const int draws = 600;
        for (int i = 0; i < draws; i++)
        {
            double before = sampler.LargestSurprise;
            int token = sampler.Choose(scores, random.NextDouble());
            Assert.InRange(token, 0, scores.Length - 1);
            surprise += ((before - sampler.LargestSurprise) / 0.1) + 3;
        }
        Assert.InRange(surprise / draws, 2.8, 3.2);
        Assert.True(probabilities.Sum(p => -p * Math.Log2(p)) > 6, "the whole distribution is far more surprising");
    }

    [Fact]
    public void Draws_without_replacement_are_as_likely_as_their_probabilities()
    {
        float[] scores = [0, 1, 2, float.NegativeInfinity];
        double[] probabilities = Softmax.Of(scores);
        RandomStream random = new(3);
        int[] first = new int[4];
        const int draws = 4000;
        for (int i = 0; i < draws; i++)
        {
            int[] chosen = GumbelSampler.Choose(scores, GumbelSampler.Noise(random, 4), 4);
            Assert.Equal([0, 1, 2, 3], chosen.Order());
            Assert.Equal(3, chosen[^1]);
            first[chosen[0]]++;
        }
        for (int token = 0; token < 4; token++) Assert.Equal(probabilities[token], first[token] / (double)draws, 0.03);
    }

    [Fact]
    public void The_best_come_in_order_and_the_first_of_equals()
    {
        Assert.Equal([3, 1, 4], Ranking.Best<float>([1, 5, 2, 7, 5, 3], 3));
        Assert.Equal([1, 0], Ranking.Best<float>([1, 2], 5));
    }

    private sealed class Own : ILogitsProcessor
    {
        public void Process(RowHistory row, Span<float> scores) => scores[0] = 0;
    }
}
