using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Models;

/// <summary>models/initialisation.json: what a new model's weights are drawn from, pattern of names by pattern: kind, shape, mean, deviation, kurtosis, bounds, rows of padding.</summary>
internal sealed class InitialisationReader : CaseReader
{
    // Two samples differ by up to this many standard errors of their difference.
    private const double Errors = 5;

    public override bool Reads(string file) => file == "initialisation.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        using var scope = NewDisposeScope();
        if (TorchModule(c) is { } module)
        {
            using (module.Owner) Compare(c, tally, module.Weights);
            return;
        }
        var json = JsonNode.Parse(c["config"].GetRawText()) as JsonObject;
        var family = json?["model_type"]?.ToString();
        if (family is null || !ModelFamilies.Names.Contains(family)) throw new UnsupportedException($"the library does not have the family {family ?? c["class"].GetString()}");
        var config = ModelFamilies.ReadConfig(json!);
        RandomStream random = new(1234);
        switch (c["class"].GetString()!)
        {
            case var name when name.EndsWith("ForSequenceClassification", StringComparison.Ordinal):
                // The head is the last parameter; its first size is the count of classes.
                var classes = c["parameters"].EnumerateArray().Last().GetProperty("shapes")[0][0].GetInt32();
                Compare(c, tally, Headed(new SequenceClassifier(config.CreateBackbone(), [.. Enumerable.Range(0, classes).Select(id => $"LABEL_{id}")])));
                break;
            case var name when name.EndsWith("ForMaskedLM", StringComparison.Ordinal):
                Compare(c, tally, Headed(new MaskedLanguageModel(config.CreateBackbone())));
                break;
            default:
                var backbone = config.CreateBackbone();
                backbone.Initialize(random);
                Compare(c, tally, backbone);
                break;
        }

        TModel Headed<TModel>(TModel model) where TModel : IHeadedModel
        {
            model.Backbone.Initialize(random);
            model.HeadModule.Initialize(random);
            return model;
        }
    }

    /// <summary>A module of torch itself: our recurrent layers begin as torch's do; linear layers and tables are TorchSharp's. Null for a model of a family.</summary>
    private static (nn.Module Owner, IReadOnlyDictionary<string, Tensor> Weights)? TorchModule(FixtureCase c)
    {
        var shapes = c["parameters"].EnumerateArray().ToDictionary(parameter => parameter.GetProperty("pattern").GetString()!, parameter => parameter.GetProperty("shapes")[0].ToInts());
        manual_seed(1234);
        nn.Module module;
        switch (c["class"].GetString())
        {
            case "Linear": module = nn.Linear(shapes["weight"][1], shapes["weight"][0], shapes.ContainsKey("bias")); break;
            case "Embedding": module = nn.Embedding(shapes["weight"][0], shapes["weight"][1]); break;
            case "LSTM" or "GRU" or "RNN":
                RecurrentConfig config = new()
                {
                    Cell = c["class"].GetString() switch { "LSTM" => RecurrentCell.Lstm, "GRU" => RecurrentCell.Gru, _ => RecurrentCell.Tanh }, IsLanguageModel = false, VocabularySize = 8,
                    EmbeddingWidth = shapes["weight_ih_l0"][1], HiddenWidth = shapes["weight_hh_l0"][1], Layers = shapes.Keys.Count(name => Regex.IsMatch(name, @"^weight_hh_l\d+$")),
                    HasBias = shapes.ContainsKey("bias_ih_l0"), IsBidirectional = shapes.ContainsKey("weight_ih_l0_reverse"),
                };
                var encoder = config.CreateBackbone();
                encoder.Initialize(new RandomStream(1234));
                const string prefix = "rnn.";
                return (encoder, ModelWeights.Views(encoder).Where(weight => weight.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(weight => weight.Key[prefix.Length..], weight => weight.Value));
            default: return null;
        }
        return (module, module.named_parameters().ToDictionary(entry => entry.name, entry => (Tensor)entry.parameter));
    }

    private static void Compare<TModel>(FixtureCase c, Tally tally, TModel model) where TModel : nn.Module, ICheckpointModel
    {
        using (model) Compare(c, tally, ModelWeights.Views(model));
    }

    private static void Compare(FixtureCase c, Tally tally, IReadOnlyDictionary<string, Tensor> weights)
    {
        using (no_grad())
        {
            var patterns = weights.GroupBy(weight => Regex.Replace(weight.Key, @"(?<=\.)\d+(?=\.)", "*")).ToDictionary(group => group.Key, group => group.Select(weight => weight.Value).ToList());
            var expected = c["parameters"].EnumerateArray().ToDictionary(parameter => parameter.GetProperty("pattern").GetString()!);
            tally.Equal("names", string.Join(", ", expected.Keys.Order(StringComparer.Ordinal)), string.Join(", ", patterns.Keys.Order(StringComparer.Ordinal)));
            foreach (var (pattern, parameter) in expected)
            {
                if (!patterns.TryGetValue(pattern, out var tensors)) continue;
                tally.Equal($"shapes of {pattern}", string.Join(' ', parameter.GetProperty("shapes").EnumerateArray().Select(shape => Shape([.. shape.ToInts().Select(size => (long)size)])).Order(StringComparer.Ordinal)),
                    string.Join(' ', tensors.Select(tensor => Shape(tensor.shape)).Distinct().Order(StringComparer.Ordinal)));
                tally.Equal($"tensors of {pattern}", parameter.GetProperty("tensors").GetInt32(), tensors.Count);
                Statistics(pattern, parameter, [.. tensors.SelectMany(tensor => tensor.to(ScalarType.Float64).contiguous().view(-1).data<double>())], tally);
            }
            foreach (var padding in c["padding_rows"].EnumerateObject())
            {
                var row = weights[padding.Name][padding.Value.GetProperty("padding_idx").GetInt32()];
                tally.Equal($"row of padding of {padding.Name} is zero", padding.Value.GetProperty("row_is_zero").GetBoolean(), row.eq(0).all().item<bool>());
            }
        }
    }

    private static void Statistics(string pattern, System.Text.Json.JsonElement expected, double[] values, Tally tally)
    {
        double Of(string key) => expected.GetProperty(key).GetDouble();
        var mean = values.Average();
        if (expected.GetProperty("kind").GetString() != "random")
        {
            tally.Number($"least of {pattern}", Of("min"), values.Min(), 1e-6);
            tally.Number($"largest of {pattern}", Of("max"), values.Max(), 1e-6);
            return;
        }
        var variance = values.Average(value => (value - mean) * (value - mean));
        var (deviation, kurtosis) = (Math.Sqrt(variance), values.Average(value => Math.Pow(value - mean, 4)) / (variance * variance));
        var (error, twoSamples) = (Of("std") / Math.Sqrt(values.Length), Errors * Math.Sqrt(2));
        tally.Number($"mean of {pattern}", Of("mean"), mean, twoSamples * error);
        tally.Number($"deviation of {pattern}", Of("std"), deviation, twoSamples * Of("standard_error_of_std"));
        tally.Number($"kurtosis of {pattern}", Of("kurtosis"), kurtosis, twoSamples * Math.Sqrt(24.0 / values.Length) / Of("kurtosis"));
        // A uniform or truncated distribution has a bound, which many draws come close to.
        if (Of("kurtosis") < 2.8 && values.Length > 10000) tally.Number($"bound of {pattern}", Of("largest_abs_over_std"), values.Max(Math.Abs) / deviation, 0.02);
    }

    private static string Shape(long[] shape) => $"[{string.Join(',', shape.Select(size => size.ToString(CultureInfo.InvariantCulture)))}]";
}
