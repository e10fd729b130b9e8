using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

/// <summary>Small data and a small model: three classes of texts that differ in their words.</summary>
internal static class Toy
{
    private static readonly string[][] Words =
    [
        ["apple", "pear", "plum", "cherry", "ripe", "sweet"],
        ["engine", "wheel", "brake", "gear", "fast", "loud"],
        ["rain", "cloud", "storm", "wind", "cold", "grey"],
    ];

    private static readonly string[] Names = ["fruit", "car", "weather"];

    internal static TokenizerModel Tokenizer { get; } = new ByteLevelBpeTrainer(ByteLevelBpeTrainer.Defaults with { VocabularySize = 320 })
        .Train(Rows(200).Select(row => row.Text), cancellationToken: CancellationToken.None);

    internal static IReadOnlyList<LabeledRow> Rows(int count, ulong seed = 1)
    {
        var random = new RandomStream(seed);
        return [.. Enumerable.Range(0, count).Select(row =>
        {
            int label = row % Names.Length;
            int length = 3 + random.NextInt32(6);
            return new LabeledRow { Text = string.Join(' ', Enumerable.Range(0, length).Select(_ => Words[label][random.NextInt32(Words[label].Length)])), Class = Names[label] };
        })];
    }

    internal static IDataView View(MLContext ml, int count, ulong seed = 1) => ml.Data.LoadFromEnumerable(Rows(count, seed));

    internal static Gpt2Config Config { get; } = Gpt2Presets.Tiny(Tokenizer.VocabularySize) with { Layers = 1, Heads = 2, Width = 16, MaximumLength = 32, ResidualDropout = 0.1 };

    internal static LanguageModel Model(long seed = 1) => LanguageModel.Create(Tokenizer, Config, seed);

    internal static TokenizerModel BertTokenizer { get; } = TokenizerRecipe.BertUncased(120).Train(Rows(200).Select(row => row.Text));

    internal static BertConfig BertConfig { get; } = new() { VocabularySize = BertTokenizer.VocabularySize, MaximumLength = 32, Layers = 1, Heads = 2, Width = 16, InnerWidth = 32 };

    internal static TextEncoder Encoder(long seed = 1) => TextEncoder.Create(BertTokenizer, BertConfig, seed);

    internal static CausalPretrainingOptions Pretraining { get; } = new() { Epochs = 1, BatchSize = 8, LearningRate = 5e-3, Device = ComputeDevice.Cpu };

    internal static TextClassificationOptions Classification { get; } = new() { Epochs = 4, BatchSize = 8, LearningRate = 5e-3, Device = ComputeDevice.Cpu };

    /// <summary>Labels to keys, the classifier, keys to labels.</summary>
    internal static EstimatorChain<Transforms.KeyToValueMappingTransformer> Pipeline(MLContext ml, TextModel model, TextClassificationOptions? options = null) =>
        ml.Transforms.Conversion.MapValueToKey("Label", nameof(LabeledRow.Class))
            .Append(ml.MulticlassClassification.Trainers.FineTuneLanguageModel(model, options ?? Classification))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

}

/// <summary>A text and its class.</summary>
public sealed class LabeledRow
{
    public string Text { get; set; } = "";

    public string Class { get; set; } = "";
}
