using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.ModernBert;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

public sealed class ModernBertTests
{
    private static readonly ModernBertConfig Small = new()
    {
        VocabularySize = 14, MaximumLength = 16, Width = 12, Layers = 4, Heads = 3, InnerWidth = 10, LocalWindow = 4, GlobalTheta = 160, LocalTheta = 10, Padding = 0,
    };

    private static readonly Dictionary<string, ModernBertConfig> Variants = new()
    {
        ["as published"] = Small,
        ["biases everywhere"] = Small with { HasNormBias = true, HasAttentionBias = true, HasFeedForwardBias = true, HasHeadBias = true },
        ["global layers by list"] = Small with { GlobalLayers = [false, true, true, false] },
        ["all layers global"] = Small with { GlobalEvery = 1 },
        ["an odd window"] = Small with { LocalWindow = 5 },
        ["a window of one token"] = Small with { LocalWindow = 1, HiddenActivation = "relu" },
        ["a window beyond the text"] = Small with { LocalWindow = 64, NormEpsilon = 1e-3 },
        ["one layer"] = Small with { Layers = 1 },
        ["no row of padding"] = Small with { Padding = null },
    };

    public ModernBertTests() => NativeRuntime.Initialize();

    public static TheoryData<string> VariantNames => new(Variants.Keys);

    [Theory]
    [MemberData(nameof(VariantNames))]
    public void Hidden_states_are_those_of_loops_in_double_precision(string name)
    {
        using ModernBertModel model = EncoderChecks.Drawn(Variants[name].CreateBackbone());
        EncoderChecks.EqualsTheLoops(model);
    }

    [Theory]
    [MemberData(nameof(VariantNames))]
    public void Gradients_are_the_slopes_of_the_function(string name) => EncoderChecks.GradientsAreSlopes(Variants[name], hasSegments: false);

    [Theory]
    [MemberData(nameof(VariantNames))]
    public void A_model_returns_from_a_folder_as_it_was(string name)
    {
        using ModernBertModel model = EncoderChecks.Drawn(Variants[name].CreateBackbone());
        EncoderChecks.NamesCoverParameters(model);
        EncoderChecks.ReturnsUnchanged(model, folder => (ModernBertModel)HuggingFaceFolder.LoadEncoder(folder), like => (ModernBertModel)like.CreateLike(), read => read.ReadTexts(EncoderChecks.Tokens, EncoderChecks.Mask), "ModernBertModel");
        Assert.Equal(model.ParameterCount, Variants[name].CountParameters());
        Assert.True(Variants[name].MatrixNumbers <= model.ParameterCount);
    }

    [Theory]
    [InlineData("modernbert/tokcls")]
    public void A_token_classifier_is_the_references(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using TokenClassifier model = HuggingFaceFolder.LoadTokenClassifier(golden.Folder);
        EncoderChecks.EqualsTheReference(golden, model, model.Backbone, () => model.Forward(golden.Inputs["input_ids"], golden.Mask));
    }

    [Fact]
    public void Heads_return_from_a_folder_as_they_were()
    {
        ModernBertConfig config = Small with { ClassifierDropout = 0.2, ClassifierPooling = Pooling.Mean, HeadActivation = "tanh" };
        foreach (ModernBertConfig variant in (ModernBertConfig[])[config, config with { TieEmbeddings = false, HasHeadBias = true }, config with { HasDecoderBias = false, HasNormBias = true }])
        {
            EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new MaskedLanguageModel(variant.CreateBackbone())), folder => HuggingFaceFolder.LoadMaskedLanguageModel(folder), like => like.CreateLike(),
                model => model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), "ModernBertForMaskedLM");
        }
        EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new SequenceClassifier(config.CreateBackbone(), ["a", "b", "c"])), folder => HuggingFaceFolder.LoadClassifier(folder), like => like.CreateLike(),
            model => model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), "ModernBertForSequenceClassification");
        EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new TokenClassifier(config.CreateBackbone(), ["a", "b", "c"])), folder => HuggingFaceFolder.LoadTokenClassifier(folder), like => like.CreateLike(),
            model => model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), "ModernBertForTokenClassification");
        EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new QuestionAnsweringModel(config.CreateBackbone())), folder => HuggingFaceFolder.LoadQuestionAnswering(folder), like => like.CreateLike(),
            model => model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask).End, "ModernBertForQuestionAnswering");
        EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new MultipleChoiceModel(config.CreateBackbone())), folder => HuggingFaceFolder.LoadMultipleChoice(folder), like => like.CreateLike(),
            model => model.Forward(EncoderChecks.Tokens.unsqueeze(0), EncoderChecks.Mask.unsqueeze(0)), "ModernBertForMultipleChoice");
    }

    [Theory]
    [InlineData(Pooling.FirstToken)]
    [InlineData(Pooling.Mean)]
    public void A_head_looks_at_the_first_token_or_the_mean(Pooling pooling)
    {
        using SequenceClassifier model = EncoderChecks.Drawn(new SequenceClassifier((Small with { ClassifierPooling = pooling, HasHeadBias = true, HasNormBias = true }).CreateBackbone(), ["a", "b", "c"]));
        using IDisposable withoutGradients = no_grad();
        Dictionary<string, Tensor> weights = ModelWeights.Views(model);
        Tensor hidden = model.Backbone.ReadTexts(EncoderChecks.Tokens, EncoderChecks.Mask)[1];
        Tensor pooled = pooling == Pooling.FirstToken ? hidden[0] : (hidden[0] + hidden[1] + hidden[2] + hidden[3]) / 4;
        Tensor dense = weights["head.dense.weight"].matmul(pooled) + weights["head.dense.bias"];
        Tensor active = dense * 0.5 * (1 + (dense / Math.Sqrt(2)).erf());
        Tensor centred = active - active.mean();
        Tensor normalised = (centred / (centred.square().mean() + 1e-5).sqrt() * weights["head.norm.weight"]) + weights["head.norm.bias"];
        GoldenModel.AssertClose("scores", weights["classifier.weight"].matmul(normalised) + weights["classifier.bias"], model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask)[1], 1e-5);
        GoldenModel.AssertClose("alone", model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask)[1], model.Forward(EncoderChecks.Tokens.narrow(0, 1, 1).narrow(1, 0, 4))[0], 1e-5);
    }

    [Fact]
    public void Segments_are_refused()
    {
        using ModernBertModel model = EncoderChecks.Drawn(Small.CreateBackbone());
        Assert.Contains("does not tell the segments", Assert.Throws<ArgumentException>(() => model.ReadTexts(EncoderChecks.Tokens, segments: EncoderChecks.Segments)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_dropout_is_alive()
    {
        foreach (ModernBertConfig config in (ModernBertConfig[])[Small with { EmbeddingDropout = 0.5 }, Small with { AttentionDropout = 0.5 }, Small with { FeedForwardDropout = 0.5 }, Small with { ClassifierDropout = 0.5 }])
        {
            using SequenceClassifier model = EncoderChecks.Drawn(new SequenceClassifier(config.CreateBackbone(), ["a", "b"]));
            EncoderChecks.DropoutIsAlive(model, like => like.Forward(EncoderChecks.Tokens, EncoderChecks.Mask));
        }
    }

    [Fact]
    public void Initial_weights_are_the_references()
    {
        ModernBertConfig config = new() { VocabularySize = 2000, Width = 256, InnerWidth = 384, Layers = 4, Heads = 4, Padding = 0 };
        using MaskedLanguageModel masked = new(config.CreateBackbone());
        masked.Backbone.Initialize(new RandomStream(5));
        masked.InitializeHead(new RandomStream(6));
        EncoderChecks.StartsLikeTheReference("modernbert", masked);
        using SequenceClassifier classifier = new((config with { Layers = 2 }).CreateBackbone(), [.. Enumerable.Range(0, 20).Select(i => $"{i}")]);
        classifier.Backbone.Initialize(new RandomStream(5));
        classifier.InitializeHead(new RandomStream(6));
        EncoderChecks.StartsLikeTheReference("modernbert_seqcls", classifier);
    }

    [Fact]
    public void Initial_weights_are_cut_off()
    {
        using MaskedLanguageModel model = new((Small with { InitializerRange = 0.5, InitializerCutoff = 1.5, TieEmbeddings = false, HasAttentionBias = true }).CreateBackbone());
        model.Backbone.Initialize(new RandomStream(5));
        model.InitializeHead(new RandomStream(6));
        foreach ((string name, Tensor weight) in ModelWeights.Views(model))
        {
            if (name.EndsWith("bias", StringComparison.Ordinal)) Assert.True(weight.eq(0).all().item<bool>(), name);
            else if (name.Contains("norm", StringComparison.Ordinal)) Assert.True(weight.eq(1).all().item<bool>(), name);
            else
            {
                bool isOutput = name.EndsWith("Wo.weight", StringComparison.Ordinal) || name.Contains("head", StringComparison.Ordinal) || name.Contains("decoder", StringComparison.Ordinal);
                double deviation = isOutput ? 0.5 / Math.Sqrt(8) : 0.5, largest = weight.abs().max().item<float>();
                Assert.True(largest <= 1.5 * deviation && largest > 1.2 * deviation, $"{name}: {largest}");
            }
        }
    }

    [Fact]
    public void Presets_have_the_published_sizes()
    {
        using MaskedLanguageModel published = new(ModernBertPresets.Base.CreateBackbone(META)), large = new(ModernBertPresets.Large.CreateBackbone(META));
        Assert.Equal(149_655_232, published.parameters().Sum(parameter => parameter.numel()));
        Assert.Equal(395_881_664, large.parameters().Sum(parameter => parameter.numel()));
        using ModernBertModel tiny = ModernBertPresets.Tiny(300).CreateBackbone(META);
        Assert.Equal((128, 4), (tiny.Config.Width, tiny.Config.Layers));
    }

    [Fact]
    public void The_published_configuration_is_the_preset_in_either_spelling()
    {
        const string Older = """
            {"architectures": ["ModernBertForMaskedLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 50281, "classifier_activation": "gelu", "classifier_bias": false, "classifier_dropout": 0.0,
             "classifier_pooling": "mean", "cls_token_id": 50281, "decoder_bias": true, "deterministic_flash_attn": false, "embedding_dropout": 0.0, "eos_token_id": 50282, "global_attn_every_n_layers": 3,
             "global_rope_theta": 160000.0, "gradient_checkpointing": false, "hidden_activation": "gelu", "hidden_size": 768, "initializer_cutoff_factor": 2.0, "initializer_range": 0.02, "intermediate_size": 1152,
             "layer_norm_eps": 1e-05, "local_attention": 128, "local_rope_theta": 10000.0, "max_position_embeddings": 8192, "mlp_bias": false, "mlp_dropout": 0.0, "model_type": "modernbert", "norm_bias": false,
             "norm_eps": 1e-05, "num_attention_heads": 12, "num_hidden_layers": 22, "pad_token_id": 50283, "position_embedding_type": "absolute", "reference_compile": null, "repad_logits_with_grad": false,
             "sep_token_id": 50282, "sparse_pred_ignore_index": -100, "sparse_prediction": false, "tie_word_embeddings": true, "torch_dtype": "float32", "transformers_version": "4.47.0.dev0", "vocab_size": 50368}
            """;
        ModernBertConfig older = ModernBertConfig.FromJson(JsonNode.Parse(Older)!.AsObject());
        Assert.Empty(older.UnknownKeys);
        string preset = ModernBertPresets.Base.ToJson(ModelHead.MaskedToken).ToJsonString();
        Assert.Equal(preset, (older with { OtherKeys = new Dictionary<string, System.Text.Json.JsonElement>() }).ToJson(ModelHead.MaskedToken).ToJsonString());
        JsonObject newer = older.ToJson(ModelHead.MaskedToken);
        foreach (string key in (string[])["global_rope_theta", "local_rope_theta", "global_attn_every_n_layers"]) newer.Remove(key);
        Assert.Equal(preset, (ModernBertConfig.FromJson(newer) with { OtherKeys = new Dictionary<string, System.Text.Json.JsonElement>() }).ToJson(ModelHead.MaskedToken).ToJsonString());
        // What the configuration class has as defaults, where nothing is said.
        ModernBertConfig bare = ModernBertConfig.FromJson([]);
        Assert.Equal(preset, (bare with { ClassifierPooling = Pooling.Mean }).ToJson(ModelHead.MaskedToken).ToJsonString());
    }

    [Fact]
    public void Todays_spelling_wins_over_the_older_one()
    {
        ModernBertConfig config = ModernBertConfig.FromJson(JsonNode.Parse("""
            {"num_hidden_layers": 3, "global_attn_every_n_layers": 2, "layer_types": ["sliding_attention", "full_attention", "full_attention"], "global_rope_theta": 5.0, "local_rope_theta": null,
             "rope_parameters": {"full_attention": {"rope_theta": 7, "rope_type": "default"}, "sliding_attention": null}, "initializer_cutoff_factor": null}
            """)!.AsObject());
        Assert.Equal([false, true, true], Enumerable.Range(0, 3).Select(config.IsGlobal));
        Assert.Equal((7, 5, 3), (config.GlobalTheta, config.LocalTheta, config.InitializerCutoff));
        Assert.False(config.ToJson(ModelHead.None).ContainsKey("global_attn_every_n_layers"));
    }

    [Theory]
    [InlineData("""{"rope_scaling": {"type": "linear", "factor": 2}}""", "'rope_scaling'")]
    [InlineData("""{"rope_parameters": {"full_attention": {"rope_type": "yarn", "factor": 2}}}""", "found 'rope_type'")]
    [InlineData("""{"rope_parameters": {"full_attention": {"rope_theta": 3, "partial_rotary_factor": 0.5}}}""", "found 'partial_rotary_factor'")]
    [InlineData("""{"layer_types": ["linear_attention"]}""", "found 'linear_attention'")]
    [InlineData("""{"classifier_pooling": "max"}""", "found 'max'")]
    [InlineData("""{"is_decoder": true}""", "'is_decoder'")]
    public void What_the_family_cannot_do_is_refused_by_name(string json, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => ModernBertConfig.FromJson(JsonNode.Parse(json)!.AsObject())).Message, StringComparison.Ordinal);

    [Fact]
    public void Numbers_that_make_no_model_are_refused_by_name()
    {
        static string Message(ModernBertConfig config) => Assert.ThrowsAny<ArgumentException>(config.Validate).Message;
        Assert.Contains("multiple of twice Heads", Message(Small with { Heads = 4 }), StringComparison.Ordinal);
        Assert.Contains("one entry for each of the 4 layers; received 1", Message(Small with { GlobalLayers = [true] }), StringComparison.Ordinal);
        Assert.Contains("the first token or the mean; received LastToken", Message(Small with { ClassifierPooling = Pooling.LastToken }), StringComparison.Ordinal);
        using ModernBertModel model = Small.CreateBackbone();
        Assert.Contains("knows 16 positions", Assert.Throws<ArgumentException>(() => model.ReadTexts(ones([1, 17], dtype: ScalarType.Int64))).Message, StringComparison.Ordinal);
        Assert.Contains("no head for the task ReplacedToken", Assert.Throws<NotSupportedException>(() => new ReplacedTokenDetector(model)).Message, StringComparison.Ordinal);
    }
}
