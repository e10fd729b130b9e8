using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.DebertaV2;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

public sealed class DebertaV2Tests
{
    /// <summary>The third version's layout, small; nothing is dropped.</summary>
    private static readonly DebertaV2Config Small = new()
    {
        VocabularySize = 14, MaximumLength = 16, Width = 12, Layers = 2, Heads = 3, InnerWidth = 10, AddsPositions = false, HasRelativeAttention = true, PositionScores = [PositionScore.PositionToContent, PositionScore.ContentToPosition],
        SharesProjections = true, DistanceBuckets = 6, NormalizesPositions = true, HiddenDropout = 0, AttentionDropout = 0, Padding = 0,
    };

    private static readonly Dictionary<string, DebertaV2Config> Variants = new()
    {
        ["shared projections, buckets, normalised"] = Small,
        ["own projections"] = Small with { SharesProjections = false },
        ["contents to positions alone"] = Small with { PositionScores = [PositionScore.ContentToPosition] },
        ["positions to contents alone"] = Small with { PositionScores = [PositionScore.PositionToContent] },
        ["contents to positions alone, own projection"] = Small with { PositionScores = [PositionScore.ContentToPosition], SharesProjections = false },
        ["positions to contents alone, own projection"] = Small with { PositionScores = [PositionScore.PositionToContent], SharesProjections = false },
        ["neither"] = Small with { PositionScores = [] },
        ["no relative attention, but kinds of it"] = Small with { HasRelativeAttention = false, AddsPositions = true },
        ["exact distances"] = Small with { DistanceBuckets = -1, NormalizesPositions = false },
        ["exact distances up to five"] = Small with { DistanceBuckets = -1, MaximumDistance = 5 },
        ["buckets up to nine"] = Small with { DistanceBuckets = 5, MaximumDistance = 9 },
        ["more buckets than the text has distances"] = Small with { DistanceBuckets = 32, MaximumDistance = 64 },
        ["two buckets"] = Small with { DistanceBuckets = 2 },
        ["projected embeddings, positions, segments"] = Small with { EmbeddingWidth = 7, AddsPositions = true, Segments = 2 },
        ["convolution"] = Small with { ConvolutionSize = 3, ConvolutionActivation = "gelu" },
        ["convolution of five in groups"] = Small with { ConvolutionSize = 5, ConvolutionGroups = 4, Activation = "relu" },
    };

    public DebertaV2Tests() => NativeRuntime.Initialize();

    public static TheoryData<string> VariantNames => new(Variants.Keys);

    [Theory]
    [MemberData(nameof(VariantNames))]
    public void Hidden_states_are_those_of_loops_in_double_precision(string name)
    {
        using DebertaV2Model model = EncoderChecks.Drawn(Variants[name].CreateBackbone());
        EncoderChecks.EqualsTheLoops(model, Variants[name].Segments > 0 ? [0, 0, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1] : null);
    }

    [Theory]
    [MemberData(nameof(VariantNames))]
    public void Gradients_are_the_slopes_of_the_function(string name) => EncoderChecks.GradientsAreSlopes(Variants[name], Variants[name].Segments > 0);

    [Theory]
    [MemberData(nameof(VariantNames))]
    public void A_model_returns_from_a_folder_as_it_was(string name)
    {
        using DebertaV2Model model = EncoderChecks.Drawn(Variants[name].CreateBackbone());
        EncoderChecks.NamesCoverParameters(model);
        EncoderChecks.ReturnsUnchanged(model, folder => (DebertaV2Model)HuggingFaceFolder.LoadEncoder(folder), like => (DebertaV2Model)like.CreateLike(), read => read.ReadTexts(EncoderChecks.Tokens, EncoderChecks.Mask), "DebertaV2Model");
        Assert.Equal(model.ParameterCount, Variants[name].CountParameters());
        Assert.True(Variants[name].MatrixNumbers <= model.ParameterCount);
    }

    [Theory]
    [InlineData("deberta_v2/seqcls")]
    public void A_classifier_is_the_references(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using SequenceClassifier model = HuggingFaceFolder.LoadClassifier(golden.Folder);
        EncoderChecks.EqualsTheReference(golden, model, model.Backbone, () => model.Forward(golden.Inputs["input_ids"], golden.Mask));
    }

    [Fact]
    public void Heads_return_from_a_folder_as_they_were()
    {
        DebertaV2Config config = Small with { EmbeddingWidth = 7, HiddenDropout = 0.1, PooledDropout = 0.2, PoolerDropout = 0.3, PoolerActivation = "tanh" };
        EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new MaskedLanguageModel(config.CreateBackbone())), folder => HuggingFaceFolder.LoadMaskedLanguageModel(folder), like => like.CreateLike(),
            model => model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), "DebertaV2ForMaskedLM");
        EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new MaskedLanguageModel((config with { TieEmbeddings = false }).CreateBackbone())), folder => HuggingFaceFolder.LoadMaskedLanguageModel(folder), like => like.CreateLike(),
            model => model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), "DebertaV2ForMaskedLM");
        EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new MaskedLanguageModel((Small with { HasLegacyHead = false }).CreateBackbone())), folder => HuggingFaceFolder.LoadMaskedLanguageModel(folder), like => like.CreateLike(),
            model => model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), "DebertaV2ForMaskedLM");
        EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new ReplacedTokenDetector(config.CreateBackbone())), folder => HuggingFaceFolder.LoadReplacedTokenDetector(folder), like => like.CreateLike(),
            model => model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), "DebertaV2Model");
        EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new SequenceClassifier(config.CreateBackbone(), ["a", "b", "c"])), folder => HuggingFaceFolder.LoadClassifier(folder), like => like.CreateLike(),
            model => model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), "DebertaV2ForSequenceClassification");
        EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new TokenClassifier(config.CreateBackbone(), ["a", "b", "c"])), folder => HuggingFaceFolder.LoadTokenClassifier(folder), like => like.CreateLike(),
            model => model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), "DebertaV2ForTokenClassification");
        EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new QuestionAnsweringModel(config.CreateBackbone())), folder => HuggingFaceFolder.LoadQuestionAnswering(folder), like => like.CreateLike(),
            model => model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask).Start, "DebertaV2ForQuestionAnswering");
        EncoderChecks.ReturnsUnchanged(EncoderChecks.Drawn(new MultipleChoiceModel(config.CreateBackbone())), folder => HuggingFaceFolder.LoadMultipleChoice(folder), like => like.CreateLike(),
            model => model.Forward(EncoderChecks.Tokens.unsqueeze(0), EncoderChecks.Mask.unsqueeze(0)), "DebertaV2ForMultipleChoice");
    }

    [Fact]
    public void Heads_have_the_tensors_of_published_checkpoints()
    {
        static string Names(ICheckpointModel model) => string.Join(' ', ((IHeadedModel)model).HeadModule.WeightNames.Select(name => name.File));
        using MaskedLanguageModel legacy = new(Small.CreateBackbone(META)), untied = new((Small with { TieEmbeddings = false }).CreateBackbone(META)), pretraining = new((Small with { HasLegacyHead = false }).CreateBackbone(META));
        using ReplacedTokenDetector detector = new(Small.CreateBackbone(META));
        using SequenceClassifier classifier = new(Small.CreateBackbone(META), ["a", "b"]);
        Assert.Equal("cls.predictions.transform.dense.weight cls.predictions.transform.dense.bias cls.predictions.transform.LayerNorm.weight cls.predictions.transform.LayerNorm.bias cls.predictions.bias", Names(legacy));
        Assert.Equal("cls.predictions.transform.dense.weight cls.predictions.transform.dense.bias cls.predictions.transform.LayerNorm.weight cls.predictions.transform.LayerNorm.bias cls.predictions.decoder.weight cls.predictions.decoder.bias", Names(untied));
        Assert.Equal("lm_predictions.lm_head.dense.weight lm_predictions.lm_head.dense.bias lm_predictions.lm_head.LayerNorm.weight lm_predictions.lm_head.LayerNorm.bias lm_predictions.lm_head.bias", Names(pretraining));
        Assert.Equal("mask_predictions.LayerNorm.weight mask_predictions.LayerNorm.bias mask_predictions.dense.weight mask_predictions.dense.bias mask_predictions.classifier.weight mask_predictions.classifier.bias", Names(detector));
        Assert.Equal("pooler.dense.weight pooler.dense.bias classifier.weight classifier.bias", Names(classifier));
    }

    [Fact]
    public void Which_head_of_masked_language_models_a_folder_has_its_tensors_say()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            using MaskedLanguageModel published = EncoderChecks.Drawn(new MaskedLanguageModel((Small with { HasLegacyHead = false }).CreateBackbone()));
            HuggingFaceFolder.Save(folder, published);
            string path = Path.Combine(folder, "config.json");
            foreach (bool? legacy in (bool?[])[null, true, false])
            {
                // The published files say nothing, and those that newer versions of the reference have written anew say true.
                JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
                config.Remove("legacy");
                if (legacy is bool word) config["legacy"] = word;
                File.WriteAllText(path, config.ToJsonString());
                using MaskedLanguageModel read = HuggingFaceFolder.LoadMaskedLanguageModel(folder);
                using IDisposable withoutGradients = no_grad();
                GoldenModel.AssertClose("scores", published.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), read.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), 0);
            }
            using MaskedLanguageModel first = EncoderChecks.Drawn(new MaskedLanguageModel(Small.CreateBackbone()));
            HuggingFaceFolder.Save(folder, first);
            using MaskedLanguageModel again = HuggingFaceFolder.LoadMaskedLanguageModel(folder);
            Assert.True(((DebertaV2Config)again.Config).HasLegacyHead);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_pretrained_checkpoint_serves_new_tasks_and_its_own_head_is_left_out()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            using ReplacedTokenDetector detector = EncoderChecks.Drawn(new ReplacedTokenDetector(Small.CreateBackbone()));
            HuggingFaceFolder.Save(folder, detector);
            (SequenceClassifier classifier, IReadOnlyList<string> drawn) = HuggingFaceFolder.LoadForFineTuning(folder, config => new SequenceClassifier(config.CreateBackbone(), ["a", "b"]), new RandomStream(1));
            Assert.Equal(["classifier.bias", "classifier.weight", "pooler.dense.bias", "pooler.dense.weight"], drawn);
            using IDisposable withoutGradients = no_grad();
            GoldenModel.AssertClose("hidden states", detector.Backbone.ReadTexts(EncoderChecks.Tokens), classifier.Backbone.ReadTexts(EncoderChecks.Tokens), 0);
            classifier.Dispose();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Hidden_states_are_what_layers_give_and_the_last_one_what_the_model_gives(int layers)
    {
        DebertaV2Config config = Small with { Layers = layers, ConvolutionSize = 3 };
        using DebertaV2Model model = EncoderChecks.Drawn(config.CreateBackbone()), bare = (config with { ConvolutionSize = 0 }).CreateBackbone();
        using IDisposable withoutGradients = no_grad();
        Dictionary<string, Tensor> weights = ModelWeights.Views(model);
        foreach ((string name, Tensor weight) in ModelWeights.Views(bare)) weight.copy_(weights[name]);
        List<Tensor> states = [], bareStates = [];
        Tensor output = model.ReadTexts(EncoderChecks.Tokens, EncoderChecks.Mask, hiddenStates: states);
        bare.ReadTexts(EncoderChecks.Tokens, EncoderChecks.Mask, hiddenStates: bareStates);
        Assert.Equal(layers + 1, states.Count);
        GoldenModel.AssertClose("the output", output, states[^1], 0);
        for (int i = 0; i < layers; i++) GoldenModel.AssertClose($"state {i}", bareStates[i], states[i], 0);
        Assert.True((bareStates[^1] - states[^1]).abs().max().item<float>() > 1e-3, "the convolution adds nothing");
    }

    [Fact]
    public void Tables_that_the_configuration_makes_no_use_of_are_left_out()
    {
        Assert.Null(DebertaV2WeightNames.Canonical("deberta.embeddings.position_embeddings.weight", Small));
        Assert.Null(DebertaV2WeightNames.Canonical("deberta.embeddings.position_ids", Small));
        Assert.Null(DebertaV2WeightNames.Canonical("lm_predictions.lm_head.bias", Small));
        Assert.Null(DebertaV2WeightNames.Canonical("mask_predictions.dense.weight", Small));
        Assert.Equal("encoder.LayerNorm.weight", DebertaV2WeightNames.Canonical("deberta.encoder.LayerNorm.weight", Small));
        Assert.Equal("embeddings.position_embeddings.weight", DebertaV2WeightNames.Canonical("deberta.embeddings.position_embeddings.weight", Small with { AddsPositions = true }));
    }

    [Fact]
    public void Replaced_tokens_are_told_by_a_look_at_the_first_token()
    {
        using ReplacedTokenDetector model = EncoderChecks.Drawn(new ReplacedTokenDetector(Small.CreateBackbone()));
        using IDisposable withoutGradients = no_grad();
        Dictionary<string, Tensor> weights = ModelWeights.Views(model);
        Tensor hidden = model.Backbone.ReadTexts(EncoderChecks.Tokens, EncoderChecks.Mask);
        Tensor sum = hidden[0][3] + hidden[0][0];
        Tensor centred = sum - sum.mean();
        Tensor normalised = (centred / (centred.square().mean() + 1e-7).sqrt() * weights["mask_predictions.LayerNorm.weight"]) + weights["mask_predictions.LayerNorm.bias"];
        Tensor dense = weights["mask_predictions.dense.weight"].matmul(normalised) + weights["mask_predictions.dense.bias"];
        Tensor active = dense * 0.5 * (1 + (dense / Math.Sqrt(2)).erf());
        Tensor expected = weights["mask_predictions.classifier.weight"].matmul(active) + weights["mask_predictions.classifier.bias"];
        GoldenModel.AssertClose("score", expected, model.Forward(EncoderChecks.Tokens, EncoderChecks.Mask)[0][3].unsqueeze(0), 1e-5);
    }

    [Fact]
    public void Padding_does_not_look_at_the_text()
    {
        using DebertaV2Model model = EncoderChecks.Drawn(Small.CreateBackbone());
        using IDisposable withoutGradients = no_grad();
        Tensor other = EncoderChecks.Tokens.clone();
        other[1].narrow(0, 0, 4).fill_(3);
        // Both are means over the same number of hidden states; only those of the text differ, and the padding's queries must not weigh them.
        Tensor mask = EncoderChecks.Mask;
        List<Tensor> first = [], second = [];
        model.ReadTexts(EncoderChecks.Tokens, mask, hiddenStates: first);
        model.ReadTexts(other, mask, hiddenStates: second);
        GoldenModel.AssertClose("embedded padding", first[0][1].narrow(0, 4, 4), second[0][1].narrow(0, 4, 4), 0);
        GoldenModel.AssertClose("padding is alike", first[^1][1].narrow(0, 4, 1), first[^1][1].narrow(0, 7, 1), 1e-5);
    }

    [Fact]
    public void A_text_may_be_longer_than_the_positions_only_where_none_are_added()
    {
        Tensor tokens = ones([1, 20], dtype: ScalarType.Int64);
        using DebertaV2Model relative = EncoderChecks.Drawn(Small.CreateBackbone()), absolute = EncoderChecks.Drawn((Small with { AddsPositions = true }).CreateBackbone());
        Assert.Equal([1, 20, 12], relative.ReadTexts(tokens).shape);
        Assert.Contains("knows 16 positions; received 20", Assert.Throws<ArgumentException>(() => absolute.ReadTexts(tokens)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Segments_need_a_model_that_tells_them_apart()
    {
        using DebertaV2Model model = EncoderChecks.Drawn(Small.CreateBackbone());
        Assert.Contains("type_vocab_size is 0", Assert.Throws<ArgumentException>(() => model.ReadTexts(EncoderChecks.Tokens, segments: EncoderChecks.Segments)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_dropout_is_alive()
    {
        DebertaV2Config calm = Small with { PooledDropout = 0, ConvolutionSize = 3 };
        foreach (DebertaV2Config config in (DebertaV2Config[])[calm with { HiddenDropout = 0.5 }, calm with { AttentionDropout = 0.5 }, calm with { PoolerDropout = 0.5 }, calm with { PooledDropout = 0.5 }, calm with { HiddenDropout = 0.5, PooledDropout = null }])
        {
            using SequenceClassifier model = EncoderChecks.Drawn(new SequenceClassifier(config.CreateBackbone(), ["a", "b"]));
            EncoderChecks.DropoutIsAlive(model, like => like.Forward(EncoderChecks.Tokens, EncoderChecks.Mask));
        }
        using TokenClassifier tokens = EncoderChecks.Drawn(new TokenClassifier((calm with { HiddenDropout = 0.5 }).CreateBackbone(), ["a", "b"]));
        EncoderChecks.DropoutIsAlive(tokens, like => like.Forward(EncoderChecks.Tokens, EncoderChecks.Mask));
    }

    [Fact]
    public void Initial_weights_are_the_references()
    {
        DebertaV2Config config = new()
        {
            VocabularySize = 2000, Width = 256, Layers = 4, Heads = 4, InnerWidth = 1024, HasRelativeAttention = true, AddsPositions = false, SharesProjections = true, DistanceBuckets = 64, NormalizesPositions = true,
            PositionScores = [PositionScore.ContentToPosition, PositionScore.PositionToContent], Padding = 0,
        };
        int labels = SharedFixtures.Json("golden/models/initialisation.json")["models"]!["deberta_v2"]!["parameters"]!.AsArray().Where(row => (string)row!["pattern"]! == "classifier.weight").Select(row => (int)row!["shapes"]![0]![0]!).Single();
        using SequenceClassifier model = new(config.CreateBackbone(), [.. Enumerable.Range(0, labels).Select(i => $"{i}")]);
        model.Backbone.Initialize(new RandomStream(5));
        model.InitializeHead(new RandomStream(6));
        EncoderChecks.StartsLikeTheReference("deberta_v2", model);
    }

    [Fact]
    public void Initial_weights_of_every_part_are_drawn()
    {
        DebertaV2Config config = Small with { Width = 48, InnerWidth = 96, EmbeddingWidth = 24, AddsPositions = true, Segments = 2, ConvolutionSize = 3, SharesProjections = false, VocabularySize = 200, TieEmbeddings = false };
        using MaskedLanguageModel model = new(config.CreateBackbone());
        model.Backbone.Initialize(new RandomStream(5));
        model.InitializeHead(new RandomStream(6));
        foreach ((string name, Tensor weight) in ModelWeights.Views(model))
        {
            if (name.EndsWith("bias", StringComparison.Ordinal)) Assert.True(weight.eq(0).all().item<bool>(), name);
            else if (name.Contains("LayerNorm", StringComparison.Ordinal)) Assert.True(weight.eq(1).all().item<bool>(), name);
            else Assert.True(weight.std().item<float>() is > 0.013f and < 0.027f, name);
        }
    }

    [Fact]
    public void Presets_have_the_published_sizes()
    {
        Assert.Equal(183_831_552, DebertaV2Presets.Base.CountParameters());
        Assert.Equal(141_304_320, DebertaV2Presets.Small.CountParameters());
        using DebertaV2Model tiny = DebertaV2Presets.Tiny(300).CreateBackbone(META);
        Assert.Equal((128, 4), (tiny.Config.Width, tiny.Config.Layers));
    }

    [Fact]
    public void The_published_configurations_are_the_presets()
    {
        DebertaV2Config read = DebertaV2Config.FromJson(JsonNode.Parse("""
            {"model_type": "deberta-v2", "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 768, "initializer_range": 0.02, "intermediate_size": 3072,
             "max_position_embeddings": 512, "relative_attention": true, "position_buckets": 256, "norm_rel_ebd": "layer_norm", "share_att_key": true, "pos_att_type": "p2c|c2p", "layer_norm_eps": 1e-7,
             "max_relative_positions": -1, "position_biased_input": false, "num_attention_heads": 12, "num_hidden_layers": 12, "type_vocab_size": 0, "vocab_size": 128100}
            """)!.AsObject());
        Assert.Equal((DebertaV2Presets.Base with { HasLegacyHead = true }).ToJson(ModelHead.None).ToJsonString(), read.ToJson(ModelHead.None).ToJsonString());
        DebertaV2Config large = DebertaV2Config.FromJson(JsonNode.Parse("""
            {"model_type": "deberta-v2", "hidden_size": 1536, "intermediate_size": 6144, "relative_attention": true, "position_buckets": 256, "norm_rel_ebd": "layer_norm", "share_att_key": true, "pos_att_type": "p2c|c2p",
             "conv_kernel_size": 3, "conv_act": "gelu", "max_relative_positions": -1, "position_biased_input": false, "num_attention_heads": 24, "attention_head_size": 64, "num_hidden_layers": 24, "type_vocab_size": 0, "vocab_size": 128100}
            """)!.AsObject());
        Assert.Equal((3, "gelu", 1), (large.ConvolutionSize, large.ConvolutionActivation, large.ConvolutionGroups));
        Assert.Equal([PositionScore.PositionToContent, PositionScore.ContentToPosition], large.PositionScores);
        Assert.Empty(large.UnknownKeys);
        Assert.Equal(64, (int)large.ToJson(ModelHead.None)["attention_head_size"]!);
    }

    [Theory]
    [InlineData("""{"pos_att_type": ["c2p", "p2p"]}""", "found 'p2p'")]
    [InlineData("""{"norm_rel_ebd": "rms_norm"}""", "found 'rms_norm'")]
    [InlineData("""{"attention_head_size": 32}""", "'attention_head_size' is supported as null or 64 only; found 32")]
    [InlineData("""{"pooler_hidden_size": 8}""", "'pooler_hidden_size' is supported as null or 1536 only; found 8")]
    [InlineData("""{"is_decoder": true}""", "'is_decoder'")]
    public void What_the_family_cannot_do_is_refused_by_name(string json, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => DebertaV2Config.FromJson(JsonNode.Parse(json)!.AsObject())).Message, StringComparison.Ordinal);

    [Fact]
    public void Numbers_that_make_no_model_are_refused_by_name()
    {
        static string Message(DebertaV2Config config) => Assert.ThrowsAny<ArgumentException>(config.Validate).Message;
        Assert.Contains("multiple of Heads; received 12 and 5", Message(Small with { Heads = 5 }), StringComparison.Ordinal);
        Assert.Contains("DistanceBuckets must be at least 2", Message(Small with { DistanceBuckets = 1 }), StringComparison.Ordinal);
        Assert.Contains("ConvolutionSize must be odd", Message(Small with { ConvolutionSize = 2 }), StringComparison.Ordinal);
        Assert.Contains("ConvolutionGroups; received 12 and 5", Message(Small with { ConvolutionGroups = 5 }), StringComparison.Ordinal);
        Assert.Contains("HasLegacyHead", Assert.Throws<ArgumentException>(() => new MaskedLanguageModel((Small with { HasLegacyHead = false, EmbeddingWidth = 7 }).CreateBackbone())).Message, StringComparison.Ordinal);
    }
}
