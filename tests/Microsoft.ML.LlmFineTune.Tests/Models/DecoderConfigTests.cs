using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gemma;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Models.NeoX;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>Configurations of Llama, its relatives, Gemma and GPT-NeoX: every published key is honoured, refused by name or carried along.</summary>
public sealed class DecoderConfigTests
{
    public DecoderConfigTests() => NativeRuntime.Initialize();

    public static TheoryData<string> Folders => new(
        "llama/lm_biases", "llama/lm_head_dim", "llama/lm_rope_dynamic", "llama/lm_rope_linear", "llama/lm_rope_llama3", "llama/lm_rope_longrope_long", "llama/lm_rope_yarn", "llama/lm_tied", "mistral/lm_full", "mistral/lm_sliding",
        "qwen2/lm", "qwen2/lm_sliding", "qwen3/lm", "smollm3/lm", "phi3/lm", "phi3/lm_partial_rotary", "phi3/lm_longrope_long", "olmo2/lm", "gemma/lm", "gemma2/lm", "gemma3/lm", "gpt_neox/lm_parallel", "gpt_neox/lm_sequential");

    [Theory]
    [MemberData(nameof(Folders))]
    public void AFolderIsWrittenAsItWasRead(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(golden.Folder);
        string folder = Directory.CreateTempSubdirectory("family").FullName;
        try
        {
            HuggingFaceFolder.Save(folder, model);
            JsonObject before = Json(golden.Folder, "config.json"), after = Json(folder, "config.json");
            foreach ((string key, JsonNode? value) in before)
            {
                // Written numbers that the reference derives may stand beside those that it writes itself.
                if (key == "rope_parameters") Assert.Superset(Leaves(value), Leaves(after[key]));
                else Assert.True(JsonNode.DeepEquals(value, after[key]), $"{key}: {after[key]?.ToJsonString()}, {value?.ToJsonString()} expected");
            }
            Assert.Empty(model.Config.UnknownKeys);
            IReadOnlyDictionary<string, Tensor> stored = SafeTensors.Read(Path.Combine(golden.Folder, "model.safetensors")), written = SafeTensors.Read(Path.Combine(folder, "model.safetensors"));
            Assert.Equal(stored.Keys.Order(StringComparer.Ordinal), written.Keys.Order(StringComparer.Ordinal));
            foreach ((string name, Tensor weight) in stored) Assert.True(weight.shape.SequenceEqual(written[name].shape) && weight.eq(written[name]).all().item<bool>(), name);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void BothSpellingsOfRotaryPositionsAreOne()
    {
        RotaryOptions newer = Llama("""{"rope_parameters": {"rope_type": "yarn", "rope_theta": 5000.0, "factor": 4.0, "original_max_position_embeddings": 16, "mscale": 0.7, "mscale_all_dim": 0.9, "truncate": false}}""").Rotary;
        RotaryOptions older = Llama("""{"rope_theta": 5000, "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "mscale": 0.7, "mscale_all_dim": 0.9, "truncate": false}}""").Rotary;
        Assert.Equal(newer, older);
        Assert.Equal(new YarnScaling(4, 16) { Scale = 0.7, AllDimensionsScale = 0.9, Truncate = false }, older.Scaling);
        // Without a length of its own a scaling starts from the model's.
        Assert.Equal(new YarnScaling(4, 32), Llama("""{"max_position_embeddings": 32, "rope_scaling": {"type": "yarn", "factor": 4.0}}""").Rotary.Scaling);
        Assert.Equal(new YarnScaling(2, 16), Llama("""{"max_position_embeddings": 32, "rope_scaling": {"type": "yarn", "original_max_position_embeddings": 16}}""").Rotary.Scaling);
    }

    [Fact]
    public void PhisOldNamesOfLongRopeAreKnown()
    {
        foreach (string type in (string[])["su", "yarn", "longrope"])
        {
            LlamaConfig config = Read<LlamaConfig>($$$"""
                {"model_type": "phi3", "hidden_size": 32, "num_attention_heads": 8, "max_position_embeddings": 32, "original_max_position_embeddings": 8,
                 "rope_scaling": {"type": "{{{type}}}", "short_factor": [1.0, 1.5], "long_factor": [2.0, 3.0]}}
                """);
            LongRopeScaling scaling = Assert.IsType<LongRopeScaling>(config.Rotary.Scaling);
            Assert.Equal((8, 4.0), (scaling.OriginalLength, scaling.Factor));
            Assert.Equal([2.0, 3.0], scaling.LongFactors);
            Assert.Equal(8, (int)config.ToJson(ModelHead.NextToken)["original_max_position_embeddings"]!);
        }
    }

    [Theory]
    [InlineData("linear", 48)]
    [InlineData("dynamic", 1 << 20)]
    public void ScaledPositionsReachFurther(string type, int length)
    {
        LlamaConfig config = Llama($$$"""{"max_position_embeddings": 12, "rope_scaling": {"type": "{{{type}}}", "factor": 4.0}}""");
        Assert.Equal((12, length), (config.TrainedLength, config.MaximumLength));
        Assert.Equal(12, (int)config.ToJson(ModelHead.NextToken)["max_position_embeddings"]!);
    }

    [Fact]
    public void WindowsFollowTheRulesOfTheFamilies()
    {
        Assert.Equal("4 4", Windows("""{"model_type": "mistral", "num_hidden_layers": 2, "sliding_window": 4}"""));
        Assert.Equal("4096 4096", Windows("""{"model_type": "mistral", "num_hidden_layers": 2}"""));
        Assert.Equal("- -", Windows("""{"model_type": "mistral", "num_hidden_layers": 2, "sliding_window": null}"""));
        Assert.Equal("- 4 4", Windows("""{"model_type": "qwen2", "num_hidden_layers": 3, "max_window_layers": 1, "use_sliding_window": true, "sliding_window": 4}"""));
        Assert.Equal("- - -", Windows("""{"model_type": "qwen2", "num_hidden_layers": 3, "max_window_layers": 1, "use_sliding_window": false, "sliding_window": 4}"""));
        Assert.Equal("4 -", Windows("""{"model_type": "qwen3", "num_hidden_layers": 2, "use_sliding_window": true, "sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"]}"""));
        Assert.Equal("- - - 4", Windows("""{"model_type": "smollm3", "num_hidden_layers": 4, "use_sliding_window": true, "sliding_window": 4}"""));
        Assert.Equal("4096 - 4096", Windows("""{"model_type": "gemma2", "num_hidden_layers": 3}"""));
        Assert.Equal("4 4 - 4", Windows("""{"model_type": "gemma3_text", "num_hidden_layers": 4, "sliding_window": 4, "sliding_window_pattern": 3}"""));

        static string Windows(string json) => ModelFamilies.ReadConfig(JsonNode.Parse(json)!.AsObject()) switch
        {
            LlamaConfig llama => string.Join(' ', Enumerable.Range(0, llama.Layers).Select(layer => $"{(object?)llama.WindowOf(layer) ?? "-"}")),
            GemmaConfig gemma => string.Join(' ', Enumerable.Range(0, gemma.Layers).Select(layer => $"{(object?)gemma.WindowOf(layer) ?? "-"}")),
            _ => "",
        };
    }

    [Fact]
    public void OfAGemmaThatSeesImagesTheTextsPartIsRead()
    {
        GemmaConfig config = Read<GemmaConfig>("""
            {"model_type": "gemma3", "eos_token_id": [1, 106], "vision_config": {"hidden_size": 8},
             "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 34, "sliding_window": 1024, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}}}
            """);
        Assert.Equal((2560, 262208, 1024, 34), (config.Width, config.VocabularySize, config.Window, config.Layers));
        Assert.Equal([1, 106], config.EndOfText);
        Assert.Equal(new LinearScaling(8), config.Rotary.Scaling);
        Assert.Null(config.LocalRotary!.Scaling);
        Assert.Equal("gemma3_text", (string?)config.ToJson(ModelHead.NextToken)["model_type"]);
        Assert.Equal("model.layers.0.mlp.up_proj.weight", GemmaWeightNames.Canonical("language_model.model.layers.0.mlp.up_proj.weight", config));
        Assert.Equal("model.norm.weight", GemmaWeightNames.Canonical("model.language_model.norm.weight", config));
        Assert.Null(GemmaWeightNames.Canonical("vision_tower.vision_model.post_layernorm.weight", config));
    }

    [Theory]
    [InlineData("""{"model_type": "gemma", "use_bidirectional_attention": true}""", "'use_bidirectional_attention'")]
    [InlineData("""{"model_type": "gemma3_text", "attn_logit_softcapping": 50.0}""", "'attn_logit_softcapping'")]
    [InlineData("""{"model_type": "llama", "rope_scaling": {"type": "ntk", "factor": 2.0}}""", "found 'ntk'")]
    [InlineData("""{"model_type": "llama", "rope_scaling": {"type": "linear"}}""", "need a 'factor'")]
    [InlineData("""{"model_type": "llama", "rope_scaling": {"type": "default", "mrope_section": [1, 2]}}""", "mrope_section")]
    [InlineData("""{"model_type": "llama", "quantization_config": {"bits": 4}}""", "'quantization_config'")]
    [InlineData("""{"model_type": "qwen2", "num_hidden_layers": 1, "layer_types": ["sliding_attention"]}""", "'use_sliding_window'")]
    [InlineData("""{"model_type": "qwen3", "num_hidden_layers": 1, "layer_types": ["chunked_attention"]}""", "'chunked_attention'")]
    [InlineData("""{"model_type": "smollm3", "num_hidden_layers": 2, "no_rope_layers": [1]}""", "'no_rope_layers'")]
    [InlineData("""{"model_type": "gemma3"}""", "'text_config'")]
    [InlineData("""{"model_type": "qwen2", "num_hidden_layers": 2000000000}""", "'num_hidden_layers'")]
    [InlineData("""{"model_type": "qwen2", "use_mrope": true}""", "'use_mrope'")]
    [InlineData("""{"model_type": "phi3", "lm_head_bias": true}""", "'lm_head_bias'")]
    [InlineData("""{"model_type": "gpt_neox", "hidden_dropout_prob": 0.5}""", "'hidden_dropout_prob'")]
    [InlineData("""{"model_type": "llama", "num_attention_heads": 3, "num_key_value_heads": 2, "hidden_size": 24}""", "multiple of KeyValueHeads")]
    [InlineData("""{"model_type": "llama", "hidden_size": 12, "num_attention_heads": 4}""", "as pairs")]
    public void WhatTheLibraryCannotDoIsRefusedByName(string json, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => ModelFamilies.ReadConfig(JsonNode.Parse(json)!.AsObject())).Message, StringComparison.Ordinal);

    [Fact]
    public void WhatAFamilysKeysCannotSayIsRefused()
    {
        LlamaConfig llama = new();
        Assert.Contains("mistral model has no AttentionBias True", Message(llama with { Kind = LlamaKind.Mistral, AttentionBias = true }), StringComparison.Ordinal);
        Assert.Contains("llama model has no Window", Message(llama with { Window = 8 }), StringComparison.Ordinal);
        Assert.Contains("qwen2 model has no FeedForwardBias", Message(llama with { Kind = LlamaKind.Qwen2, FeedForwardBias = true }), StringComparison.Ordinal);
        Assert.Contains("llama model has no ResidualDropout", Message(llama with { ResidualDropout = 0.1 }), StringComparison.Ordinal);
        Assert.Contains("qwen3 model has no RotaryLayers", Message(llama with { Kind = LlamaKind.Qwen3, RotaryLayers = [.. Enumerable.Repeat(false, 32)] }), StringComparison.Ordinal);
        Assert.Contains("gemma model has no LogitSoftcap 30", Message(new GemmaConfig { LogitSoftcap = 30 }), StringComparison.Ordinal);
        Assert.Contains("gemma2 model has no LocalRotary", Message(new GemmaConfig { Kind = GemmaKind.Gemma2, LocalRotary = new() { Theta = 5 } }), StringComparison.Ordinal);

        static string Message(ModelConfig config) => Assert.Throws<ArgumentException>(config.Validate).Message;
    }

    [Fact]
    public void PublishedShapesHaveTheirPublishedCounts()
    {
        Assert.Equal(134_515_008, LlamaPresets.SmolLm2Of135M.CountParameters());
        Assert.Equal(1_235_814_400, LlamaPresets.Llama32Of1B.CountParameters());
        Assert.Equal(6_738_415_616, LlamaPresets.Llama2Of7B.CountParameters());
        Assert.Equal(7_241_732_096, LlamaPresets.MistralOf7B.CountParameters());
        Assert.Equal(494_032_768, LlamaPresets.Qwen25Of05B.CountParameters());
        Assert.Equal(596_049_920, LlamaPresets.Qwen3Of06B.CountParameters());
        Assert.Equal(3_075_098_624, LlamaPresets.SmolLm3Of3B.CountParameters());
        Assert.Equal(3_821_079_552, LlamaPresets.Phi3Mini.CountParameters());
        Assert.Equal(1_484_916_736, LlamaPresets.Olmo2Of1B.CountParameters());
        Assert.Equal(268_098_176, GemmaPresets.Gemma3Of270M.CountParameters());
        Assert.Equal(999_885_952, GemmaPresets.Gemma3Of1B.CountParameters());
        Assert.Equal(2_614_341_888, GemmaPresets.Gemma2Of2B.CountParameters());
        Assert.Equal(2_506_172_416, GemmaPresets.GemmaOf2B.CountParameters());
        Assert.Equal(14_067_712, NeoXPresets.PythiaOf14M.CountParameters());
        Assert.Equal(70_426_624, NeoXPresets.PythiaOf70M.CountParameters());
        Assert.Equal(162_322_944, NeoXPresets.PythiaOf160M.CountParameters());
        Assert.Equal(405_334_016, NeoXPresets.PythiaOf410M.CountParameters());
        Assert.Equal(20_554_567_680, NeoXPresets.NeoXOf20B.CountParameters());
        foreach (ModelConfig tiny in (ModelConfig[])[LlamaPresets.Tiny(1000), LlamaPresets.Small(1000), GemmaPresets.Tiny(1000), NeoXPresets.Tiny(1000)]) Assert.InRange(tiny.CountParameters(), 800_000, 11_000_000);
    }

    [Fact]
    public void DefaultsAreThoseOfThePublishedModels()
    {
        LlamaConfig llama = new();
        Assert.Equal((LlamaKind.Llama, 32000, 4096, 4096, 11008, 32, 32, 32, 128), (llama.Kind, llama.VocabularySize, llama.TrainedLength, llama.Width, llama.InnerWidth, llama.Layers, llama.Heads, llama.KeyValueHeads, llama.HeadSize));
        Assert.Equal(("silu", 1e-5, 0.02, false, false, false, 0.0, 0.0), (llama.Activation, llama.NormEpsilon, llama.InitializerRange, llama.TieEmbeddings, llama.AttentionBias, llama.FeedForwardBias, llama.AttentionDropout, llama.ResidualDropout));
        Assert.Equal((new RotaryOptions(), null, null, null), (llama.Rotary, llama.RotaryLayers, llama.Window, llama.WindowLayers));
        GemmaConfig gemma = new();
        Assert.Equal((GemmaKind.Gemma, 256000, 8192, 3072, 24576, 28, 16, 16, 256), (gemma.Kind, gemma.VocabularySize, gemma.TrainedLength, gemma.Width, gemma.InnerWidth, gemma.Layers, gemma.Heads, gemma.KeyValueHeads, gemma.HeadSize));
        Assert.Equal(("gelu_pytorch_tanh", 1e-6, 0.02, true, false, 0.0), (gemma.Activation, gemma.NormEpsilon, gemma.InitializerRange, gemma.TieEmbeddings, gemma.AttentionBias, gemma.AttentionDropout));
        Assert.Equal((null, null, null, null, null, null), (gemma.QueryScalar, gemma.AttentionSoftcap, gemma.LogitSoftcap, gemma.LocalRotary, gemma.Window, gemma.WindowLayers));
        NeoXConfig neoX = new();
        Assert.Equal((50432, 2048, 6144, 44, 64, 24576, "gelu"), (neoX.VocabularySize, neoX.TrainedLength, neoX.Width, neoX.Layers, neoX.Heads, neoX.InnerWidth, neoX.Activation));
        Assert.Equal((0.25, true, true, 0.0, 0.0, 1e-5, 0.02, false), (neoX.Rotary.Fraction, neoX.IsParallel, neoX.AttentionBias, neoX.AttentionDropout, neoX.HiddenDropout, neoX.NormEpsilon, neoX.InitializerRange, neoX.TieEmbeddings));
        RotaryOptions rotary = new();
        Assert.Equal((10000, 1, null), (rotary.Theta, rotary.Fraction, rotary.Scaling));
        YarnScaling yarn = new(2, 8);
        Assert.Equal((32, 1, null, null, null, true), (yarn.FastTurns, yarn.SlowTurns, yarn.AttentionFactor, yarn.Scale, yarn.AllDimensionsScale, yarn.Truncate));
    }

    [Theory]
    [InlineData("""{"model_type": "llama", "classifier_dropout": 0.25}""", "classifier_dropout")]
    [InlineData("""{"model_type": "gpt2", "classifier_dropout": 0.0}""", "classifier_dropout")]
    [InlineData("""{"model_type": "gemma", "classifier_dropout": 0.3}""", "classifier_dropout")]
    [InlineData("""{"model_type": "llama", "problem_type": "single_label_classification"}""", "problem_type")]
    [InlineData("""{"model_type": "bert", "problem_type": "single_label_classification"}""", "problem_type")]
    public void WhatAnotherTaskReadsSurvivesALanguageModel(string json, string key)
    {
        ModelConfig config = ModelFamilies.ReadConfig(JsonNode.Parse(json)!.AsObject());
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json)![key], config.ToJson(ModelHead.NextToken)[key]));
        Assert.Empty(config.UnknownKeys);
        // What is chosen later wins.
        Assert.Equal("regression", (config with { Problem = ClassificationProblem.Regression }).ToJson(ModelHead.SequenceClassification)["problem_type"]?.ToString());
    }

    private static LlamaConfig Llama(string keys)
    {
        JsonObject json = JsonNode.Parse(keys)!.AsObject();
        json["model_type"] = "llama";
        return LlamaConfig.FromJson(json);
    }

    private static TConfig Read<TConfig>(string json) where TConfig : ModelConfig => Assert.IsType<TConfig>(ModelFamilies.ReadConfig(JsonNode.Parse(json)!.AsObject()));

    private static JsonObject Json(string folder, string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, name)))!.AsObject();

    /// <summary>Every value with its path.</summary>
    private static HashSet<string> Leaves(JsonNode? node) => node is JsonObject fields
        ? [.. fields.SelectMany(field => Leaves(field.Value).Select(leaf => $"{field.Key}: {leaf}"))]
        : [node is JsonValue number && number.TryGetValue(out double value) ? value.ToString("r", System.Globalization.CultureInfo.InvariantCulture) : node is JsonArray list ? string.Join(' ', list.Select(item => (double)item!)) : node?.ToJsonString() ?? "null"];
}
