using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
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
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Exchange;

/// <summary>Models that the library makes from a configuration, of every family with every head that it has, and what the library computes with them.</summary>
internal static class FreshModels
{
    private const int Vocabulary = 96;
    private const int Length = 12;
    private const int Padding = 1;

    private static readonly IReadOnlyDictionary<string, ModelConfig> Configurations = new Dictionary<string, ModelConfig>
    {
        // As a user makes them: nothing but the size of the vocabulary.
        ["gpt2_preset"] = Gpt2Presets.Tiny(Vocabulary),
        ["llama_preset"] = LlamaPresets.Tiny(Vocabulary),
        ["gemma3_preset"] = GemmaPresets.Tiny(Vocabulary),
        ["gpt_neox_preset"] = NeoXPresets.Tiny(Vocabulary),
        ["bert_preset"] = BertPresets.Tiny(Vocabulary),
        ["modernbert_preset"] = ModernBertPresets.Tiny(Vocabulary) with { BeginOfText = null, EndOfText = [], Padding = Padding },
        ["deberta_v2_preset"] = DebertaV2Presets.Tiny(Vocabulary),
        ["t5_preset"] = T5Presets.Tiny(Vocabulary),
        ["bart_preset"] = BartPresets.Tiny(Vocabulary),
        ["gpt2"] = new Gpt2Config { VocabularySize = Vocabulary, MaximumLength = 64, Width = 32, Layers = 2, Heads = 4, TieEmbeddings = false, Padding = Padding, EndOfText = [2, 3] },
        ["llama"] = Small(LlamaKind.Llama) with { Rotary = new() { Theta = 500_000, Scaling = new Llama3Scaling(8, 1, 4, 32) }, AttentionBias = true, FeedForwardBias = true },
        ["llama_yarn"] = Small(LlamaKind.Llama) with { Rotary = new() { Theta = 20_000, Scaling = new YarnScaling(4, 16) }, TieEmbeddings = true },
        ["llama_dynamic"] = Small(LlamaKind.Llama) with { TrainedLength = 8, Rotary = new() { Scaling = new DynamicScaling(2, 8) } },
        ["llama_linear"] = Small(LlamaKind.Llama) with { Rotary = new() { Scaling = new LinearScaling(2) } },
        ["mistral"] = Small(LlamaKind.Mistral) with { Window = 4, HeadSize = 12 },
        ["qwen2"] = Small(LlamaKind.Qwen2) with { Rotary = new() { Theta = 1_000_000 } },
        ["qwen3"] = Small(LlamaKind.Qwen3) with { HeadSize = 16, TieEmbeddings = true },
        ["smollm3"] = Small(LlamaKind.SmolLm3) with { RotaryLayers = [true, false, true] },
        ["phi3"] = Small(LlamaKind.Phi3) with { Window = 5, Rotary = new() { Scaling = new LongRopeScaling([1, 1.5, 2, 3], [2, 4, 6, 8], 32, 2) } },
        ["olmo2"] = Small(LlamaKind.Olmo2),
        ["gemma"] = Small(GemmaKind.Gemma),
        ["gemma2"] = Small(GemmaKind.Gemma2) with { AttentionSoftcap = 50, LogitSoftcap = 30, Window = 4, WindowLayers = [true, false, true], QueryScalar = 24 },
        ["gemma3"] = Small(GemmaKind.Gemma3) with { Window = 4, WindowLayers = [true, true, false], LocalRotary = new(), Rotary = new() { Theta = 1_000_000, Scaling = new LinearScaling(8) } },
        ["gpt_neox"] = new NeoXConfig { VocabularySize = Vocabulary, TrainedLength = 64, Width = 32, InnerWidth = 48, Layers = 2, Heads = 4, IsParallel = false, Padding = Padding, EndOfText = [2] },
        ["bert"] = Small(new BertConfig()),
        ["roberta"] = Small(new RobertaConfig { Segments = 1 }),
        ["xlm-roberta"] = Small(new RobertaConfig("xlm-roberta") { Segments = 1 }),
        ["camembert"] = Small(new RobertaConfig("camembert") { Segments = 1 }),
        ["distilbert"] = Small(new DistilBertConfig()),
        ["electra"] = Small(new ElectraConfig { EmbeddingWidth = 24 }),
        ["albert"] = Small(new AlbertConfig { EmbeddingWidth = 24 }),
        ["mpnet"] = Small(new MpnetConfig()),
        ["modernbert"] = ModernBertPresets.Tiny(Vocabulary) with { Width = 32, InnerWidth = 48, Heads = 4, Layers = 4, LocalWindow = 6, HasNormBias = true, HasAttentionBias = true, HasFeedForwardBias = true, HasHeadBias = true, Padding = Padding, BeginOfText = 0, EndOfText = [2] },
        ["deberta_v2"] = DebertaV2Presets.Tiny(Vocabulary) with { Width = 32, InnerWidth = 48, Layers = 2, Heads = 4, SharesProjections = false, AddsPositions = true, Segments = 2, ConvolutionSize = 3, HasLegacyHead = true, Padding = Padding },
        ["t5"] = new T5Config { VocabularySize = Vocabulary, Width = 32, HeadSize = 8, Heads = 4, InnerWidth = 48, EncoderLayers = 2, DecoderLayers = 3 },
        ["t5_untied"] = new T5Config { VocabularySize = Vocabulary, Width = 32, HeadSize = 12, Heads = 4, InnerWidth = 48, EncoderLayers = 2, DecoderLayers = 2, IsGated = true, Activation = "gelu_new", TieEmbeddings = false, ScaleDecoderOutputs = false },
        ["bart"] = BartPresets.Tiny(Vocabulary) with { Width = 32, EncoderInnerWidth = 48, DecoderInnerWidth = 40, EncoderLayers = 2, DecoderLayers = 3, ScaleEmbedding = true },
        ["marian"] = BartPresets.OpusMt(Vocabulary) with { Width = 32, EncoderHeads = 4, DecoderHeads = 4, EncoderInnerWidth = 48, DecoderInnerWidth = 40, EncoderLayers = 2, DecoderLayers = 3, MaximumLength = 64 },
    };

    public static void Write(string target)
    {
        foreach ((string name, ModelConfig given) in Configurations)
        {
            foreach (ModelHead head in Enum.GetValues<ModelHead>())
            {
                using var scope = NewDisposeScope();
                if (Make(given with { Labels = head is ModelHead.SequenceClassification or ModelHead.TokenClassification ? ["red", "green", "blue"] : [] }, head) is not nn.Module model) continue;
                using (model) ExchangeModel.Save(Path.Combine(target, "fresh", name, $"{head}"), model);
                Describe(Path.Combine(target, "fresh", name, $"{head}"), given, head);
            }
            foreach (ScalarType type in (ScalarType[])[ScalarType.BFloat16, ScalarType.Float16])
            {
                using var scope = NewDisposeScope();
                string folder = Path.Combine(target, "half", name, type.ToString().ToLowerInvariant());
                ModelHead head = OwnHead(given);
                using (nn.Module model = Make(given, head, type)!) ExchangeModel.Save(folder, model, maximumShardBytes: 100_000);
                Describe(folder, given, head);
            }
        }
    }

    /// <summary>The presets in their full size: the configuration alone, and which tensors the library would write.</summary>
    public static void WriteShapes(string target)
    {
        foreach (Type type in typeof(Gpt2Presets).Assembly.GetTypes().Where(type => type.Name.EndsWith("Presets", StringComparison.Ordinal)))
        {
            foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Static).Where(property => property.PropertyType.IsAssignableTo(typeof(ModelConfig))))
            {
                using var scope = NewDisposeScope();
                var config = (ModelConfig)property.GetValue(null)!;
                ModelHead head = OwnHead(config);
                string folder = Directory.CreateDirectory(Path.Combine(target, "presets", $"{type.Name}.{property.Name}")).FullName;
                File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJson(head).ToJsonString());
                using nn.Module model = TaskModels.Create(config, head, META);
                Dictionary<string, long[]> shapes = model.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter.shape);
                foreach (var (name, buffer) in model.named_buffers()) shapes[name] = buffer.shape;
                ExchangeFolder.Describe(folder, new JsonObject
                {
                    ["shapes"] = new JsonObject(((ICheckpointModel)model).WeightNames.Select(name => KeyValuePair.Create(name.File, (JsonNode?)new JsonArray([.. (name.IsTransposed && shapes[name.Parameter].Length == 2 ? shapes[name.Parameter].Reverse() : shapes[name.Parameter]).Select(size => (JsonNode)size)])))),
                });
            }
        }
    }

    private static ModelHead OwnHead(ModelConfig config) => config switch
    {
        T5Config or BartFamilyConfig => ModelHead.SequenceToSequence,
        ElectraConfig => ModelHead.ReplacedToken,
        BertFamilyConfig or ModernBertConfig or DebertaV2Config => ModelHead.MaskedToken,
        _ => ModelHead.NextToken,
    };

    /// <summary>A model with noise in all of its weights, so that none of them can be lost unnoticed; null where the family has no such head.</summary>
    private static nn.Module? Make(ModelConfig config, ModelHead head, ScalarType type = ScalarType.Float32)
    {
        nn.Module model;
        try
        {
            model = TaskModels.Create(config, head, dtype: type);
        }
        catch (NotSupportedException)
        {
            return null;
        }
        if (((ICheckpointModel)model).Head != head)
        {
            // A backbone that has a head of its own.
            model.Dispose();
            return null;
        }
        random.manual_seed(7);
        using var noGradients = no_grad();
        foreach (var parameter in model.parameters())
        {
            bool isScale = parameter.dim() == 1;
            parameter.copy_(isScale ? rand(parameter.shape) : randn(parameter.shape) * 0.15);
        }
        return model;
    }

    private static void Describe(string folder, ModelConfig config, ModelHead head)
    {
        random.manual_seed(11);
        Tensor tokens = randint(4, Vocabulary, [3, Length], dtype: ScalarType.Int64), mask = ones([3, Length], ScalarType.Int64);
        foreach ((int row, int length) in ((int, int)[])[(0, Length), (1, 7), (2, 9)])
        {
            mask[row, length..] = 0;
            tokens[row, length..] = config.Padding ?? 0;
            // An encoder-decoder classifies by the token that ends a text.
            if (config is T5Config or BartFamilyConfig) tokens[row, length - 1] = config.EndOfText[0];
        }
        // The reference classifies several texts at once only with a token that pads them.
        if (head == ModelHead.SequenceClassification && config.Padding is null) (tokens, mask) = (tokens[..1], mask[..1]);
        Dictionary<string, Tensor> inputs = new() { ["input_ids"] = tokens, ["attention_mask"] = mask };
        if (head == ModelHead.SequenceToSequence) inputs["decoder_input_ids"] = randint(4, Vocabulary, [3, 7], dtype: ScalarType.Int64);
        if (head == ModelHead.MultipleChoice) inputs = inputs.ToDictionary(entry => entry.Key, entry => entry.Value.unsqueeze(0).repeat(2, 1, 1));
        using nn.Module model = ExchangeModel.Load(folder);
        ExchangeFolder.Describe(folder, inputs, ExchangeModel.Outputs(model, inputs));
    }

    private static LlamaConfig Small(LlamaKind kind) => new()
    {
        Kind = kind, VocabularySize = Vocabulary, TrainedLength = 64, Width = 32, InnerWidth = 48, Layers = 3, Heads = 4, KeyValueHeads = 2, BeginOfText = 0, EndOfText = [2], Padding = Padding,
    };

    private static GemmaConfig Small(GemmaKind kind) => new()
    {
        Kind = kind, VocabularySize = Vocabulary, TrainedLength = 64, Width = 32, InnerWidth = 48, Layers = 3, Heads = 4, KeyValueHeads = 2, HeadSize = 12, BeginOfText = 0, EndOfText = [2], Padding = Padding,
    };

    private static TConfig Small<TConfig>(TConfig config) where TConfig : BertFamilyConfig =>
        config with { VocabularySize = Vocabulary, MaximumLength = 64, Width = 32, Layers = 2, Heads = 4, InnerWidth = 48, Padding = config.Padding ?? 0 };
}
