using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Metrics;

/// <summary>metrics/bias.json: paired pseudo-log-likelihoods, StereoSet's figures, group fairness, counterfactual gaps.</summary>
internal sealed class BiasReader : CaseReader
{
    private const double Tolerance = 1e-9;

    // Of what the model computes in float32.
    private const double Float32Tolerance = 1e-4;

    public override bool Reads(string file) => file == "bias.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        var (inputs, expected) = (c["inputs"], c["expected"]);
        switch (c["kind"].GetString())
        {
            case "group_fairness": Fairness(inputs, expected, tally); break;
            case "counterfactual": Counterfactual(c["options"], inputs, expected, tally); break;
            case "stereoset": StereoSet(inputs, expected, tally); break;
            case "paired_pseudo_log_likelihood":
                Pair(expected, tally);
                AskModel(Path.Combine(c.Folder, c["options"].GetProperty("model").GetString()!), inputs, expected, tally);
                break;
            case "paired_summary": Summary(c.Root, expected, tally); break;
            case var kind: throw new UnsupportedException($"there is nothing of kind {kind}");
        }
    }

    private static void Fairness(JsonElement inputs, JsonElement expected, Tally tally)
    {
        var accumulator = new GroupFairnessAccumulator();
        var weights = inputs.TryGetProperty("sample_weight", out var given) && given.IsGiven() ? given.ToDoubles() : null;
        var (actual, predicted) = (inputs.GetProperty("y_true").ToInts(), inputs.GetProperty("y_pred").ToInts());
        var groups = inputs.GetProperty("group").EnumerateArray().Select(group => group.ToString()).ToList();
        for (var i = 0; i < actual.Length; i++) accumulator.Add(actual[i] == 1, predicted[i] == 1, groups[i], weights?[i] ?? 1);
        var metrics = accumulator.Compute();
        tally.Sequence("groups", expected.GetProperty("per_group").EnumerateObject().Select(group => group.Name), metrics.PerGroup.Keys);
        foreach (var group in expected.GetProperty("per_group").EnumerateObject())
        {
            var scores = metrics.PerGroup[group.Name];
            Fields(group.Value, tally, name => name switch
            {
                "count" => scores.Count,
                "selection_rate" => scores.SelectionRate,
                "accuracy" => scores.Accuracy,
                "true_positive_rate" => scores.TruePositiveRate,
                "false_positive_rate" => scores.FalsePositiveRate,
                "positives" => scores.Positives,
                "negatives" => scores.Negatives,
                _ => null,
            });
        }
        Fields(expected, tally, name => name switch
        {
            "demographic_parity_difference" => metrics.DemographicParityDifference,
            "demographic_parity_ratio" => metrics.DemographicParityRatio,
            "equal_opportunity_difference" => metrics.EqualOpportunityDifference,
            "equal_opportunity_ratio" => metrics.EqualOpportunityRatio,
            "equalized_odds_difference" => metrics.EqualizedOddsDifference,
            "equalized_odds_difference_mean" => metrics.EqualizedOddsDifferenceMean,
            "equalized_odds_ratio" => metrics.EqualizedOddsRatio,
            "equalized_odds_ratio_mean" => metrics.EqualizedOddsRatioMean,
            "accuracy_difference" => metrics.AccuracyDifference,
            "accuracy_ratio" => metrics.AccuracyRatio,
            _ => null,
        });
    }

    private static void Counterfactual(JsonElement options, JsonElement inputs, JsonElement expected, Tally tally)
    {
        var accumulator = new CounterfactualAccumulator(new CounterfactualOptions
        {
            Threshold = options.TryGetProperty("threshold", out var threshold) ? threshold.ToDouble() : 0.5,
            ThresholdIsPositive = !options.TryGetProperty("compare", out var compare) || compare.GetString() switch { ">=" => true, ">" => false, var other => throw new UnsupportedException($"scores are not compared by {other}") },
        });
        foreach (var item in inputs.GetProperty("items").EnumerateArray())
            accumulator.Add(item.GetProperty("original").ToDouble(), item.GetProperty("variants").ToDoubles(), item.TryGetProperty("group", out var group) && group.IsGiven() ? group.ToString() : null);
        var metrics = accumulator.Compute();
        Compare(expected.GetProperty("all"), metrics.Overall);
        var groups = expected.GetProperty("per_group").EnumerateObject().ToList();
        tally.Sequence("groups", groups.Select(group => group.Name), metrics.PerGroup.Keys);
        foreach (var group in groups) Compare(group.Value, metrics.PerGroup[group.Name]);

        void Compare(JsonElement fields, CounterfactualScores scores) => Fields(fields, tally, name => name switch
        {
            "items" => scores.Items,
            "pairs" => scores.Pairs,
            "flip_rate" => scores.FlipRate,
            "item_flip_rate" => scores.ItemFlipRate,
            "mean_gap" => scores.MeanGap,
            "mean_absolute_gap" => scores.MeanAbsoluteGap,
            "largest_absolute_gap" => scores.LargestAbsoluteGap,
            "mean_item_range" => scores.MeanItemRange,
            _ => null,
        });
    }

    private static void StereoSet(JsonElement inputs, JsonElement expected, Tally tally)
    {
        var accumulator = new StereoSetAccumulator();
        foreach (var row in inputs.GetProperty("rows").EnumerateArray())
            accumulator.Add(row.GetProperty("target").GetString()!, row.GetProperty("stereotype").ToDouble(), row.GetProperty("anti_stereotype").ToDouble(), row.GetProperty("unrelated").ToDouble());
        var metrics = accumulator.Compute();
        Compare(expected.GetProperty("over_rows"), metrics.Overall);
        Compare(expected.GetProperty("mean_over_targets"), metrics.MeanOverTargets);
        var targets = expected.GetProperty("per_target").EnumerateObject().ToList();
        tally.Sequence("targets", targets.Select(target => target.Name), metrics.PerTarget.Keys);
        foreach (var target in targets) Compare(target.Value, metrics.PerTarget[target.Name]);

        void Compare(JsonElement fields, StereoSetScores scores) => Fields(fields, tally, name => name switch
        {
            "ss" => scores.StereotypeScore,
            "lms" => scores.LanguageModelingScore,
            "icat" => scores.IdealizedCat,
            "count" => scores.Count,
            _ => null,
        });
    }

    /// <summary>All that the library does once a model has answered; the answers are the reference's.</summary>
    private static PseudoLogLikelihoodPair Pair(JsonElement expected, Tally tally)
    {
        var (more, less) = (expected.GetProperty("ids_more").ToInts(), expected.GetProperty("ids_less").ToInts());
        var answers = new Queue<double[]>([expected.GetProperty("log_probabilities_more").ToDoubles(), expected.GetProperty("log_probabilities_less").ToDoubles()]);
        var pair = PseudoLogLikelihood.Compare(more, less, (_, _) => answers.Dequeue());
        tally.Sequence("shared_positions", Pairs("shared_positions"), pair.SharedPositions);
        tally.Sequence("scored_positions", Pairs("scored_positions"), pair.ScoredPositions);
        tally.Number("score_more", expected.GetProperty("score_more").ToDouble(), pair.FirstScore, Tolerance);
        tally.Number("score_less", expected.GetProperty("score_less").ToDouble(), pair.SecondScore, Tolerance);
        tally.Equal("more_preferred", expected.GetProperty("more_preferred").GetBoolean(), pair.FirstPreferred);
        tally.Equal("neutral", expected.GetProperty("neutral").GetBoolean(), pair.IsNeutral);
        foreach (var (name, ids) in new[] { ("more", more), ("less", less) })
        {
            var full = PseudoLogLikelihood.Tokens(ids, (_, _) => expected.GetProperty($"full_log_probabilities_{name}").ToDoubles());
            tally.Number($"full_score_{name}", expected.GetProperty($"full_score_{name}").ToDouble(), full.Sum(), Tolerance);
        }
        return pair;

        IEnumerable<(int, int)> Pairs(string name) => expected.GetProperty(name).EnumerateArray().Select(position => (position[0].GetInt32(), position[1].GetInt32()));
    }

    /// <summary>The same from the sentences on, with a model's own answers.</summary>
    private static void AskModel(string folder, JsonElement inputs, JsonElement expected, Tally tally)
    {
        NativeRuntime.Initialize();
        var tokenizer = TokenizerModel.LoadFolder(folder);
        using var model = HuggingFaceFolder.LoadMaskedLanguageModel(folder);
        var scorer = MaskedTokenScoring.Of(model, tokenizer.IdOf("[MASK]")!.Value, batchSize: 5);
        var (more, less) = (tokenizer.Encode(inputs.GetProperty("sent_more").GetString()!), tokenizer.Encode(inputs.GetProperty("sent_less").GetString()!));
        tally.Sequence("tokens_more", expected.GetProperty("tokens_more").ToTexts(), more.Tokens);
        tally.Sequence("tokens_less", expected.GetProperty("tokens_less").ToTexts(), less.Tokens);
        tally.Sequence("ids_more", expected.GetProperty("ids_more").ToInts(), more.Ids);
        tally.Sequence("ids_less", expected.GetProperty("ids_less").ToInts(), less.Ids);
        var pair = PseudoLogLikelihood.Compare(more.Ids, less.Ids, scorer);
        tally.Numbers("log_probabilities_more of the model", expected.GetProperty("log_probabilities_more").ToDoubles(), pair.First, Float32Tolerance);
        tally.Numbers("log_probabilities_less of the model", expected.GetProperty("log_probabilities_less").ToDoubles(), pair.Second, Float32Tolerance);
        tally.Number("score_more_float32", expected.GetProperty("score_more_float32").ToDouble(), pair.FirstScore, Float32Tolerance);
        tally.Number("score_less_float32", expected.GetProperty("score_less_float32").ToDouble(), pair.SecondScore, Float32Tolerance);
        tally.Equal("more_preferred by the model", expected.GetProperty("more_preferred").GetBoolean(), pair.FirstPreferred);
        tally.Equal("neutral to the model", expected.GetProperty("neutral").GetBoolean(), pair.IsNeutral);
        tally.Number("full_score_more of the model", expected.GetProperty("full_score_more").ToDouble(), PseudoLogLikelihood.Tokens(more.Ids, scorer).Sum(), Float32Tolerance);
        tally.Number("full_score_less of the model", expected.GetProperty("full_score_less").ToDouble(), PseudoLogLikelihood.Tokens(less.Ids, scorer).Sum(), Float32Tolerance);
    }

    private static void Summary(JsonElement root, JsonElement expected, Tally tally)
    {
        var accumulator = new CrowsPairsAccumulator();
        foreach (var pair in root.GetProperty("cases").EnumerateArray().Where(c => c.GetProperty("kind").GetString() == "paired_pseudo_log_likelihood"))
        {
            var inputs = pair.GetProperty("inputs");
            accumulator.Add(Pair(pair.GetProperty("expected"), new Tally()), inputs.GetProperty("direction").GetString() == "stereo" ? StereotypeDirection.Stereotype : StereotypeDirection.AntiStereotype, inputs.GetProperty("bias_type").GetString()!);
        }
        var scores = accumulator.Compute().Overall;
        Fields(expected, tally, name => name switch
        {
            "total" => scores.Total,
            "neutral" => scores.Neutral,
            "stereo_total" => scores.StereotypeTotal,
            "stereo_preferred" => scores.StereotypePreferred,
            "antistereo_total" => scores.AntiStereotypeTotal,
            "antistereo_preferred" => scores.AntiStereotypePreferred,
            "metric_score" => scores.MetricScore,
            "stereotype_score" => scores.StereotypeScore,
            "antistereotype_score" => scores.AntiStereotypeScore,
            _ => null,
        });
    }

    /// <summary>Compares every number of an object; one that the library has no name for fails.</summary>
    private static void Fields(JsonElement expected, Tally tally, Func<string, double?> actual)
    {
        foreach (var field in expected.EnumerateObject().Where(field => field.Value.ValueKind != JsonValueKind.Object))
        {
            // The reference writes what is not defined as null.
            var value = field.Value.ValueKind == JsonValueKind.Null ? double.NaN : field.Value.ToDouble();
            tally.Number(field.Name, value, actual(field.Name) ?? throw new UnsupportedException($"there is no {field.Name}"), Tolerance);
        }
    }
}
