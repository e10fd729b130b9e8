using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bart;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

public sealed class BartTests : IDisposable
{
    private static readonly BartConfig Config = new()
    {
        VocabularySize = 13, MaximumLength = 10, Width = 8, EncoderLayers = 2, EncoderHeads = 2, EncoderInnerWidth = 12, DecoderLayers = 2, DecoderHeads = 4, DecoderInnerWidth = 10, Dropout = 0,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public BartTests() => NativeRuntime.Initialize();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Sines_come_before_cosines()
    {
        SinusoidalPositions positions = new(5);
        Tensor rows = positions.Rows(0, 3, CPU, ScalarType.Float32);
        for (int position = 0; position < 3; position++)
        {
            for (int i = 0; i < 5; i++)
            {
                double angle = position / Math.Pow(10000, 2.0 * (i % 3) / 5);
                Assert.Equal(i < 3 ? Math.Sin(angle) : Math.Cos(angle), rows[position, i].item<float>(), 1e-6);
            }
        }
        GoldenModel.AssertClose("later rows", positions.Rows(0, 9, CPU, ScalarType.Float32).narrow(0, 4, 5), positions.Rows(4, 5, CPU, ScalarType.Float32), 0);
    }

    [Fact]
    public void Defaults_are_those_of_the_published_models()
    {
        BartConfig bart = new(), read = Bart("{ \"extra_pos_embeddings\": 2, \"normalize_before\": false, \"normalize_embedding\": true, \"static_position_embeddings\": false, \"classif_dropout\": 0.0, \"num_hidden_layers\": 12 }");
        Assert.Equal((50265, 1024, 1024, 12, 16, 4096, 12, 16, 4096), (bart.VocabularySize, bart.MaximumLength, bart.Width, bart.EncoderLayers, bart.EncoderHeads, bart.EncoderInnerWidth, bart.DecoderLayers, bart.DecoderHeads, bart.DecoderInnerWidth));
        Assert.Equal(("gelu", 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.02), (bart.Activation, bart.Dropout, bart.AttentionDropout, bart.ActivationDropout, bart.ClassifierDropout, bart.EncoderLayerDrop, bart.DecoderLayerDrop, bart.InitializerRange));
        Assert.Equal((false, true, 0, 1, 2), (bart.ScaleEmbedding, bart.TieEmbeddings, bart.BeginOfText, bart.Padding, bart.DecoderStart));
        Assert.Empty(read.UnknownKeys);
        Assert.Equal(2, read.OtherKeys["forced_eos_token_id"].GetInt32());
        Assert.Equal(2, (int)bart.ToJson(ModelHead.None)["forced_eos_token_id"]!);
        Assert.Equal((139_420_416, 406_291_456), (BartPresets.BartBase.CountParameters(), bart.CountParameters()));
        // opus-mt-en-de has 58,101 tokens.
        Assert.Equal(73_886_208, BartPresets.OpusMt(58101).CountParameters());
        MarianConfig marian = MarianConfig.FromJson(JsonNode.Parse("{ \"static_position_embeddings\": true, \"normalize_embedding\": false, \"extra_pos_embeddings\": 58101 }")!.AsObject());
        Assert.Equal((58101, 58100, 58100, null), (marian.VocabularySize, marian.Padding, marian.DecoderStart, marian.BeginOfText));
        Assert.Equal([0], marian.EndOfText);
        Assert.Empty(marian.UnknownKeys);
    }

    [Theory]
    [InlineData("bart", "normalize_before", "true")]
    [InlineData("bart", "add_final_layer_norm", "true")]
    [InlineData("bart", "normalize_embedding", "false")]
    [InlineData("bart", "static_position_embeddings", "true")]
    [InlineData("bart", "extra_pos_embeddings", "3")]
    [InlineData("bart", "is_decoder", "true")]
    [InlineData("bart", "is_encoder_decoder", "false")]
    [InlineData("bart", "num_attention_heads", "4")]
    [InlineData("marian", "normalize_embedding", "true")]
    [InlineData("marian", "static_position_embeddings", "false")]
    public void What_they_cannot_do_is_refused(string family, string key, string value)
    {
        JsonObject config = new() { ["model_type"] = family, [key] = JsonNode.Parse(value) };
        Assert.Contains($"'{key}' is supported as", Assert.Throws<InvalidDataException>(() => ModelFamilies.ReadConfig(config)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Initial_weights_have_their_deviation()
    {
        using BartModel model = new(BartPresets.Tiny(300) with { InitializerRange = 0.05, TieEmbeddings = false });
        model.Initialize(new RandomStream(3));
        foreach ((string name, Tensor weight) in ModelWeights.Views(model))
        {
            bool isNorm = name.Contains("norm", StringComparison.Ordinal);
            if (name.EndsWith("bias", StringComparison.Ordinal)) Assert.True(weight.eq(0).all().item<bool>(), name);
            else if (isNorm) Assert.True(weight.eq(1).all().item<bool>(), name);
            else
            {
                double error = 0.05 / Math.Sqrt(weight.numel());
                Assert.True(Math.Abs(weight.std().item<float>() - 0.05) < 6 * error, $"{name}: {weight.std().item<float>()}");
            }
        }
        Assert.True(ModelWeights.Views(model)["model.shared.weight"][1].eq(0).all().item<bool>());
    }

    [Fact]
    public void The_row_of_padding_learns_from_the_head_alone()
    {
        using BartModel untied = New(Config with { TieEmbeddings = false });
        Tensor tokens = tensor(new long[] { 5, 1, 7, 1 }, [1, 4]);
        untied.Logits(untied.Decode(tokens, untied.Encode(tokens))).square().sum().backward();
        Tensor gradient = ModelWeights.Gradients(untied)["model.shared.weight"];
        Assert.True(gradient[1].eq(0).all().item<bool>());
        Assert.False(gradient[5].eq(0).all().item<bool>());
    }

    [Fact]
    public void The_bias_of_the_logits_is_added_and_not_trained()
    {
        using BartModel model = New(Config);
        Tensor tokens = tensor(new long[] { 5, 6, 7 }, [1, 3]);
        Tensor before = model.Logits(model.Decode(tokens, model.Encode(tokens)));
        using (no_grad()) ModelWeights.Views(model)["final_logits_bias"].copy_(arange(13, dtype: ScalarType.Float32).unsqueeze(0));
        GoldenModel.AssertClose("logits", before + arange(13, dtype: ScalarType.Float32), model.Logits(model.Decode(tokens, model.Encode(tokens))), 1e-5);
        Assert.DoesNotContain(model.named_parameters(), entry => entry.name.Contains("logitsBias", StringComparison.Ordinal));
    }

    [Fact]
    public void Checkpoints_of_the_bare_model_have_other_names_and_no_bias()
    {
        GoldenModel golden = GoldenModel.Of("bart/lm");
        IReadOnlyDictionary<string, Tensor> weights = SafeTensors.Read(Path.Combine(golden.Folder, "model.safetensors"));
        Dictionary<string, Tensor> bare = weights.Where(entry => entry.Key != "final_logits_bias").ToDictionary(entry => entry.Key["model.".Length..], entry => entry.Value);
        bare.Add("encoder.embed_tokens.weight", bare["shared.weight"]);
        bare.Add("encoder.version", ones(1));
        using (FileStream stream = File.Create(Path.Combine(_folder, "model.safetensors"))) SafeTensors.Write(stream, bare);
        File.Copy(Path.Combine(golden.Folder, "config.json"), Path.Combine(_folder, "config.json"));
        using EncoderDecoderModel model = HuggingFaceFolder.LoadEncoderDecoder(_folder);
        using IDisposable withoutGradients = no_grad();
        Tensor logits = model.Logits(model.Decode(golden.Inputs["decoder_input_ids"], model.Encode(golden.Inputs["input_ids"], golden.Mask), golden.Mask));
        GoldenModel.AssertClose("logits", golden.Expected["logits"] - weights["final_logits_bias"], logits, 2e-5);
        bare.Remove("shared.weight");
        bare.Remove("encoder.embed_tokens.weight");
        using (FileStream stream = File.Create(Path.Combine(_folder, "model.safetensors"))) SafeTensors.Write(stream, bare);
        Assert.Contains("Missing: 'model.shared.weight' [", Assert.Throws<InvalidDataException>(() => HuggingFaceFolder.LoadEncoderDecoder(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encoder_and_decoder_may_have_tables_of_their_own()
    {
        BartConfig config = Config with { TieEmbeddings = false, HasSeparateEmbeddings = true };
        Assert.Throws<ArgumentException>(() => (config with { TieEmbeddings = true }).Validate());
        using BartModel model = EncoderChecks.Drawn(new BartModel(config));
        HuggingFaceFolder.Save(_folder, model);
        string weights = Path.Combine(_folder, "model.safetensors");
        Dictionary<string, Tensor> tensors = new(SafeTensors.Read(weights), StringComparer.Ordinal);
        Assert.DoesNotContain("model.shared.weight", tensors.Keys);
        // The reference has a third, which nothing looks at.
        tensors["model.shared.weight"] = zeros(13, 8);
        SafeTensors.Write(weights, tensors);
        Tensor source = tensor([4L, 5, 6], [1, 3]), target = tensor([2L, 7], [1, 2]);
        using IDisposable withoutGradients = no_grad();
        using EncoderDecoderModel read = HuggingFaceFolder.LoadEncoderDecoder(_folder);
        GoldenModel.AssertClose("scores", Scores(model), Scores(read), 0);
        // Where all tables are one, a copy of it is no table of its own.
        using BartModel shared = EncoderChecks.Drawn(new BartModel(Config with { TieEmbeddings = false }));
        HuggingFaceFolder.Save(_folder, shared);
        using EncoderDecoderModel one = HuggingFaceFolder.LoadEncoderDecoder(_folder);
        Assert.False(((BartConfig)one.Config).HasSeparateEmbeddings);
        GoldenModel.AssertClose("scores", Scores(shared), Scores(one), 0);

        Tensor Scores(EncoderDecoderModel one) => one.Logits(one.Decode(target, one.Encode(source)));
    }

    [Fact]
    public void Marian_may_have_two_vocabularies()
    {
        MarianConfig config = BartPresets.OpusMt(20) with { Width = 8, EncoderLayers = 1, DecoderLayers = 1, EncoderHeads = 2, DecoderHeads = 2, ShareEmbeddings = false, DecoderVocabularySize = 25 };
        using BartModel model = new(config);
        model.Initialize(new RandomStream(2));
        Assert.Equal(25, model.TargetVocabularySize);
        Tensor tokens = tensor(new long[] { 5, 6, 7 }, [1, 3]);
        Assert.Equal([1, 3, 25], model.Logits(model.Decode(tensor(new long[] { 19, 24, 2 }, [1, 3]), model.Encode(tokens))).shape);
        HuggingFaceFolder.Save(_folder, model);
        string[] names = [.. SafeTensors.Read(Path.Combine(_folder, "model.safetensors")).Keys];
        Assert.Contains("model.encoder.embed_tokens.weight", names);
        Assert.Contains("model.decoder.embed_tokens.weight", names);
        Assert.DoesNotContain(names, name => name is "model.shared.weight" or "lm_head.weight" || name.Contains("embed_positions", StringComparison.Ordinal));
        using EncoderDecoderModel read = HuggingFaceFolder.LoadEncoderDecoder(_folder);
        foreach ((string name, Tensor weight) in ModelWeights.Views(model)) GoldenModel.AssertClose(name, weight, ModelWeights.Views(read)[name], 0);
        // A tied head stands for the decoder's embedding; stored positions are computed anew.
        Assert.Equal("model.decoder.embed_tokens.weight", model.CanonicalName("lm_head.weight"));
        Assert.Null(model.CanonicalName("model.encoder.embed_positions.weight"));
        using BartModel untied = new(config with { TieEmbeddings = false });
        Assert.Equal("lm_head.weight", untied.CanonicalName("lm_head.weight"));
    }

    [Fact]
    public void Layers_that_training_leaves_out_follow_the_stream()
    {
        using BartModel model = New(Config with { EncoderLayerDrop = 0.5, DecoderLayerDrop = 0.5 });
        Tensor tokens = tensor(new long[] { 5, 6, 7 }, [1, 3]);
        int both = 0, none = 0;
        for (ulong seed = 0; seed < 200; seed++)
        {
            ((IReplicable)model).Reseed(new RandomStream(seed));
            List<Tensor> states = [];
            model.Encode(tokens, hiddenStates: states);
            Assert.Equal(3, states.Count);
            bool[] ran = [.. states.Zip(states.Skip(1), (before, after) => !before.eq(after).all().item<bool>())];
            if (ran is [true, true]) both++;
            if (ran is [false, false]) none++;
        }
        Assert.InRange(both, 30, 70);
        Assert.InRange(none, 30, 70);
        model.eval();
        List<Tensor> all = [];
        model.Decode(tokens, model.Encode(tokens), hiddenStates: all);
        Assert.All(all.Zip(all.Skip(1)), pair => Assert.False(pair.First.eq(pair.Second).all().item<bool>()));
    }

    [Fact]
    public void Classifiers_and_finders_of_answers_have_the_names_of_their_published_kinds()
    {
        using SequenceClassifier classifier = new(New(Config), ["a", "b"]);
        classifier.InitializeHead(new RandomStream(4));
        classifier.eval();
        HuggingFaceFolder.Save(_folder, classifier);
        string[] names = [.. SafeTensors.Read(Path.Combine(_folder, "model.safetensors")).Keys];
        Assert.Contains("model.shared.weight", names);
        Assert.Contains("classification_head.out_proj.weight", names);
        Assert.DoesNotContain("final_logits_bias", names);
        using SequenceClassifier read = HuggingFaceFolder.LoadClassifier(_folder);
        Tensor tokens = tensor(new long[] { 0, 5, 2, 2, 6, 2, 0, 5, 2, 1, 1, 1 }, [2, 6]), mask = tokens.ne(1);
        GoldenModel.AssertClose("scores", classifier.Forward(tokens, mask), read.Forward(tokens, mask), 0);
        // What stands before the last end token counts, what stands behind it does not.
        GoldenModel.AssertClose("alone", read.Forward(tokens.narrow(0, 1, 1).narrow(1, 0, 3)), read.Forward(tokens, mask).narrow(0, 1, 1), 1e-6);

        using QuestionAnsweringModel answers = new(New(Config));
        Assert.Contains(answers.WeightNames, name => name.File == "qa_outputs.bias");
        Assert.Contains("BartForQuestionAnswering", answers.Config.ToJson(answers.Head).ToJsonString(), StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => new TokenClassifier(New(Config), ["a", "b"]));
        Assert.Throws<NotSupportedException>(() => new SequenceClassifier(new BartModel(BartPresets.OpusMt(20)), ["a", "b"]));
    }

    private static BartConfig Bart(string json) => BartConfig.FromJson(JsonNode.Parse(json)!.AsObject());

    private static BartModel New(BartConfig config)
    {
        BartModel model = new(config with { InitializerRange = 0.3 });
        model.Initialize(new RandomStream(7));
        return model;
    }
}
