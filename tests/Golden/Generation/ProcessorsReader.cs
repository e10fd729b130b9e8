using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Generation.Processors;

namespace Golden.Generation;

/// <summary>generation/processors.json and order.json: what each step makes of the scores, and in which order they stand.</summary>
internal sealed class ProcessorsReader : CaseReader
{
    public override bool Reads(string file) => file is "processors.json" or "order.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c.File == "order.json") VerifyOrder(c, tally);
        else VerifyStep(c, tally);
    }

    private static void VerifyStep(FixtureCase c, Tally tally)
    {
        var options = new Settings(c["options"]);
        var step = Step(c, options);
        var promptLength = options.OptionalInt32("prompt_length_to_skip") ?? options.OptionalInt32("prompt_length") ?? options.OptionalInt32("begin_index") ?? 0;
        for (int row = 0; row < c["scores"].GetArrayLength(); row++)
        {
            var scores = c["scores"][row].ToFloats();
            int[] tokens = c["input_ids"][row].ToInts(), source = c["encoder_input_ids"].IsGiven() ? c["encoder_input_ids"][row].ToInts() : [];
            step.Process(History(tokens, promptLength, source, row), scores);
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

    /// <summary>A step that begins behind the given tokens sees none as new.</summary>
    private static RowHistory History(int[] tokens, int promptLength, int[] source, int row) => new(tokens, Math.Min(promptLength, tokens.Length), source, row);

    private static ILogitsProcessor Step(FixtureCase c, Settings options)
    {
        var kept = options.OptionalInt32("min_tokens_to_keep") ?? 1;
        return c["class"].GetString()! switch
        {
            "TemperatureLogitsWarper" => new Temperature(options.Double("temperature")),
            "TopHLogitsWarper" => new TopH(options.Double("top_h")),
            "TopKLogitsWarper" => new TopK(options.Int32("top_k"), kept),
            "TopPLogitsWarper" => new TopP(options.Double("top_p"), kept),
            "MinPLogitsWarper" => new MinP(options.Double("min_p"), kept),
            "TypicalLogitsWarper" => new TypicalP(options.Double("mass"), kept),
            "EpsilonLogitsWarper" => new EpsilonCutoff(options.Double("epsilon"), kept),
            "EtaLogitsWarper" => new EtaCutoff(options.Double("epsilon"), kept),
            "RepetitionPenaltyLogitsProcessor" => new RepetitionPenalty(options.Double("penalty"), options.OptionalInt32("prompt_ignore_length") ?? 0),
            "EncoderRepetitionPenaltyLogitsProcessor" => new EncoderRepetitionPenalty(options.Double("penalty")),
            "NoRepeatNGramLogitsProcessor" => new NoRepeatNGram(options.Int32("ngram_size")),
            "EncoderNoRepeatNGramLogitsProcessor" => new EncoderNoRepeatNGram(options.Int32("encoder_ngram_size")),
            "NoBadWordsLogitsProcessor" => new BadWords([.. options["bad_words_ids"].EnumerateArray().Select(word => word.ToInts())], options.OneOrMany("eos_token_id")),
            "SequenceBiasLogitsProcessor" => new SequenceBiases([.. options["sequence_bias"].EnumerateArray().Select(pair => new SequenceBias(pair[0].ToInts(), pair[1].GetDouble()))]),
            "MinLengthLogitsProcessor" => new MinimumLength(options.Int32("min_length"), options.OneOrMany("eos_token_id")),
            "MinNewTokensLengthLogitsProcessor" => new MinimumNewTokens(options.Int32("min_new_tokens"), options.OneOrMany("eos_token_id")),
            "PrefixConstrainedLogitsProcessor" => new PrefixConstraint((row, _) => options["allowed_by_row"][row].ToInts()),
            "ForcedBOSTokenLogitsProcessor" => new ForcedBeginToken(options.Int32("bos_token_id")),
            "ForcedEOSTokenLogitsProcessor" => new ForcedEndToken(options.OneOrMany("eos_token_id"), int.MaxValue, options.Int32("max_length")),
            "InfNanRemoveLogitsProcessor" => new InvalidScores(),
            "ExponentialDecayLengthPenalty" => new ExponentialDecayLengthPenalty(options.Int32("start"), options.Double("factor"), options.OneOrMany("eos_token_id")),
            "SuppressTokensLogitsProcessor" => new SuppressedTokens(options.OneOrMany("suppress_tokens")),
            "SuppressTokensAtBeginLogitsProcessor" => new SuppressedBeginTokens(options.OneOrMany("begin_suppress_tokens")),
            "LogitNormalization" => new LogSoftmax(),
            "formula" => new FrequencyPresencePenalty(options.Double("frequency"), options.Double("presence")),
            var type => throw new UnsupportedException($"there is no step {type}"),
        };
    }

    private static void VerifyOrder(FixtureCase c, Tally tally)
    {
        var configuration = JsonNode.Parse(c["configuration"].GetRawText())!.AsObject();
        // The list is built without the defaults of a call.
        if (configuration["top_k"] is null) configuration["top_k"] = 0;
        var pipeline = new LogitsPipeline(GenerationOptions.FromJson(configuration), new Settings(c.Value).OneOrMany("eos"));
        var steps = c["steps"].EnumerateArray().ToList();
        tally.Equal("number of steps", steps.Count, pipeline.Steps.Count);
        for (int row = 0; row < c["scores"].GetArrayLength(); row++)
        {
            var scores = c["scores"][row].ToFloats();
            var tokens = c["input_ids"][row].ToInts();
            foreach (var (step, after) in pipeline.Steps.Zip(steps))
            {
                step.Process(new RowHistory(tokens, c["prompt_length"].IsGiven() ? c["prompt_length"].GetInt32() : 0, tokens, row), scores);
                Compare(tally, "scores after each step", after.GetProperty("scores_after")[row].ToFloats(), scores);
            }
        }
    }

    private static void Compare(Tally tally, string what, float[] expected, float[] actual)
    {
        tally.Sequence("barred tokens", expected.Select(float.IsNegativeInfinity), actual.Select(float.IsNegativeInfinity));
        tally.Numbers(what, [.. expected.Select(value => (double)value)], [.. actual.Select(value => (double)value)], 1e-6);
    }

    /// <summary>The options of a step.</summary>
    private sealed class Settings(JsonElement json)
    {
        public JsonElement this[string name] => json.GetProperty(name);

        public double Double(string name) => this[name].GetDouble();

        public int Int32(string name) => this[name].GetInt32();

        public int? OptionalInt32(string name) => json.TryGetProperty(name, out var value) && value.IsGiven() ? value.GetInt32() : null;

        public int[] OneOrMany(string name) => !json.TryGetProperty(name, out var value) || !value.IsGiven() ? [] : value.ValueKind == JsonValueKind.Array ? value.ToInts() : [value.GetInt32()];
    }
}
