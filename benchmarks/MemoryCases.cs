using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bart;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.DebertaV2;
using Microsoft.ML.LlmFineTune.Models.Gemma;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Models.ModernBert;
using Microsoft.ML.LlmFineTune.Models.NeoX;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>The models of the benchmark of memory: every family at three sizes, shaped as the published ones are.</summary>
internal static class MemoryCases
{
    /// <summary>Names of the families.</summary>
    public static readonly string[] Families = ["gpt2", "llama", "qwen3", "gemma3", "neox", "bert", "distilbert", "albert", "modernbert", "deberta-v2", "t5", "bart", "lstm"];

    /// <summary>Rows, tokens a row, and the shape.</summary>
    public static (int Rows, int Length, ModelConfig Config) Of(string family, int size)
    {
        (int rows, int length, int width, int layers, int heads, int vocabulary) = size switch
        {
            1 => (16, 256, 256, 4, 8, 8000),
            2 => (8, 256, 512, 6, 8, 16000),
            3 => (4, 256, 384, 4, 8, 16000),
            _ => throw new ArgumentOutOfRangeException(nameof(size), size, "Sizes are 1, 2 and 3."),
        };
        ModelConfig config = family switch
        {
            "gpt2" => new Gpt2Config { VocabularySize = vocabulary, MaximumLength = length, Width = width, Layers = layers, Heads = heads },
            "llama" => new LlamaConfig { VocabularySize = vocabulary, TrainedLength = length, Width = width, InnerWidth = width * 8 / 3, Layers = layers, Heads = heads, KeyValueHeads = heads / 2 },
            "qwen3" => new LlamaConfig { Kind = LlamaKind.Qwen3, VocabularySize = vocabulary, TrainedLength = length, Width = width, InnerWidth = width * 3, Layers = layers, Heads = heads, KeyValueHeads = heads / 2, HeadSize = 96, TieEmbeddings = true },
            "gemma3" => new GemmaConfig
            {
                Kind = GemmaKind.Gemma3, VocabularySize = vocabulary, TrainedLength = length, Width = width, InnerWidth = width * 4, Layers = layers, Heads = heads, KeyValueHeads = heads / 2, HeadSize = 64, QueryScalar = 64,
                Window = 64, WindowLayers = [.. Enumerable.Range(0, layers).Select(layer => layer % 4 != 3)], Rotary = new() { Theta = 1e6 }, LocalRotary = new() { Theta = 1e4 },
            },
            "neox" => new NeoXConfig { VocabularySize = vocabulary, TrainedLength = length, Width = width, InnerWidth = 4 * width, Layers = layers, Heads = heads },
            "bert" => new BertConfig { VocabularySize = vocabulary, MaximumLength = length, Width = width, Layers = layers, Heads = heads, InnerWidth = 4 * width },
            "distilbert" => new DistilBertConfig { VocabularySize = vocabulary, MaximumLength = length, Width = width, Layers = layers, Heads = heads, InnerWidth = 4 * width, HiddenDropout = 0, AttentionDropout = 0 },
            "albert" => new AlbertConfig { VocabularySize = vocabulary, MaximumLength = length, EmbeddingWidth = width, Width = width, Layers = 2 * layers, Heads = heads, InnerWidth = 4 * width },
            "modernbert" => new ModernBertConfig { VocabularySize = vocabulary, MaximumLength = length, Width = width, InnerWidth = width * 3 / 2, Layers = layers, Heads = heads, LocalWindow = 64, Padding = 0 },
            "deberta-v2" => new DebertaV2Config
            {
                VocabularySize = vocabulary, MaximumLength = length, Width = width, Layers = layers, Heads = heads, InnerWidth = 4 * width, AddsPositions = false, HasRelativeAttention = true,
                PositionScores = [PositionScore.PositionToContent, PositionScore.ContentToPosition], SharesProjections = true, DistanceBuckets = 64, NormalizesPositions = true, Padding = 0,
            },
            "t5" => new T5Config { VocabularySize = vocabulary, Width = width, HeadSize = 64, Heads = heads, InnerWidth = width * 5 / 2, EncoderLayers = layers / 2, DecoderLayers = layers / 2, Activation = "gelu_new", IsGated = true, TieEmbeddings = false, ScaleDecoderOutputs = false },
            "bart" => new BartConfig
            {
                VocabularySize = vocabulary, MaximumLength = length, Width = width, EncoderLayers = layers / 2, EncoderHeads = heads, EncoderInnerWidth = 4 * width, DecoderLayers = layers / 2, DecoderHeads = heads, DecoderInnerWidth = 4 * width,
            },
            "lstm" => new RecurrentConfig { VocabularySize = vocabulary, EmbeddingWidth = width, HiddenWidth = 2 * width, Layers = layers / 2 },
            _ => throw new ArgumentException($"Families are {string.Join(", ", Families)}; received '{family}'.", nameof(family)),
        };
        return (rows, length, config);
    }

    /// <summary>The adapter of a cell; null where the model itself is trained.</summary>
    public static AdapterOptions? AdapterOf(string mode) => mode.Contains("lora", StringComparison.Ordinal) ? new LoraOptions() : null;

    /// <summary>The task that a family is measured with.</summary>
    public static ModelHead HeadOf(ModelConfig config) => config switch
    {
        BertFamilyConfig or ModernBertConfig or DebertaV2Config => ModelHead.MaskedToken,
        T5Config or BartFamilyConfig => ModelHead.SequenceToSequence,
        _ => ModelHead.NextToken,
    };

    /// <summary>Four steps, a validation after every second.</summary>
    public static TrainingOptions OptionsOf(string mode, int replicas) => new()
    {
        MaximumSteps = 4, ValidationInterval = 2, Epochs = null, Replicas = replicas, Device = ComputeDevice.Cpu,
        RecomputeActivations = mode.Contains("recompute", StringComparison.Ordinal), ReturnFreedMemory = mode.Contains("return", StringComparison.Ordinal),
    };

    /// <summary>What a cell is estimated by.</summary>
    public static MemoryRequest RequestOf(string family, int size, string mode, int replicas)
    {
        (int rows, int length, ModelConfig config) = Of(family, size);
        return new MemoryRequest
        {
            Config = config, Head = HeadOf(config), Options = OptionsOf(mode, replicas), Rows = rows, Length = length, Replicas = replicas,
            Adapter = AdapterOf(mode),
        };
    }

    /// <summary>The objective of a task.</summary>
    public static IObjective ObjectiveOf(ModelConfig config) => config is RecurrentConfig ? new RecurrentObjective() : HeadOf(config) == ModelHead.NextToken ? new NextTokenObjective() : new ScoredTokens();

    /// <summary>Scores each token of a batch: with a masked language model in its place, with an encoder-decoder in the text that is written.</summary>
    private sealed class ScoredTokens : IObjective
    {
        public IReadOnlyList<string> Metrics { get; } = [];

        public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
        {
            Tensor tokens = tensor(rows.Tokens, [rows.Rows, rows.Length]), targets = tensor(rows.Targets);
            if (model is MaskedLanguageModel masked) return Loss(masked.Backbone.ReadTexts(tokens), targets, masked.Config.VocabularySize, masked.HeadModule.Forward, model);
            var both = (EncoderDecoderModel)model;
            return Loss(both.Decode(tokens, both.Encode(tokens)), targets, both.TargetVocabularySize, both.Logits, model);
        }

        private static Tensor Loss(Tensor hidden, Tensor targets, long classes, Func<Tensor, Tensor> head, nn.Module model) =>
            ChunkedCrossEntropy.Sum(hidden.flatten(0, 1), targets, classes, head, model);
    }
}
