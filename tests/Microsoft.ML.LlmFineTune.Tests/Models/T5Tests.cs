using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

public sealed class T5Tests : IDisposable
{
    private static readonly T5Config Config = new() { VocabularySize = 13, Width = 8, HeadSize = 4, Heads = 2, InnerWidth = 12, EncoderLayers = 2, DecoderLayers = 1, PositionBuckets = 4, MaximumDistance = 6 };
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public T5Tests() => NativeRuntime.Initialize();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Distances_fall_into_the_buckets_of_the_paper()
    {
        using RelativePositionBias encoder = new(32, 128, 2, bothSides: true), decoder = new(32, 128, 2, bothSides: false);
        // Near ones alone, then wider and wider; 16, 32 and 64 stand on edges.
        (long Distance, long Bucket)[] known = [(0, 0), (1, 1), (7, 7), (8, 8), (11, 8), (12, 9), (15, 9), (16, 10), (22, 10), (23, 11), (31, 11), (32, 12), (45, 12), (46, 13), (63, 13), (64, 14), (90, 14), (91, 15), (127, 15), (128, 15), (5000, 15)];
        long[] distances = [.. known.Select(pair => pair.Distance)], buckets = [.. known.Select(pair => pair.Bucket)];
        Assert.Equal(buckets, encoder.Buckets(tensor(distances).neg()).data<long>().ToArray());
        Assert.Equal(buckets.Zip(distances, (bucket, distance) => distance > 0 ? bucket + 16 : 0), encoder.Buckets(tensor(distances)).data<long>().ToArray());
        // A decoder sees nothing behind a query, and has all buckets for what stands before it.
        Assert.Equal([0, 0, 1, 15, 16, 17, 21, 26, 31, 31], decoder.Buckets(tensor(new long[] { 9, 0, -1, -15, -16, -20, -32, -64, -128, -5000 })).data<long>().ToArray());
    }

    [Fact]
    public void Biases_stand_where_queries_and_keys_meet()
    {
        using RelativePositionBias layer = new(4, 6, 2, bothSides: true);
        using IDisposable withoutGradients = no_grad();
        layer.get_parameter("weight")!.copy_(arange(8, dtype: ScalarType.Float32).view(4, 2));
        Tensor whole = layer.Between(3, 3), last = layer.Between(1, 3);
        Assert.Equal([1, 2, 3, 3], whole.shape);
        Assert.Equal([0, 6, 6, 2, 0, 6, 2, 2, 0], whole.select(1, 0).contiguous().data<float>().ToArray());
        GoldenModel.AssertClose("the last query alone", whole.narrow(2, 2, 1), last, 0);
    }

    [Fact]
    public void Embeddings_and_classes_of_tokens_are_the_encoders()
    {
        using T5Model whole = EncoderChecks.Drawn(new T5Model(Config));
        HuggingFaceFolder.Save(_folder, whole);
        using IDisposable withoutGradients = no_grad();
        Tensor expected = whole.Encode(EncoderChecks.Tokens, EncoderChecks.Mask);
        using TextEmbedder embedder = HuggingFaceFolder.LoadTextEmbedder(_folder, Pooling.FirstToken, isNormalized: false);
        GoldenModel.AssertClose("vectors", expected.select(1, 0), embedder.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), 1e-6);
        using TextEmbedder like = embedder.CreateLike();
        Assert.IsType<T5EncoderModel>(like.Backbone);

        string copy = Path.Combine(_folder, "copy");
        HuggingFaceFolder.Save(copy, embedder);
        Assert.Equal("T5EncoderModel", (string)JsonNode.Parse(File.ReadAllText(Path.Combine(copy, "config.json")))!["architectures"]![0]!);
        using TextEmbedder back = HuggingFaceFolder.LoadTextEmbedder(copy, Pooling.FirstToken, isNormalized: false);
        GoldenModel.AssertClose("the same vectors", expected.select(1, 0), back.Forward(EncoderChecks.Tokens, EncoderChecks.Mask), 1e-6);

        foreach (ModelHead task in (ModelHead[])[ModelHead.Embedding, ModelHead.TokenClassification])
        {
            using nn.Module model = TaskModels.Create(Config, task, META);
            Assert.IsType<T5EncoderModel>(((IHeadedModel)model).Backbone);
        }
        using nn.Module classifier = TaskModels.Create(Config, ModelHead.SequenceClassification, META);
        Assert.IsType<T5Model>(((IHeadedModel)classifier).Backbone);
    }

    [Theory]
    [InlineData("\"feed_forward_proj\": \"relu\"", "relu", false)]
    [InlineData("\"feed_forward_proj\": \"gelu\"", "gelu", false)]
    [InlineData("\"feed_forward_proj\": \"gated-gelu\"", "gelu_new", true)]
    [InlineData("\"feed_forward_proj\": \"gated-silu\"", "silu", true)]
    [InlineData("\"feed_forward_proj\": \"gated-gelu\", \"dense_act_fn\": \"gelu\", \"is_gated_act\": true", "gelu", true)]
    [InlineData("\"d_ff\": 24", "relu", false)]
    public void The_feed_forward_part_is_what_its_keys_say(string keys, string activation, bool isGated)
    {
        T5Config config = Read($"{{ {keys} }}");
        Assert.Equal((activation, isGated), (config.Activation, config.IsGated));
        Assert.Equal((activation, isGated), (T5Config.FromJson(config.ToJson(ModelHead.None)).Activation, T5Config.FromJson(config.ToJson(ModelHead.None)).IsGated));
    }

    [Theory]
    [InlineData("{ }", true, true)]
    [InlineData("{ \"tie_word_embeddings\": false }", false, false)]
    [InlineData("{ \"tie_word_embeddings\": true, \"scale_decoder_outputs\": false }", true, false)]
    [InlineData("{ \"tie_word_embeddings\": false, \"scale_decoder_outputs\": true }", false, true)]
    public void Head_and_scale_are_told_apart(string json, bool isTied, bool isScaled) => Assert.Equal((isTied, isScaled), (Read(json).TieEmbeddings, Read(json).ScaleDecoderOutputs));

    [Fact]
    public void Defaults_are_those_of_the_published_model()
    {
        T5Config config = new(), read = Read("{ \"n_positions\": 512, \"output_past\": true, \"task_specific_params\": {} }");
        Assert.Equal((32128, 512, 64, 2048, 6, 6, 8), (config.VocabularySize, config.Width, config.HeadSize, config.InnerWidth, config.EncoderLayers, config.DecoderLayers, config.Heads));
        Assert.Equal((32, 128, 0.1, 0.0, 1e-6, 1.0), (config.PositionBuckets, config.MaximumDistance, config.Dropout, config.ClassifierDropout, config.NormEpsilon, config.InitializerFactor));
        Assert.Equal((null, 0, 0, int.MaxValue), (config.BeginOfText, config.Padding, config.DecoderStart, config.MaximumLength));
        Assert.Equal([1], config.EndOfText);
        Assert.Empty(read.UnknownKeys);
        Assert.Equal(config.ToJson(ModelHead.None).ToJsonString(), (read with { OtherKeys = config.OtherKeys }).ToJson(ModelHead.None).ToJsonString());
        Assert.Equal((60_506_624, 247_577_856), (T5Presets.T5Small.CountParameters(), T5Presets.FlanT5Base.CountParameters()));
        Assert.Equal(5, Read("{ \"num_layers\": 5 }").DecoderLayers);
        Assert.Equal(7, Read("{ \"pad_token_id\": 7 }").DecoderStart);
    }

    [Theory]
    [InlineData("{ \"is_decoder\": true }", "'is_decoder'")]
    [InlineData("{ \"hidden_size\": 4 }", "'hidden_size' is supported as 512 only")]
    [InlineData("{ \"feed_forward_proj\": \"gated-gelu-new\" }", "'feed_forward_proj'")]
    [InlineData("{ \"feed_forward_proj\": \"gelo\" }", "gelo")]
    [InlineData("{ \"relative_attention_num_buckets\": 3 }", "PositionBuckets")]
    [InlineData("{ \"relative_attention_max_distance\": 16 }", "MaximumDistance")]
    public void What_it_cannot_do_is_refused(string json, string named)
    {
        JsonObject config = JsonNode.Parse(json)!.AsObject();
        config["model_type"] = "t5";
        Assert.Contains(named, Assert.Throws<InvalidDataException>(() => ModelFamilies.ReadConfig(config)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0.5)]
    public void Initial_weights_have_their_deviations(bool isGated, double factor)
    {
        T5Config config = new()
        {
            VocabularySize = 400, Width = 64, HeadSize = 32, Heads = 4, InnerWidth = 256, EncoderLayers = 2, DecoderLayers = 2, IsGated = isGated, TieEmbeddings = false, InitializerFactor = factor,
        };
        using var model = (T5Model)config.CreateBackbone();
        model.Initialize(new RandomStream(3));
        foreach ((string name, Tensor weight) in ModelWeights.Views(model))
        {
            if (name.EndsWith("layer_norm.weight", StringComparison.Ordinal))
            {
                Assert.True(weight.eq(factor).all().item<bool>(), name);
                continue;
            }
            double expected = factor * name.Split('.')[^2] switch
            {
                "shared" or "lm_head" => 1,
                "q" => Math.Pow(64 * 32, -0.5),
                "o" => Math.Pow(4 * 32, -0.5),
                "wo" => Math.Pow(256, -0.5),
                _ => Math.Pow(64, -0.5),
            };
            double mean = weight.mean().item<float>(), deviation = weight.std().item<float>(), error = expected / Math.Sqrt(weight.numel());
            Assert.True(Math.Abs(mean) < 5 * error, $"{name}: mean {mean}");
            Assert.True(Math.Abs(deviation - expected) < 5 * error, $"{name}: deviation {deviation}, expected {expected}");
        }
    }

    [Fact]
    public void The_embedding_is_found_under_each_of_its_names()
    {
        GoldenModel golden = GoldenModel.Of("t5/v1_0");
        IReadOnlyDictionary<string, Tensor> weights = SafeTensors.Read(Path.Combine(golden.Folder, "model.safetensors"));
        Tensor shared = weights["shared.weight"];
        foreach (string[] names in (string[][])[["encoder.embed_tokens.weight"], ["decoder.embed_tokens.weight", "encoder.embed_tokens.weight", "lm_head.weight", "shared.weight"], ["encoder.embed_tokens.weight", "lm_head.weight"]])
        {
            Dictionary<string, Tensor> changed = weights.Where(entry => entry.Key != "shared.weight").ToDictionary(entry => entry.Key, entry => entry.Value);
            foreach (string name in names) changed.Add(name, name == "shared.weight" || !names.Contains("shared.weight") ? shared : zeros_like(shared));
            changed.Add("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight", zeros(8, 2));
            Write(changed, File.ReadAllText(Path.Combine(golden.Folder, "config.json")));
            using EncoderDecoderModel model = HuggingFaceFolder.LoadEncoderDecoder(_folder);
            GoldenModel.AssertClose(string.Join(' ', names), shared, ModelWeights.Views(model)["shared.weight"], 0);
        }
    }

    [Fact]
    public void A_head_that_newer_versions_call_tied_is_read_where_it_is_its_own()
    {
        using T5Model model = New(Config with { TieEmbeddings = false, ScaleDecoderOutputs = false });
        HuggingFaceFolder.Save(_folder, model);
        JsonObject json = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, "config.json")))!.AsObject();
        json["tie_word_embeddings"] = true;
        File.WriteAllText(Path.Combine(_folder, "config.json"), json.ToJsonString());
        using EncoderDecoderModel read = HuggingFaceFolder.LoadEncoderDecoder(_folder);
        Assert.False(((T5Config)read.Config).TieEmbeddings);
        GoldenModel.AssertClose("head", ModelWeights.Views(model)["lm_head.weight"], ModelWeights.Views(read)["lm_head.weight"], 0);
    }

    [Fact]
    public void A_classifier_looks_at_the_last_end_token_of_the_decoder()
    {
        using SequenceClassifier model = new(New(Config with { TieEmbeddings = false }), ["a", "b", "c"]);
        model.InitializeHead(new RandomStream(4));
        model.eval();
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = tensor(new long[] { 5, 6, 1, 8, 1, 0, 7, 1, 0, 0, 0, 0 }, [2, 6]), mask = tokens.ne(0);
        var backbone = (T5Model)model.Backbone;
        Tensor states = backbone.Decode(backbone.ShiftRight(tokens), backbone.Encode(tokens, mask), mask);
        Tensor last = stack([states[0, 4], states[1, 1]]);
        Dictionary<string, Tensor> weights = ModelWeights.Views(model);
        Tensor inner = (last.matmul(weights["classification_head.dense.weight"].t()) + weights["classification_head.dense.bias"]).tanh();
        Tensor expected = inner.matmul(weights["classification_head.out_proj.weight"].t()) + weights["classification_head.out_proj.bias"];
        GoldenModel.AssertClose("scores", expected, model.Forward(tokens, mask), 1e-6);
        Assert.Contains("Every text must have the end token 1", Assert.Throws<ArgumentException>(() => model.Forward(tensor(new long[] { 5, 1, 5, 6 }, [2, 2]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_classifier_has_the_names_of_its_published_kind_and_no_language_head()
    {
        using SequenceClassifier model = new(New(Config with { TieEmbeddings = false }), ["a", "b", "c"]);
        model.InitializeHead(new RandomStream(4));
        HuggingFaceFolder.Save(_folder, model);
        IReadOnlyCollection<string> names = [.. SafeTensors.Read(Path.Combine(_folder, "model.safetensors")).Keys];
        Assert.Contains("transformer.shared.weight", names);
        Assert.Contains("transformer.decoder.block.0.layer.1.EncDecAttention.q.weight", names);
        Assert.DoesNotContain(names, name => name.Contains("lm_head", StringComparison.Ordinal));
        Assert.Equal(["classification_head.dense.bias", "classification_head.dense.weight", "classification_head.out_proj.bias", "classification_head.out_proj.weight"], names.Where(name => !name.StartsWith("transformer.", StringComparison.Ordinal)).Order());
        Assert.Contains("T5ForSequenceClassification", File.ReadAllText(Path.Combine(_folder, "config.json")), StringComparison.Ordinal);
        // The head of the language model is gone, and passed over in files.
        Assert.Equal(model.WeightNames.Count, model.parameters().Count());
        Assert.Null(model.CanonicalName("lm_head.weight"));
        Assert.Contains("below the head of a task", Assert.Throws<InvalidOperationException>(() => ((T5Model)model.Backbone).Logits(zeros(1, 8))).Message, StringComparison.Ordinal);
        using SequenceClassifier read = HuggingFaceFolder.LoadClassifier(_folder);
        foreach ((string name, Tensor weight) in ModelWeights.Views(model)) GoldenModel.AssertClose(name, weight, ModelWeights.Views(read)[name], 0);
    }

    [Fact]
    public void Answers_are_found_in_the_decoder()
    {
        using QuestionAnsweringModel model = new(New(Config));
        model.InitializeHead(new RandomStream(4));
        model.eval();
        Assert.Contains(model.WeightNames, name => name.File == "shared.weight");
        Assert.Contains(model.WeightNames, name => name.File == "qa_outputs.weight");
        Tensor tokens = tensor(new long[] { 5, 6, 1, 8, 9, 1 }, [1, 6]);
        (Tensor start, Tensor end) = model.Forward(tokens);
        Tensor states = model.Backbone.ReadTexts(tokens);
        GoldenModel.AssertClose("scores", model.HeadModule.Forward(states), stack([start, end], -1), 0);
        Assert.Contains("T5ForQuestionAnswering", model.Config.ToJson(model.Head).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_encoder_alone_reads_whole_checkpoints_and_classifies_tokens()
    {
        using T5Model whole = New(Config with { TieEmbeddings = false });
        whole.eval();
        HuggingFaceFolder.Save(_folder, whole);
        Tensor tokens = tensor(new long[] { 5, 6, 1, 8, 1, 0 }, [2, 3]), mask = tokens.ne(0);
        using EncoderModel encoder = HuggingFaceFolder.LoadEncoder(_folder);
        GoldenModel.AssertClose("hidden states", whole.Encode(tokens, mask), encoder.ReadTexts(tokens, mask), 0);

        (TokenClassifier model, IReadOnlyList<string> drawn) = HuggingFaceFolder.LoadForFineTuning(_folder, config => new TokenClassifier(config.CreateEncoder(), ["a", "b"]), new RandomStream(6));
        Assert.Equal(["classifier.bias", "classifier.weight"], drawn);
        HuggingFaceFolder.Save(_folder, model);
        Assert.All(model.WeightNames, name => Assert.True(name.File.StartsWith("classifier.", StringComparison.Ordinal) || name.File.StartsWith("transformer.", StringComparison.Ordinal), name.File));
        using TokenClassifier read = HuggingFaceFolder.LoadTokenClassifier(_folder);
        Assert.IsType<T5EncoderModel>(read.Backbone);
        GoldenModel.AssertClose("scores", model.Forward(tokens, mask), read.Forward(tokens, mask), 0);
        model.Dispose();
        Assert.Contains("CreateBackboneFor(ModelHead.TokenClassification)", Assert.Throws<NotSupportedException>(() => new TokenClassifier(New(Config), ["a", "b"])).Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => new SequenceClassifier(New(Config with { HasDecoder = true }).Config.CreateEncoder(), ["a", "b"]));
    }

    private static T5Config Read(string json) => T5Config.FromJson(JsonNode.Parse(json)!.AsObject());

    private static T5Model New(T5Config config)
    {
        T5Model model = new(config);
        model.Initialize(new RandomStream(7));
        return model;
    }

    private void Write(Dictionary<string, Tensor> weights, string config)
    {
        using (FileStream stream = File.Create(Path.Combine(_folder, "model.safetensors"))) SafeTensors.Write(stream, weights);
        File.WriteAllText(Path.Combine(_folder, "config.json"), config);
    }
}
