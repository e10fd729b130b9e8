using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Generation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

/// <summary>Each step of the scores against the reference, and their order.</summary>
public sealed class ProcessorTests
{
    public static TheoryData<string> Cases => new("temperature_0.7", "temperature_1.5", "top_k_1", "top_k_3", "top_k_50", "top_k_ties", "top_p_0.5", "top_p_0.9", "top_p_0.95", "top_p_0",
        "top_p_ties", "repetition_1.3", "repetition_0.7", "no_repeat_ngram_1", "no_repeat_ngram_2", "no_repeat_ngram_3", "min_new_tokens_2_after_3", "min_new_tokens_3_after_3", "min_new_tokens_4_after_3");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Step(string name)
    {
        JsonNode @case = SharedFixtures.Json("golden/generation/processors.json")["cases"]![name]!;
        JsonNode options = @case["options"]!;
        ILogitsProcessor step = (string)@case["class"]! switch
        {
            "TemperatureLogitsWarper" => new Temperature((double)options["temperature"]!),
            "TopKLogitsWarper" => new TopK((int)options["top_k"]!),
            "TopPLogitsWarper" => new TopP((double)options["top_p"]!),
            "RepetitionPenaltyLogitsProcessor" => new RepetitionPenalty((double)options["penalty"]!),
            "NoRepeatNGramLogitsProcessor" => new NoRepeatNGram((int)options["ngram_size"]!),
            _ => new MinimumNewTokens((int)options["min_new_tokens"]!, [(int)options["eos_token_id"]!]),
        };
        int promptLength = (int?)options["prompt_length_to_skip"] ?? 0;
        for (int row = 0; row < @case["scores"]!.AsArray().Count; row++)
        {
            int[] tokens = [.. @case["input_ids"]![row]!.AsArray().Select(token => (int)token!)];
            float[] scores = Scores(@case["scores"]![row]!);
            step.Process(tokens, promptLength, scores);
            float[] expected = Scores(@case["processed"]![row]!);
            if (name.EndsWith("ties", StringComparison.Ordinal))
            {
                // Which of equal scores stays depends on the sort.
                Array.Sort(scores);
                Array.Sort(expected);
            }
            AssertScores(expected, scores);
        }
    }

    [Fact]
    public void OrderOfTheUsualSteps()
    {
        JsonNode @case = SharedFixtures.Json("golden/generation/order.json")["cases"]!.AsArray().Single(item => (string)item!["name"]! == "usual_sampling")!;
        LogitsPipeline pipeline = new(new GenerationOptions { Temperature = 0.7, TopK = 10, TopP = 0.85, RepetitionPenalty = 1.1 }, []);
        Assert.Equal([nameof(RepetitionPenalty), nameof(Temperature), nameof(TopK), nameof(TopP)], pipeline.Steps.Select(step => step.GetType().Name));
        int[] tokens = [.. @case["input_ids"]![0]!.AsArray().Select(token => (int)token!)];
        float[] scores = Scores(@case["scores"]![0]!);
        foreach ((ILogitsProcessor step, JsonNode? after) in pipeline.Steps.Zip(@case["steps"]!.AsArray()))
        {
            step.Process(tokens, 0, scores);
            AssertScores(Scores(after!["scores_after"]![0]!), scores);
        }
    }

    [Fact]
    public void GreedyPipelineHasNoCuts()
    {
        LogitsPipeline pipeline = new(new GenerationOptions { Temperature = 0, TopK = 3, TopP = 0.5, RepetitionPenalty = 1.3, NoRepeatNGramSize = 3, MinNewTokens = 3 }, [1]);
        Assert.Equal([nameof(RepetitionPenalty), nameof(NoRepeatNGram), nameof(MinimumNewTokens)], pipeline.Steps.Select(step => step.GetType().Name));
    }

    [Fact]
    public void DrawsByInverseCumulative()
    {
        JsonNode file = SharedFixtures.Json("golden/generation/sampling.json");
        float[] scores = Scores(file["scores"]!);
        Assert.Equal((int)file["argmax"]!, GreedySampler.Choose(scores));
        foreach (JsonNode? @case in file["inverse_cdf"]!["cases"]!.AsArray()) Assert.Equal((int)@case!["token"]!, RandomSampler.Choose(scores, (double)@case["uniform"]!));
    }

    [Fact]
    public void BarredAndBrokenScoresAreErrors()
    {
        float[] barred = [float.NegativeInfinity, float.NegativeInfinity], broken = [1, float.NaN];
        foreach (float[] scores in (float[][])[barred, broken])
        {
            Assert.Throws<InvalidOperationException>(() => GreedySampler.Choose(scores));
            Assert.Throws<InvalidOperationException>(() => RandomSampler.Choose(scores, 0.5));
        }
    }

    private static float[] Scores(JsonNode row) =>
        [.. row.AsArray().Select(value => value!.GetValueKind() == System.Text.Json.JsonValueKind.String ? float.NegativeInfinity : (float)(double)value!)];

    private static void AssertScores(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (float.IsInfinity(expected[i])) Assert.Equal(expected[i], actual[i]);
            else Assert.Equal(expected[i], actual[i], 1e-6f * Math.Max(1, Math.Abs(expected[i])));
        }
    }
}
