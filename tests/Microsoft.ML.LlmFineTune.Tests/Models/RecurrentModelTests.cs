using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Kernels;
using Microsoft.ML.LlmFineTune.Tests.Repository;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

public sealed class RecurrentModelTests
{
    private static readonly RecurrentConfig Config = new() { VocabularySize = 29, EmbeddingWidth = 8, HiddenWidth = 12, Layers = 2, InitializerRange = 1 };

    public RecurrentModelTests() => NativeRuntime.Initialize();

    public static TheoryData<RecurrentCell> Cells => new(Enum.GetValues<RecurrentCell>());

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_row_padded_on_the_left_is_what_it_is_alone(RecurrentCell cell)
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = New(Config with { Cell = cell });
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(3, 7), mask = tensor([.. Enumerable.Range(0, 21).Select(i => i % 7 >= i / 7 * 2)], [3, 7]);
        using RecurrentState together = model.CreateCache(3, 7);
        Tensor hidden = model.Forward(tokens, mask, together);
        for (int row = 0; row < 3; row++)
        {
            int padding = row * 2;
            using RecurrentState state = model.CreateCache(1, 7);
            Tensor alone = model.Forward(tokens.narrow(0, row, 1).narrow(1, padding, 7 - padding), cache: state);
            Numbers.Close(alone[0], hidden[row].narrow(0, padding, 7 - padding), 1e-6);
            for (int layer = 0; layer < 2; layer++) Numbers.Close(state.Hidden[layer][0], together.Hidden[layer][row], 1e-6);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    public void Reading_piece_by_piece_gives_the_same(int piece)
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = New(Config);
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(3, 10), mask = tensor([.. Enumerable.Range(0, 30).Select(i => i % 10 >= i / 10)], [3, 10]);
        foreach (Tensor? padding in (Tensor?[])[null, mask])
        {
            Tensor expected = model.Forward(tokens, padding);
            using RecurrentState cache = model.CreateCache(3, 1);
            RecurrentState? carried = null;
            for (int start = 0; start < 10; start += piece)
            {
                int length = Math.Min(piece, 10 - start);
                Tensor part = tokens.narrow(1, start, length);
                Numbers.Close(expected.narrow(1, start, length), model.Forward(part, padding?.narrow(1, 0, start + length), cache), 1e-6);
                RecurrentOutput output = model.Read(part, carried, padding?.narrow(1, start, length));
                Numbers.Close(expected.narrow(1, start, length), output.Hidden, 1e-6);
                carried?.Dispose();
                carried = output.Carried;
            }
            Assert.Equal((10, 10), (cache.Length, carried!.Length));
            carried.Dispose();
        }
    }

    [Fact]
    public void Hidden_states_are_what_the_first_layer_reads_and_what_every_layer_gives()
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = New(Config with { Layers = 3 });
        using IDisposable withoutGradients = no_grad();
        List<Tensor> hiddenStates = [];
        Tensor hidden = model.Forward(Tokens(2, 4), hiddenStates: hiddenStates);
        Assert.Equal([8, 12, 12, 12], hiddenStates.Select(states => states.size(2)));
        Assert.All(hiddenStates, states => Assert.Equal([2, 4], states.shape[..2]));
        Numbers.Close(ModelWeights.Views(model)["embedding.weight"][Tokens(2, 4)[1, 2].item<long>()], hiddenStates[0][1][2], 0);
        Numbers.Close(hidden, hiddenStates[^1], 0);
    }

    [Fact]
    public void A_carried_state_stays_as_it_is_and_ends_the_gradient()
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = New(Config);
        RecurrentOutput first = model.Read(Tokens(2, 4));
        float[] before = [.. first.Carried.Memory[1].reshape(-1).data<float>()];
        RecurrentOutput second = model.Read(Tokens(2, 4), first.Carried);
        Assert.Equal(before, first.Carried.Memory[1].reshape(-1).data<float>().ToArray());
        Assert.Equal((4L, 8L), (first.Carried.Length, second.Carried.Length));
        // Twice through the second piece: the first one's graph is not part of it.
        second.Hidden.sum().backward();
        model.Read(Tokens(2, 4), first.Carried).Hidden.sum().backward();
        first.Hidden.sum().backward();
        first.Carried.Dispose();
        second.Carried.Dispose();
    }

    [Fact]
    public void A_state_keeps_rows_is_cleared_and_never_cut_back()
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = New(Config);
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(3, 5);
        using RecurrentState state = model.CreateCache(3, 5);
        model.Forward(tokens, cache: state);
        Assert.False(state.CanCutBack);
        Assert.Contains("from 5 to 3", Assert.Throws<NotSupportedException>(() => state.CutBack(3)).Message, StringComparison.Ordinal);
        using RecurrentState copy = state.Clone();
        state.Keep([2, 0, 2]);
        Tensor next = tensor([1L, 2, 1], [3, 1]);
        Tensor kept = model.Forward(next, cache: state);
        Tensor expected = model.Forward(next.index_select(0, tensor([1L, 1, 0])), cache: copy);   // rows 0, 1, 2 read 2, 2, 1
        Numbers.Close(expected[2], kept[0], 1e-6);
        Numbers.Close(expected[0], kept[1], 1e-6);
        state.Clear();
        Assert.Equal(0, state.Length);
        Numbers.Close(model.Forward(tokens), model.Forward(tokens, cache: state), 0);
        Assert.Throws<ArgumentException>(() => state.Keep([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Keep([3]));
    }

    [Fact]
    public void What_does_not_fit_is_named()
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = New(Config);
        using RecurrentState state = model.CreateCache(2, 4);
        Assert.Contains("state has 2 rows; received 1", Message(() => model.Forward(Tokens(1, 2), cache: state)), StringComparison.Ordinal);
        Assert.Contains("[batch, sequence] of Int64; received [2] of Int64", Message(() => model.Forward(tensor([1L, 2]))), StringComparison.Ordinal);
        Assert.Contains("mask must be [2, 3] of Bool", Message(() => model.Forward(Tokens(2, 3), ones([2, 2], dtype: ScalarType.Bool))), StringComparison.Ordinal);
        using KvCache other = new(1, 2, 1, 4, 4);
        Assert.Contains("needs a RecurrentState; received a KvCache", Message(() => model.Forward(Tokens(2, 3), cache: other)), StringComparison.Ordinal);
        model.Forward(Tokens(2, 3), cache: state);
        Assert.Contains("mask must be [2, 4] of Bool (cached positions included)", Message(() => model.Forward(Tokens(2, 1), ones([2, 1], dtype: ScalarType.Bool), state)), StringComparison.Ordinal);
        Assert.Contains("segments", Message(() => model.ReadTexts(Tokens(2, 3), segments: Tokens(2, 3))), StringComparison.Ordinal);

        static string Message(Func<object> action) => Assert.Throws<ArgumentException>(action).Message;
    }

    [Fact]
    public void The_padding_row_gets_no_gradient_from_being_looked_up()
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = New(Config with { PaddingIndex = 3 }), tied = New(Config with { PaddingIndex = 3, TieEmbeddings = true });
        Assert.Equal(0, ModelWeights.Views(model)["embedding.weight"].select(0, 3).abs().sum().item<float>());
        foreach (RecurrentLanguageModel each in (RecurrentLanguageModel[])[model, tied])
        {
            each.Logits(each.Forward(Tokens(2, 20))).exp().sum().backward();
            Tensor gradient = ModelWeights.Gradients(each)["embedding.weight"];
            Assert.Equal(each == tied, gradient.select(0, 3).abs().sum().item<float>() > 0);
            Assert.True(gradient.select(0, 4).abs().sum().item<float>() > 0);
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Other_types_of_weights_give_nearly_the_same(RecurrentCell cell)
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = New(Config with { Cell = cell, InitializerRange = 0.3 }), wide = new(model.Config, dtype: ScalarType.Float64), half = new(model.Config, dtype: ScalarType.BFloat16);
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(2, 6), mask = tensor([.. Enumerable.Range(0, 12).Select(i => i > 1)], [2, 6]);
        foreach ((RecurrentLanguageModel other, double tolerance) in ((RecurrentLanguageModel, double)[])[(wide, 1e-6), (half, 0.03)])
        {
            Copy(model, other);
            Numbers.Close(model.Logits(model.Forward(tokens, mask)), other.Logits(other.Forward(tokens, mask)).to(ScalarType.Float32), tolerance);
        }
    }

    [Fact]
    public void The_published_model_has_its_published_size_and_counting_needs_no_memory()
    {
        RecurrentConfig awd = RecurrentPresets.AwdLstm(10_000);
        Assert.Equal(24_221_600, awd.CountParameters());
        foreach (RecurrentConfig config in (RecurrentConfig[])[awd, Config, Config with { Layers = 1 }, Config with { Layers = 5, Cell = RecurrentCell.Gru, TieEmbeddings = true }, RecurrentPresets.Classifier(500) with { Layers = 4 }])
        {
            using BackboneModel model = config.CreateBackbone(META);
            Assert.Equal(model.parameters().Where(parameter => parameter.dim() == 2).Sum(parameter => (double)parameter.numel()), config.MatrixNumbers);
            Assert.Equal(model.WeightNames.Select(name => name.Parameter).Order(), model.named_parameters().Select(entry => entry.name).Order());
        }
    }

    [Fact]
    public void Weights_begin_as_the_published_ones_do()
    {
        RecurrentConfig config = Config with { VocabularySize = 200, EmbeddingWidth = 24, HiddenWidth = 50, PaddingIndex = 5, InitializerRange = 0.1 };
        using RecurrentLanguageModel model = New(config);
        foreach ((string name, Tensor weight) in ModelWeights.Views(model))
        {
            Tensor values = name == "embedding.weight" ? weight.narrow(0, 6, 194) : weight;
            double bound = name == "decoder.bias" ? 0 : name.StartsWith("rnn.", StringComparison.Ordinal) ? 1 / Math.Sqrt(50) : 0.1;
            double largest = values.abs().max().item<float>(), deviation = values.std().item<float>();
            Assert.True(largest <= bound * (1 + 1e-6) && largest >= bound * 0.95, $"{name}: largest {largest}, bound {bound}");
            // An even distribution's deviation.
            Assert.Equal(bound / Math.Sqrt(3), deviation, bound * 0.1);
        }
        Assert.Equal(0, ModelWeights.Views(model)["embedding.weight"].select(0, 5).abs().max().item<float>());
        using RecurrentLanguageModel same = New(config), other = new(config);
        other.Initialize(new RandomStream(8));
        Assert.True(Equal(model, same));
        Assert.False(Equal(model, other));
        SequenceClassifier classifier = new(new RecurrentEncoder(RecurrentPresets.Classifier(50)), ["a", "b", "c"]);
        classifier.InitializeHead(new RandomStream(1));
        Assert.InRange(ModelWeights.Views(classifier)["classifier.weight"].abs().max().item<float>(), 0.95 / 16, 1.0 / 16);
        classifier.Dispose();

        static bool Equal(nn.Module left, nn.Module right) => left.parameters().Zip(right.parameters()).All(pair => pair.First.eq(pair.Second).all().item<bool>());
    }

    [Fact]
    public void A_replica_has_the_same_shape_and_mode_and_obeys_its_stream()
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = New(RecurrentPresets.AwdLstm(29) with { EmbeddingWidth = 8, HiddenWidth = 12 });
        model.train();
        using BackboneModel replica = model.CreateLike();
        Assert.True(replica.training);
        Assert.Equal(model.named_parameters().Select(entry => (entry.name, string.Join(',', entry.parameter.shape))), replica.named_parameters().Select(entry => (entry.name, string.Join(',', entry.parameter.shape))));
        Copy(model, replica);
        foreach (ulong key in (ulong[])[5, 6])
        {
            ((IReplicable)model).Reseed(new RandomStream(key));
            ((IReplicable)replica).Reseed(new RandomStream(key));
            Numbers.Close(model.Forward(Tokens(2, 5)), replica.ReadTexts(Tokens(2, 5)), 0);
        }
    }

    [Fact]
    public void Saving_and_loading_give_the_same_model()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            using var scope = NewDisposeScope();
            using IDisposable withoutGradients = no_grad();
            RecurrentConfig config = Config with { Cell = RecurrentCell.Gru, TieEmbeddings = true, PaddingIndex = 2, Padding = 2, EndOfText = [1], WeightDrop = 0.3, HiddenDropout = 0.2, EmbeddingDropout = 0.1, InputDropout = 0.15, OutputDropout = 0.25, MaximumLength = 77 };
            using RecurrentLanguageModel model = New(config);
            HuggingFaceFolder.Save(folder, model);
            using DecoderModel read = HuggingFaceFolder.LoadDecoder(folder);
            Assert.Equal(config.ToJson(ModelHead.NextToken).ToJsonString(), read.Config.ToJson(ModelHead.NextToken).ToJsonString());
            Assert.Empty(read.Config.UnknownKeys);
            Numbers.Close(model.Logits(model.Forward(Tokens(2, 5))), read.Logits(read.Forward(Tokens(2, 5))), 0);

            // A classifier on a language model: its decoder is not needed any more.
            foreach (Pooling? pooling in (Pooling?[])[null, Pooling.LastToken, Pooling.Mean])
            {
                using SequenceClassifier classifier = new(New(config), ["x", "y"], pooling);
                classifier.InitializeHead(new RandomStream(2));
                classifier.eval();
                HuggingFaceFolder.Save(folder, classifier);
                using SequenceClassifier loaded = HuggingFaceFolder.LoadClassifier(folder);
                Assert.IsType<RecurrentEncoder>(loaded.Backbone);
                Tensor tokens = tensor([5L, 6, 7, 2, 2, 8, 9, 10, 11, 12], [2, 5]), mask = tokens.ne(2);
                Numbers.Close(classifier.Forward(tokens, mask), loaded.Forward(tokens, mask), 1e-6);
                Numbers.Close(loaded.Forward(tensor([5L, 6, 7], [1, 3]))[0], loaded.Forward(tokens, mask)[0], 1e-6);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("""{"cell":"qrnn"}""", "'cell' must be one of rnn_tanh, rnn_relu, gru, lstm; found qrnn")]
    [InlineData("""{"head":"speak"}""", "'head' must be one of lm, classify")]
    [InlineData("""{"bidirectional":true}""", "A language model reads from left to right")]
    [InlineData("""{"head":"classify","bidirectional":true,"tied":true}""", "A language model reads from left to right")]
    [InlineData("""{"padding_idx":40,"vocab_size":40}""", "PaddingIndex must be at least 0 and less than 40; received 40")]
    [InlineData("""{"weight_drop":1}""", "WeightDrop must be")]
    [InlineData("""{"hidden_size":0}""", "HiddenWidth must be from 1 to")]
    [InlineData("""{"hidden_size":"many"}""", "'hidden_size' must be a whole number")]
    public void A_configuration_that_cannot_be_is_refused(string json, string message)
    {
        JsonObject config = JsonNode.Parse(json)!.AsObject();
        config["model_type"] = "recurrent";
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => ModelFamilies.ReadConfig(config)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Defaults_stay()
    {
        RecurrentConfig config = new();
        Assert.Equal((RecurrentCell.Lstm, true, 10_000, 256, 512, 2, 512), (config.Cell, config.IsLanguageModel, config.VocabularySize, config.EmbeddingWidth, config.HiddenWidth, config.Layers, config.MaximumLength));
        Assert.Equal((false, true, false, null, 0.1), (config.IsBidirectional, config.HasBias, config.TieEmbeddings, config.PaddingIndex, config.InitializerRange));
        Assert.Equal((0.0, 0.0, 0.0, 0.0, 0.0), (config.EmbeddingDropout, config.InputDropout, config.HiddenDropout, config.OutputDropout, config.WeightDrop));
        Assert.Equal(new RecurrentConfig().ToJson(ModelHead.NextToken).ToJsonString(), RecurrentConfig.FromJson(new JsonObject { ["model_type"] = "recurrent" }).ToJson(ModelHead.NextToken).ToJsonString());
        Assert.Equal((512, 1024, 256), (config.Width, (config with { IsLanguageModel = false, IsBidirectional = true }).Width, (config with { TieEmbeddings = true }).Width));
        Assert.Throws<NotSupportedException>(() => config with { Width = 5 });
    }

    [Fact]
    public void The_document_names_every_key_that_is_written()
    {
        string document = File.ReadAllText(Path.Combine(SourceTree.Root, "docs/recurrent.md"));
        RecurrentConfig config = Config with { Labels = ["a", "b"], Pooling = Pooling.Mean };
        foreach ((string key, _) in config.ToJson(ModelHead.SequenceClassification)) Assert.True(key is "label2id" || document.Contains(key, StringComparison.Ordinal), key);
        foreach (WeightName name in RecurrentWeightNames.Table(Config)) Assert.Contains(name.File.Replace($"_l{name.Layer}", "_l{k}", StringComparison.Ordinal), document, StringComparison.Ordinal);
    }

    private static RecurrentLanguageModel New(RecurrentConfig config)
    {
        RecurrentLanguageModel model = new(config);
        model.Initialize(new RandomStream(7));
        model.eval();
        return model;
    }

    private static void Copy(nn.Module from, nn.Module to)
    {
        using IDisposable withoutGradients = no_grad();
        foreach ((Parameter source, Parameter target) in from.parameters().Zip(to.parameters())) target.copy_(source);
    }

    private static Tensor Tokens(int rows, int length) => tensor(Enumerable.Range(0, rows * length).Select(i => ((i * 7L) + 3) % 29).ToArray(), [rows, length]);
}
