using System.Text.Json;
using Golden.Library;
using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Data;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.Trainers;

namespace Golden.Minilm;

/// <summary>minilm/runs: logistic regressions on frozen embeddings, by ML.NET's own trainers behind the library's embedding step. What takes minutes of training is not repeated here.</summary>
internal sealed class RunsReader : CaseReader
{
    /// <summary>The optimum to all intents.</summary>
    private const string Optimum = "tol_1e-8";

    public override bool Reads(string file) => file == "runs.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        if (!c.Name.EndsWith("_frozen_logreg", StringComparison.Ordinal)) throw new UnsupportedException("a training run of minutes with dropout: the centre of a range, not numbers to be met; the sample sst2 repeats sst2_full");
        var (train, test) = Rows(c);
        tally.Equal("rows", (c["train_rows"].GetInt32(), c["test_rows"].GetInt32()), (train.Count, test.Count));
        MLContext ml = new(1);
        using var encoder = ml.LanguageModels.LoadEncoder(Path.Combine(c.Area, "model"));
        var embedding = ml.LanguageModels.EmbedText(encoder, new TextEmbeddingOptions { EmbeddingColumnName = "Features", MaximumTokens = c["max_length"].GetInt32() });
        var trainSet = Embedded(train);
        var testSet = Embedded(test);
        var classes = train.Select(row => row.Label).Distinct().Order(StringComparer.Ordinal).ToArray();
        tally.Equal("classes", c["classes"].GetInt32(), classes.Length);
        var (weights, biases) = classes.Length == 2 ? Binary() : Multiclass();
        var expected = c["results"].GetProperty(Optimum);
        var (objective, _) = Judge(trainSet);
        tally.Number("objective", expected.GetProperty("objective").GetDouble(), objective + (0.5 * weights.Sum(row => row.Sum(weight => (double)weight * weight))), 1e-6);
        var (loss, right) = Judge(testSet);
        tally.Number("test log loss", expected.GetProperty("test_log_loss").GetDouble(), loss / testSet.Count, 1e-3);
        tally.Number("rows right in the test", expected.GetProperty("test_accuracy").GetDouble() * testSet.Count, right, 2, floor: 1);

        List<EmbeddedRow> Embedded(IReadOnlyList<LabeledText> rows)
        {
            var data = ml.Data.LoadFromEnumerable(rows.Select(row => new TextRow { Text = row.Text, Label = row.Label }));
            return [.. ml.Data.CreateEnumerable<EmbeddedRow>(embedding.Fit(data).Transform(data), reuseRowObject: false)];
        }

        (float[][] Weights, float[] Biases) Binary()
        {
            var data = ml.Data.LoadFromEnumerable(trainSet.Select(row => new BinaryRow { Features = row.Features, Label = row.Label == classes[1] }), Schema<BinaryRow>(trainSet));
            var options = new LbfgsLogisticRegressionBinaryTrainer.Options { L1Regularization = 0, L2Regularization = 1, OptimizationTolerance = 1e-8f };
            var model = (LinearBinaryModelParameters)((CalibratedModelParametersBase)ml.BinaryClassification.Trainers.LbfgsLogisticRegression(options).Fit(data).Model).SubModel;
            // The logits of two classes differ by the model's one: the first has 0.
            return ([new float[model.Weights.Count], [.. model.Weights]], [0, model.Bias]);
        }

        (float[][] Weights, float[] Biases) Multiclass()
        {
            var data = ml.Data.LoadFromEnumerable(trainSet.Select(row => new KeyRow { Features = row.Features, Label = row.Label }), Schema<KeyRow>(trainSet));
            var keys = ml.Transforms.Conversion.MapValueToKey("Label", keyOrdinality: Microsoft.ML.Transforms.ValueToKeyMappingEstimator.KeyOrdinality.ByValue).Fit(data).Transform(data);
            var options = new LbfgsMaximumEntropyMulticlassTrainer.Options { L1Regularization = 0, L2Regularization = 1, OptimizationTolerance = 1e-8f };
            var model = ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(options).Fit(keys).Model;
            VBuffer<float>[] rows = [];
            model.GetWeights(ref rows, out _);
            return ([.. rows.Select(row => row.DenseValues().ToArray())], [.. model.GetBiases()]);
        }

        // Summed log loss in nats, and how many rows are right.
        (double Loss, int Right) Judge(IReadOnlyList<EmbeddedRow> rows)
        {
            double sum = 0;
            int hits = 0;
            var numbers = classes.Select((name, number) => (name, number)).ToDictionary(entry => entry.name, entry => entry.number, StringComparer.Ordinal);
            foreach (var row in rows)
            {
                double[] logits = [.. weights.Select((weight, number) => biases[number] + weight.Zip(row.Features).Sum(pair => (double)pair.First * pair.Second))];
                double largest = logits.Max();
                sum += largest + Math.Log(logits.Sum(logit => Math.Exp(logit - largest))) - logits[numbers[row.Label]];
                if (Array.IndexOf(logits, largest) == numbers[row.Label]) hits++;
            }
            return (sum, hits);
        }
    }

    private static SchemaDefinition Schema<TRow>(IReadOnlyList<EmbeddedRow> rows)
    {
        var schema = SchemaDefinition.Create(typeof(TRow));
        schema["Features"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, rows[0].Features.Length);
        return schema;
    }

    private static (IReadOnlyList<LabeledText> Train, IReadOnlyList<LabeledText> Test) Rows(FixtureCase c)
    {
        switch (c.Name)
        {
            case "sst2_frozen_logreg": return (Reviews("train"), Reviews("test"));
            case "banking77_frozen_logreg": return (Csv("train"), Csv("test"));
            case "sms_frozen_logreg":
                var all = File.ReadAllLines(c.Data("classification/sms-spam/SMSSpamCollection.tsv")).Select(line => line.Split('\t', 2)).Select(parts => new LabeledText(parts[1], parts[0])).ToList();
                return ([.. all.Where((_, row) => row % 5 != 4)], [.. all.Where((_, row) => row % 5 == 4)]);
            default: throw new UnsupportedException($"there is no reader for the data of {c.Name}");
        }

        List<LabeledText> Reviews(string part) => [.. File.ReadAllLines(c.Data($"classification/sst/stsa.binary.{part}")).Select(line => new LabeledText(line[2..], line[..1]))];

        List<LabeledText> Csv(string part) => [.. DelimitedReader.ReadLabeled(c.Data($"classification/banking77/{part}.csv"), "text", "category")];
    }

    private sealed class TextRow
    {
        public string Text { get; set; } = "";

        public string Label { get; set; } = "";
    }

    private sealed class EmbeddedRow
    {
        public float[] Features { get; set; } = [];

        public string Label { get; set; } = "";
    }

    private sealed class BinaryRow
    {
        public float[] Features { get; set; } = [];

        public bool Label { get; set; }
    }

    private sealed class KeyRow
    {
        public float[] Features { get; set; } = [];

        public string Label { get; set; } = "";
    }
}
