using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using Parameter = TorchSharp.Modules.Parameter;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>What holds for every encoder and its heads.</summary>
internal static class EncoderChecks
{
    public static readonly int[] Text = [5, 6, 7, 9, 11, 6, 3, 8, 4, 10, 12, 2];

    /// <summary>A batch of two rows, of which the second one is short.</summary>
    public static Tensor Tokens => tensor([5L, 6, 7, 9, 11, 6, 3, 8, 4, 2, 5, 1, 0, 0, 0, 0], [2, 8]);

    public static Tensor Mask => tensor([true, true, true, true, true, true, true, true, true, true, true, true, false, false, false, false], [2, 8]);

    public static Tensor Segments => tensor([0L, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0], [2, 8]);

    /// <summary>Draws every weight, biases and norms too, so that nothing hides behind a zero.</summary>
    public static TModel Drawn<TModel>(TModel model, ulong seed = 1) where TModel : nn.Module
    {
        RandomStream random = new(seed);
        using IDisposable withoutGradients = no_grad();
        foreach ((string name, Parameter parameter) in model.named_parameters())
        {
            Microsoft.ML.LlmFineTune.Layers.Initialization.Normal(parameter, random, 0.3);
            if (name.Contains("orm.weight", StringComparison.Ordinal)) parameter.add_(1);
        }
        model.eval();
        return model;
    }

    /// <summary>Hidden states, logits, loss and every gradient of a fixture, in which padding stands on the right.</summary>
    public static void EqualsTheReference<TModel>(GoldenModel golden, TModel model, BackboneModel backbone, Func<Tensor> forward) where TModel : nn.Module, ICheckpointModel
    {
        List<Tensor> hiddenStates = [];
        backbone.ReadTexts(golden.Inputs["input_ids"], golden.Mask, golden.Inputs.GetValueOrDefault("token_type_ids"), hiddenStates);
        Assert.Equal(golden.Expected.Keys.Count(name => name.StartsWith("hidden_states.", StringComparison.Ordinal)), hiddenStates.Count);
        for (int i = 0; i < hiddenStates.Count; i++) GoldenModel.AssertClose($"hidden state {i}", golden.Expected[$"hidden_states.{i}"], hiddenStates[i], 1e-5, golden.Mask);
        Tensor logits = forward();
        GoldenModel.AssertClose("logits", golden.Expected["logits"], logits, 1e-5, logits.dim() == 3 ? golden.Mask : null);
        Tensor labels = golden.Inputs["labels"].view(-1);
        Tensor loss = SoftmaxCrossEntropy.Sum(logits.reshape(labels.numel(), -1), labels) / labels.ne(SoftmaxCrossEntropy.Ignored).sum();
        Assert.Equal((double)golden.Numbers["loss"]!, loss.item<float>(), 1e-5);
        model.train();
        loss.backward();
        Dictionary<string, Tensor> gradients = ModelWeights.Gradients(model);
        Assert.Equal(golden.Expected.Keys.Where(name => name.StartsWith("grad.", StringComparison.Ordinal)).Order(), gradients.Keys.Select(name => $"grad.{name}").Order());
        foreach ((string name, Tensor gradient) in gradients)
        {
            Tensor expected = golden.Expected[$"grad.{name}"];
            GoldenModel.AssertClose($"grad.{name}", expected, gradient, 1e-6 + (1e-5 * expected.abs().max().item<float>()));
        }
    }

    /// <summary>The model's hidden states of one text are those of the loops, alone and as a row of a padded batch.</summary>
    public static void EqualsTheLoops(BackboneModel model, int[]? segments = null)
    {
        using IDisposable withoutGradients = no_grad();
        double[][] expected = new NaiveEncoder(model.Config.ToJson(ModelHead.None), ModelWeights.Views(model)).Read(Text, segments);
        Tensor wanted = tensor([.. expected.SelectMany(row => row)], [1, Text.Length, expected[0].Length]).to(ScalarType.Float32);
        Tensor tokens = tensor([.. Text.Select(id => (long)id)], [1, Text.Length]);
        Tensor? kinds = segments is null ? null : tensor([.. segments.Select(id => (long)id)], [1, Text.Length]);
        GoldenModel.AssertClose("alone", wanted, model.ReadTexts(tokens, segments: kinds), 2e-5);
        Tensor batch = cat([cat([tokens, zeros([1, 3], dtype: ScalarType.Int64)], 1), ones([1, Text.Length + 3], dtype: ScalarType.Int64)], 0);
        Tensor mask = cat([batch.narrow(0, 0, 1).ne(0), ones([1, Text.Length + 3], dtype: ScalarType.Bool)], 0);
        Tensor? batchKinds = kinds is null ? null : cat([cat([kinds, zeros([1, 3], dtype: ScalarType.Int64)], 1), zeros([1, Text.Length + 3], dtype: ScalarType.Int64)], 0);
        GoldenModel.AssertClose("in a batch", wanted, model.ReadTexts(batch, mask, batchKinds).narrow(0, 0, 1).narrow(1, 0, Text.Length), 2e-5);
    }

    /// <summary>Gradients are the slopes that small steps along a random direction show, in double precision.</summary>
    public static void GradientsAreSlopes(ModelConfig config, bool hasSegments)
    {
        const double Step = 1e-5;
        using BackboneModel model = Drawn(config.CreateBackbone(dtype: ScalarType.Float64));
        RandomStream random = new(7);
        Tensor weights = tensor([.. Enumerable.Range(0, 16 * config.Width).Select(_ => random.NextNormal())], [2, 8, config.Width]);
        Tensor Value() => (model.ReadTexts(Tokens, Mask, hasSegments ? Segments : null) * weights * Mask.unsqueeze(-1)).sum();
        Value().backward();
        List<(Parameter Parameter, Tensor Direction)> directions = [.. model.parameters().Select(parameter => (parameter, (Tensor)Direction(parameter)))];
        using IDisposable withoutGradients = no_grad();
        double slope = directions.Sum(entry => entry.Parameter.grad is Tensor gradient ? (gradient * entry.Direction).sum().item<double>() : 0);
        foreach ((Parameter parameter, Tensor direction) in directions) parameter.add_(direction * Step);
        double above = Value().item<double>();
        foreach ((Parameter parameter, Tensor direction) in directions) parameter.sub_(direction * (2 * Step));
        double measured = (above - Value().item<double>()) / (2 * Step);
        Assert.True(Math.Abs(slope) > 1e-3, $"the slope {slope:g3} says nothing");
        Assert.Equal(measured, slope, Math.Abs(measured) * 1e-5);

        // The row of padding gets no gradient from being looked up, and so no step.
        Tensor Direction(Parameter parameter)
        {
            Tensor direction = tensor([.. Enumerable.Range(0, (int)parameter.numel()).Select(_ => random.NextNormal())], parameter.shape);
            if (parameter.size(0) == config.VocabularySize) direction[0].zero_();
            return direction;
        }
    }

    /// <summary>What is saved and read again gives the same numbers to the last bit, from the same tensors and keys; and so does a replica.</summary>
    public static void ReturnsUnchanged<TModel>(TModel model, Func<string, TModel> load, Func<TModel, TModel> createLike, Func<TModel, Tensor> forward, params string[] architectures) where TModel : nn.Module, ICheckpointModel
    {
        using IDisposable withoutGradients = no_grad();
        Tensor expected = forward(model);
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            HuggingFaceFolder.Save(folder, model);
            JsonNode written = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!;
            Assert.NotEmpty(architectures);
            Assert.Equal(architectures, written["architectures"]!.AsArray().Select(name => (string)name!));
            using TModel read = load(folder);
            GoldenModel.AssertClose("read again", expected, forward(read), 0);
            Assert.Equal(model.Config.ToJson(model.Head).ToJsonString(), (read.Config with { OtherKeys = model.Config.OtherKeys }).ToJson(model.Head).ToJsonString());
            Assert.Empty(read.Config.UnknownKeys);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        using TModel replica = createLike(model);
        Dictionary<string, Tensor> target = ModelWeights.Views(replica);
        foreach ((string name, Tensor weight) in ModelWeights.Views(model)) target[name].copy_(weight);
        GoldenModel.AssertClose("replica", expected, forward(replica), 0);
        Assert.Equal(model.training, replica.training);
    }

    /// <summary>The weights' names are the parameters', each once, and the count needs no memory.</summary>
    public static void NamesCoverParameters<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel =>
        Assert.Equal(model.named_parameters().Select(entry => entry.name).Order(StringComparer.Ordinal), model.WeightNames.Select(name => name.Parameter).Order(StringComparer.Ordinal));

    /// <summary>A dropout changes what training gives, never what evaluation gives, and repeats with its stream.</summary>
    public static void DropoutIsAlive<TModel>(TModel model, Func<TModel, Tensor> forward) where TModel : nn.Module, IReplicable
    {
        using IDisposable withoutGradients = no_grad();
        Tensor calm = forward(model);
        GoldenModel.AssertClose("evaluation", calm, forward(model), 0);
        model.train();
        model.Reseed(new RandomStream(3));
        Tensor first = forward(model);
        model.Reseed(new RandomStream(3));
        GoldenModel.AssertClose("the same stream", first, forward(model), 0);
        model.Reseed(new RandomStream(4));
        Assert.True((first - forward(model)).abs().max().item<float>() > 1e-4, "another stream drops the same");
        Assert.True((first - calm).abs().max().item<float>() > 1e-4, "nothing is dropped");
        model.eval();
    }

    /// <summary>The rows of <c>initialisation.json</c>, which the reference's own initialisation gave.</summary>
    public static void StartsLikeTheReference<TModel>(string name, TModel model) where TModel : nn.Module, ICheckpointModel
    {
        using IDisposable withoutGradients = no_grad();
        JsonNode reference = SharedFixtures.Json("golden/models/initialisation.json")["models"]![name]!;
        Dictionary<string, Tensor> views = ModelWeights.Views(model);
        HashSet<string> seen = [];
        foreach (JsonNode? row in reference["parameters"]!.AsArray())
        {
            string pattern = (string)row!["pattern"]!;
            List<string> names = [.. views.Keys.Where(key => System.Text.RegularExpressions.Regex.IsMatch(key, $"^{System.Text.RegularExpressions.Regex.Escape(pattern).Replace(@"\*", @"\d+")}$"))];
            Assert.Equal((int)row["tensors"]!, names.Count);
            seen.UnionWith(names);
            Tensor all = cat([.. names.Select(key => views[key].reshape(-1))]);
            switch ((string)row["kind"]!)
            {
                case "zeros": Assert.True(all.eq(0).all().item<bool>(), pattern); break;
                case "ones": Assert.True(all.eq(1).all().item<bool>(), pattern); break;
                default:
                    double deviation = all.std().item<float>(), expected = (double)row["std"]!;
                    Assert.True(Math.Abs(deviation - expected) < 7 * (double)row["standard_error_of_std"]!, $"{pattern}: {deviation} against {expected}");
                    Assert.True(Math.Abs(all.mean().item<float>()) < 5 * expected / Math.Sqrt(all.numel()), pattern);
                    double kurtosis = (all / deviation).pow(4).mean().item<float>();
                    Assert.True(Math.Abs(kurtosis - (double)row["kurtosis"]!) < 12 / Math.Sqrt(all.numel()) * 5, $"{pattern}: kurtosis {kurtosis}");
                    break;
            }
        }
        Assert.Equal(views.Keys.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
        foreach ((string table, JsonNode? row) in reference["padding_rows"]!.AsObject())
            Assert.Equal((bool)row!["row_is_zero"]!, views[table][(int)row["padding_idx"]!].eq(0).all().item<bool>());
    }
}
