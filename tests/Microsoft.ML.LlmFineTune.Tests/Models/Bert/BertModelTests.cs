using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Microsoft.ML.LlmFineTune.Tests.Models.Bert;

public sealed class BertModelTests
{
    public BertModelTests() => NativeRuntime.Initialize();

    /// <summary>One tiny model of each kind.</summary>
    public static TheoryData<string> Families => new("albert", "bert", "distilbert", "electra", "mpnet", "roberta");

    // With the pooler, where the published count has one: width * (width + 1) more.
    [Theory]
    [InlineData("BertBaseUncased", 109_482_240L, true)]
    [InlineData("BertLargeUncased", 335_141_888L, true)]
    [InlineData("MiniLmL6", 22_713_216L, true)]
    [InlineData("MiniLmL12", 33_360_000L, true)]
    [InlineData("RobertaBase", 124_645_632L, true)]
    [InlineData("RobertaLarge", 355_359_744L, true)]
    [InlineData("XlmRobertaBase", 278_043_648L, true)]
    [InlineData("DistilBertBaseUncased", 66_362_880L, false)]
    [InlineData("ElectraSmall", 13_483_008L, false)]
    [InlineData("ElectraBase", 108_891_648L, false)]
    [InlineData("AlbertBaseV2", 11_683_584L, true)]
    [InlineData("MpnetBase", 109_486_464L, true)]
    public void Presets_have_the_published_counts_of_weights(string preset, long published, bool hasPooler)
    {
        BertFamilyConfig config = (BertFamilyConfig)typeof(BertPresets).GetProperty(preset)!.GetValue(null)!;
        Assert.Equal(published, config.CountParameters() + (hasPooler ? config.Width * (config.Width + 1L) : 0));
        // What is left out are biases and norms.
        Assert.InRange(config.MatrixNumbers, config.CountParameters() * 0.995, config.CountParameters());
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_configuration_comes_back_from_its_own_json(string family)
    {
        BertFamilyConfig config = Config(family) with { HiddenDropout = 0.2, AttentionDropout = 0.3, NormEpsilon = family == "distilbert" ? 1e-12 : 1e-6, TieEmbeddings = false };
        JsonObject json = config.ToJson(ModelHead.None);
        ModelConfig read = ModelFamilies.ReadConfig(json);
        Assert.IsType(config.GetType(), read);
        Assert.Equal(json.ToJsonString(), read.ToJson(ModelHead.None).ToJsonString());
        Assert.Empty(read.UnknownKeys);
        Assert.Equal((config.Width, config.MaximumLength, config.PositionRows), (read.Width, read.MaximumLength, ((BertFamilyConfig)read).PositionRows));
    }

    [Theory]
    [InlineData("bert", 0, null)]
    [InlineData("electra", 0, null)]
    [InlineData("distilbert", 0, null)]
    [InlineData("albert", 0, 3)]
    [InlineData("roberta", 1, 2)]
    [InlineData("xlm-roberta", 1, 2)]
    [InlineData("camembert", 1, 2)]
    [InlineData("mpnet", 1, 2)]
    public void Special_tokens_have_the_defaults_of_the_reference(string family, int padding, int? end)
    {
        ModelConfig config = ModelFamilies.ReadConfig(new JsonObject { ["model_type"] = family });
        Assert.Equal(padding, config.Padding);
        Assert.Equal(end is int id ? [id] : [], config.EndOfText);
        if (family is not ("roberta" or "xlm-roberta" or "camembert")) Assert.Null(ModelFamilies.ReadConfig(new JsonObject { ["model_type"] = family, ["pad_token_id"] = null }).Padding);
    }

    [Theory]
    [InlineData("bert", "is_decoder", "true")]
    [InlineData("bert", "add_cross_attention", "true")]
    [InlineData("bert", "position_embedding_type", "\"relative_key_query\"")]
    [InlineData("roberta", "pad_token_id", "null")]
    [InlineData("roberta", "pad_token_id", "60000")]
    [InlineData("electra", "summary_type", "\"mean\"")]
    [InlineData("electra", "summary_activation", "\"sine\"")]
    [InlineData("mpnet", "relative_attention_num_buckets", "16")]
    [InlineData("albert", "num_hidden_groups", "0")]
    [InlineData("bert", "num_attention_heads", "5")]
    [InlineData("distilbert", "qa_dropout", "1")]
    public void What_cannot_be_honoured_is_refused_by_name(string family, string key, string value)
    {
        JsonObject json = new() { ["model_type"] = family, [key] = JsonNode.Parse(value) };
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => ModelFamilies.ReadConfig(json));
        Assert.StartsWith("config.json: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dropout_before_the_classifier_is_that_of_the_model_until_it_is_set()
    {
        BertConfig config = new() { HiddenDropout = 0.3 };
        Assert.Equal(0.3, config.ClassifierDropout);
        Assert.Equal(0, (config with { HiddenDropout = 0 }).ClassifierDropout);
        Assert.Null(config.ToJson(ModelHead.None)["classifier_dropout"]);
        config = config with { ClassifierDropout = 0.1 };
        Assert.Equal(0.1, (config with { HiddenDropout = 0 }).ClassifierDropout);
        Assert.Equal(0.1, BertConfig.FromJson(config.ToJson(ModelHead.None)).ClassifierDropout);
        // ALBERT has a value of its own until a null takes it away.
        Assert.Equal(0.1, AlbertConfig.FromJson([]).ClassifierDropout);
        Assert.Equal(0.3, AlbertConfig.FromJson(new JsonObject { ["classifier_dropout_prob"] = null, ["hidden_dropout_prob"] = 0.3 }).ClassifierDropout);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Initial_weights_are_those_of_the_reference(string family)
    {
        BertFamilyConfig config = Config(family) with { VocabularySize = 400, Width = 64, InnerWidth = 128, InitializerRange = 0.05 };
        using MaskedLanguageModel model = new(config.CreateBackbone());
        model.Backbone.Initialize(new RandomStream(3));
        model.InitializeHead(new RandomStream(4));
        Assert.Equal(model.WeightNames.Count, model.parameters().Count());
        foreach ((string name, Tensor weight) in ModelWeights.Views(model))
        {
            if (name.EndsWith(".bias", StringComparison.Ordinal)) Assert.True(weight.eq(0).all().item<bool>(), name);
            else if (weight.dim() == 1) Assert.True(weight.eq(1).all().item<bool>(), name);
            else
            {
                bool hasPadding = name.Contains("word_embeddings", StringComparison.Ordinal) || (family is "roberta" or "mpnet" && name.Contains("position_embeddings", StringComparison.Ordinal));
                if (hasPadding) Assert.True(weight[config.Padding!.Value].eq(0).all().item<bool>(), name);
                double expected = 0.05, error = expected / Math.Sqrt(weight.numel());
                Assert.True(Math.Abs(weight.mean().item<float>()) < 5 * error, name);
                // A row of zeros lowers the deviation a little.
                Assert.InRange(weight.std().item<float>(), (expected * Math.Sqrt(1 - (hasPadding ? 1.0 / weight.size(0) : 0))) - (5 * error), expected + (5 * error));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Padding_does_not_show(string family)
    {
        using BertModel model = New(Config(family));
        model.eval();
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(1, 6), filler = full([1, 3], model.Config.Padding!.Value, dtype: ScalarType.Int64);
        Tensor mask = cat([ones([1, 6], dtype: ScalarType.Bool), zeros([1, 3], dtype: ScalarType.Bool)], 1);
        Tensor alone = model.ReadTexts(tokens);
        Tensor padded = model.ReadTexts(cat([tokens, filler], 1), mask);
        GoldenModel.AssertClose("padded", alone, padded.narrow(1, 0, 6), 2e-6);
        Assert.True(padded.isfinite().all().item<bool>());
        Assert.True(model.ReadTexts(cat([tokens, filler], 1)).narrow(1, 0, 6).sub(alone).abs().max().item<float>() > 1e-4);
    }

    [Theory]
    [InlineData("roberta", true)]
    [InlineData("bert", false)]
    public void Where_positions_follow_padding_a_text_may_begin_with_it(string family, bool isSame)
    {
        using BertModel model = New(Config(family));
        model.eval();
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(1, 6), filler = full([1, 3], model.Config.Padding!.Value, dtype: ScalarType.Int64);
        Tensor mask = cat([zeros([1, 3], dtype: ScalarType.Bool), ones([1, 6], dtype: ScalarType.Bool)], 1);
        double difference = model.ReadTexts(cat([filler, tokens], 1), mask).narrow(1, 3, 6).sub(model.ReadTexts(tokens)).abs().max().item<float>();
        Assert.Equal(isSame, difference < 2e-6);
    }

    [Fact]
    public void Positions_that_are_set_aside_are_no_room_for_texts()
    {
        RobertaConfig config = RobertaConfig.FromJson(new JsonObject { ["model_type"] = "roberta", ["max_position_embeddings"] = 514, ["pad_token_id"] = 1 });
        Assert.Equal((512, 514), (config.MaximumLength, config.PositionRows));
        using BertModel model = New(Config("roberta"));
        Assert.Equal(model.Config.MaximumLength, model.ReadTexts(Tokens(1, model.Config.MaximumLength)).size(1));
        Assert.Throws<ArgumentException>(() => model.ReadTexts(Tokens(1, model.Config.MaximumLength + 1)));
    }

    [Theory]
    [InlineData(3, 1, 1, new[] { 0, 0, 0 })]
    [InlineData(4, 2, 1, new[] { 0, 0, 1, 1 })]
    [InlineData(3, 2, 2, new[] { 0, 1, 0, 1, 2, 3 })]
    [InlineData(2, 3, 1, new[] { 0, 1 })]
    public void Albert_shares_blocks_by_groups(int layers, int groups, int blocks, int[] order)
    {
        AlbertConfig config = (AlbertConfig)Config("albert") with { Layers = layers, Groups = groups, BlocksPerLayer = blocks };
        Assert.Equal(order, config.BlockOrder);
        using BertModel model = New(config);
        model.eval();
        List<Tensor> states = [];
        model.ReadTexts(Tokens(1, 4), hiddenStates: states);
        Assert.Equal(order.Length + 1, states.Count);
        Assert.Equal(groups * blocks, model.WeightNames.Count(name => name.File.EndsWith("ffn.weight", StringComparison.Ordinal)));
        Assert.Contains(model.WeightNames, name => name.File == $"encoder.albert_layer_groups.{groups - 1}.albert_layers.{blocks - 1}.ffn.weight");
    }

    [Fact]
    public void Mpnet_knows_how_far_tokens_stand_from_each_other()
    {
        using BertModel model = New(Config("mpnet"));
        model.eval();
        Tensor before = model.ReadTexts(Tokens(1, 6)).detach();
        Tensor table = ModelWeights.Views(model)["encoder.relative_attention_bias.weight"];
        Assert.Equal([32L, 4L], table.shape);
        table.mul_(50);
        Assert.True(model.ReadTexts(Tokens(1, 6)).sub(before).abs().max().item<float>() > 1e-4);
    }

    [Fact]
    public void Sines_for_positions_are_not_trained()
    {
        using BertModel model = New((DistilBertConfig)Config("distilbert") with { SinusoidalPositions = true });
        Tensor table = ModelWeights.Views(model)["embeddings.position_embeddings.weight"];
        double angle = 3 / Math.Pow(10000, 2.0 / 16);
        Assert.Equal([0f, 1f], table[0].narrow(0, 0, 2).data<float>());
        Assert.Equal([(float)Math.Sin(angle), (float)Math.Cos(angle)], table[3].narrow(0, 2, 2).data<float>());
        Parameter positions = model.named_parameters().Single(entry => entry.name == "positionEmbedding.weight").parameter;
        Assert.False(positions.requires_grad);
        model.ReadTexts(Tokens(1, 4)).sum().backward();
        Assert.Null(positions.grad);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void All_ways_of_attention_agree(string family)
    {
        // Dropout of almost nothing takes the written-out way.
        BertFamilyConfig config = Config(family) with { HiddenDropout = 0, AttentionDropout = 0 };
        using BertModel model = New(config), writtenOut = New(config with { AttentionDropout = 1e-12 });
        Tensor tokens = Tokens(2, 7), mask = tensor([.. Enumerable.Range(0, 14).Select(i => i != 13)], [2, 7]);
        GoldenModel.AssertClose("no mask", writtenOut.ReadTexts(tokens), model.ReadTexts(tokens), 2e-6);
        GoldenModel.AssertClose("mask", writtenOut.ReadTexts(tokens, mask), model.ReadTexts(tokens, mask), 2e-6, mask);
    }

    [Fact]
    public void Dropout_obeys_its_stream_and_the_mode()
    {
        using SequenceClassifier model = new(New(Config("bert") with { HiddenDropout = 0.1, AttentionDropout = 0.1, ClassifierDropout = 0.5 }), ["a", "b"]);
        model.InitializeHead(new RandomStream(2));
        model.train();
        Assert.True(Run(11).eq(Run(11)).all().item<bool>());
        Assert.False(Run(11).eq(Run(12)).all().item<bool>());
        model.eval();
        Assert.True(Run(11).eq(Run(12)).all().item<bool>());

        Tensor Run(ulong seed)
        {
            ((IReplicable)model).Reseed(new RandomStream(seed));
            return model.Forward(Tokens(2, 6));
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_step_in_a_scope_leaves_no_tensor_behind(string family)
    {
        using MaskedLanguageModel model = new(New(Config(family)));
        model.InitializeHead(new RandomStream(2));
        model.train();
        Step();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Step();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Step()
        {
            using IDisposable scope = NewDisposeScope();
            model.Forward(Tokens(2, 6), ones([2, 6], dtype: ScalarType.Bool)).sum().backward();
            model.zero_grad();
        }
    }

    [Fact]
    public void Mistakes_are_named_before_they_reach_native_code()
    {
        using BertModel bert = New(Config("bert")), distilled = New(Config("distilbert"));
        Assert.Contains("[batch, sequence] of Int64", Message(() => bert.ReadTexts(zeros(2, 3))), StringComparison.Ordinal);
        Assert.Contains("knows 20 positions; received 21", Message(() => bert.ReadTexts(Tokens(1, 21))), StringComparison.Ordinal);
        Assert.Contains("mask must be [2, 3] of Bool", Message(() => bert.ReadTexts(Tokens(2, 3), ones([2, 4], dtype: ScalarType.Bool))), StringComparison.Ordinal);
        Assert.Contains("segments must be [2, 3] of Int64", Message(() => bert.ReadTexts(Tokens(2, 3), segments: Tokens(2, 4))), StringComparison.Ordinal);
        Assert.Contains("distilbert does not tell the segments", Message(() => distilled.ReadTexts(Tokens(2, 3), segments: zeros([2, 3], dtype: ScalarType.Int64))), StringComparison.Ordinal);
        Assert.Contains("xlnet", Message(() => new RobertaConfig("xlnet")), StringComparison.Ordinal);
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => new ReplacedTokenDetector(New(Config("bert"))));
        Assert.Contains("'bert' has no head for the task ReplacedToken", error.Message, StringComparison.Ordinal);

        static string Message(Func<object> action) => Assert.Throws<ArgumentException>(action).Message;
    }

    internal static BertFamilyConfig Config(string family) => family switch
    {
        "albert" => new AlbertConfig { VocabularySize = 50, MaximumLength = 20, EmbeddingWidth = 8, Width = 16, Layers = 2, Heads = 4, InnerWidth = 24 },
        "bert" => new BertConfig { VocabularySize = 50, MaximumLength = 20, Width = 16, Layers = 2, Heads = 4, InnerWidth = 24 },
        "distilbert" => new DistilBertConfig { VocabularySize = 50, MaximumLength = 20, Width = 16, Layers = 2, Heads = 4, InnerWidth = 24 },
        "electra" => new ElectraConfig { VocabularySize = 50, MaximumLength = 20, EmbeddingWidth = 8, Width = 16, Layers = 2, Heads = 4, InnerWidth = 24 },
        "mpnet" => new MpnetConfig { VocabularySize = 50, MaximumLength = 20, Width = 16, Layers = 2, Heads = 4, InnerWidth = 24 },
        "roberta" => new RobertaConfig { VocabularySize = 50, MaximumLength = 20, Width = 16, Layers = 2, Heads = 4, InnerWidth = 24 },
        _ => throw new ArgumentException(family),
    };

    internal static BertModel New(BertFamilyConfig config)
    {
        // Larger than usual, so that what should show does.
        BertModel model = (config with { InitializerRange = 0.2 }).CreateBackbone();
        model.Initialize(new RandomStream(7));
        return model;
    }

    /// <summary>[rows, length]; none of them is padding.</summary>
    internal static Tensor Tokens(int rows, int length) => tensor(Enumerable.Range(0, rows * length).Select(i => (i * 7L % 45) + 3).ToArray(), [rows, length]);
}
