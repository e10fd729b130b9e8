using Golden.Library;
using Microsoft.ML.LlmFineTune.Generation;

namespace Golden.Generation;

/// <summary>generation/processors.json and order.json: what each step makes of the scores, and in which order they stand.</summary>
internal sealed class ProcessorsReader : CaseReader
{
    private static readonly string[] KnownSettings = ["do_sample", "temperature", "top_k", "top_p", "repetition_penalty", "no_repeat_ngram_size", "min_new_tokens"];

    public override bool Reads(string file) => file is "processors.json" or "order.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c.File == "order.json") VerifyOrder(c, tally);
        else VerifyStep(c, tally);
    }

    private static void VerifyStep(FixtureCase c, Tally tally)
    {
        var options = c["options"];
        var type = c["class"].GetString()!;
        if (options.TryGetProperty("min_tokens_to_keep", out _)) throw new UnsupportedException("cuts keep one token at least, no other number");
        if (options.TryGetProperty("prompt_ignore_length", out _)) throw new UnsupportedException("the repetition penalty sees the prompt");
        ILogitsProcessor step = type switch
        {
            "TemperatureLogitsWarper" => new Temperature(options.GetProperty("temperature").GetDouble()),
            "TopKLogitsWarper" => new TopK(options.GetProperty("top_k").GetInt32()),
            "TopPLogitsWarper" => new TopP(options.GetProperty("top_p").GetDouble()),
            "RepetitionPenaltyLogitsProcessor" => new RepetitionPenalty(options.GetProperty("penalty").GetDouble()),
            "NoRepeatNGramLogitsProcessor" => new NoRepeatNGram(options.GetProperty("ngram_size").GetInt32()),
            "MinNewTokensLengthLogitsProcessor" => new MinimumNewTokens(options.GetProperty("min_new_tokens").GetInt32(), [options.GetProperty("eos_token_id").GetInt32()]),
            _ => throw new UnsupportedException($"there is no step {type}"),
        };
        var promptLength = options.TryGetProperty("prompt_length_to_skip", out var skip) ? skip.GetInt32() : 0;
        for (int row = 0; row < c["scores"].GetArrayLength(); row++)
        {
            var scores = c["scores"][row].ToFloats();
            step.Process(c["input_ids"][row].ToInts(), promptLength, scores);
            var expected = c["processed"][row].ToFloats();
            if (c.Name.EndsWith("_ties", StringComparison.Ordinal))
            {
                // Which of equal scores stays depends on the sort.
                Array.Sort(scores);
                Array.Sort(expected);
            }
            Compare(tally, "scores", expected, scores);
        }
    }

    private static void VerifyOrder(FixtureCase c, Tally tally)
    {
        var configuration = c["configuration"];
        var unknown = configuration.EnumerateObject().Select(setting => setting.Name).Where(name => !KnownSettings.Contains(name)).ToList();
        if (unknown.Count > 0) throw new UnsupportedException($"generation has no option {string.Join(", ", unknown)}");
        double Setting(string name, double otherwise) => configuration.TryGetProperty(name, out var value) ? value.GetDouble() : otherwise;
        var samples = configuration.TryGetProperty("do_sample", out var sample) && sample.GetBoolean();
        var options = new GenerationOptions
        {
            Temperature = samples ? Setting("temperature", 1) : 0, TopK = (int)Setting("top_k", 0), TopP = Setting("top_p", 1), RepetitionPenalty = Setting("repetition_penalty", 1), NoRepeatNGramSize = (int)Setting("no_repeat_ngram_size", 0), MinNewTokens = (int)Setting("min_new_tokens", 0),
        };
        var pipeline = new LogitsPipeline(options, c["eos"].IsGiven() ? [c["eos"].GetInt32()] : []);
        var steps = c["steps"].EnumerateArray().ToList();
        tally.Equal("number of steps", steps.Count, pipeline.Steps.Count);
        for (int row = 0; row < c["scores"].GetArrayLength(); row++)
        {
            var scores = c["scores"][row].ToFloats();
            foreach (var (step, after) in pipeline.Steps.Zip(steps))
            {
                step.Process(c["input_ids"][row].ToInts(), c["prompt_length"].IsGiven() ? c["prompt_length"].GetInt32() : 0, scores);
                Compare(tally, "scores after each step", after.GetProperty("scores_after")[row].ToFloats(), scores);
            }
        }
    }

    private static void Compare(Tally tally, string what, float[] expected, float[] actual)
    {
        tally.Sequence("barred tokens", expected.Select(float.IsNegativeInfinity), actual.Select(float.IsNegativeInfinity));
        tally.Numbers(what, [.. expected.Select(value => (double)value)], [.. actual.Select(value => (double)value)], 1e-6);
    }
}
