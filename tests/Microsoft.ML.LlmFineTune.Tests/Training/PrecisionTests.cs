// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Adapters;
using Microsoft.ML.LlmFineTune.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

/// <summary>Models whose parts have several types, as adapters beside half precision or four bits make them.</summary>
public sealed class PrecisionTests
{
    [Theory]
    [InlineData(null, false)]
    [InlineData(TrainingPrecision.BFloat16, false)]
    [InlineData(TrainingPrecision.Float32, false)]
    [InlineData(TrainingPrecision.BFloat16, true)]
    [InlineData(TrainingPrecision.Float32, true)]
    public void An_adapter_beside_half_precision_is_trained_in_what_is_asked_for_and_both_have_their_types_afterwards(TrainingPrecision? precision, bool savesModule)
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        model.to(ScalarType.BFloat16);
        Dictionary<string, byte[]> before = Adapted.Bits(model);
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions { ModulesToSave = savesModule ? ["c_fc"] : [] });
        Dictionary<string, ScalarType> types = Types(model);
        Assert.Equal([ScalarType.Float32, ScalarType.BFloat16], types.Values.Distinct().Order());
        HashSet<ScalarType> during = [];
        TrainingResult result = Train(model, precision, () => during.UnionWith(Types(model).Values));
        Assert.Equal(4, result.Steps);
        Assert.Equal(precision switch { null => [ScalarType.Float32, ScalarType.BFloat16], TrainingPrecision.Float32 => [ScalarType.Float32], _ => (ScalarType[])[ScalarType.BFloat16] }, during.Order());
        Assert.Equal(types, Types(model));
        Assert.All(adapters.Views().Where(view => view.Key.Contains("lora_B", StringComparison.Ordinal)), view => Assert.NotEqual(0, view.Value.abs().max().item<float>()));
        adapters.Deactivate();
        Dictionary<string, byte[]> after = Adapted.Bits(model);
        Assert.All(before, weight => Assert.Equal(weight.Value, after[weight.Key]));
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("dora")]
    [InlineData("embedding")]
    [InlineData("own head and table")]
    [InlineData("ia3")]
    [InlineData("prompt")]
    [InlineData("prefix")]
    public void Every_adapter_stands_beside_half_precision_as_beside_float32(string kind)
    {
        using IDisposable scope = NewDisposeScope();
        AdapterOptions options = kind switch
        {
            "lora" => new LoraOptions { Targets = ModuleSelection.AllLinear, Dropout = 0.1 },
            "dora" => new LoraOptions { Targets = ModuleSelection.AllLinear, UsesWeightDecomposition = true, Dropout = 0.1 },
            "embedding" => new LoraOptions { Targets = ModuleSelection.Of("wte", "wpe") },
            "own head and table" => new LoraOptions { ModulesToSave = ["lm_head", "wte"] },
            "ia3" => new Ia3Options(),
            "prompt" => new PromptTuningOptions { VirtualTokens = 3 },
            _ => new PrefixTuningOptions { VirtualTokens = 3 },
        };
        List<double> full = Losses(ScalarType.Float32), half = Losses(ScalarType.BFloat16);
        for (int step = 0; step < full.Count; step++) Assert.Equal(1, half[step] / full[step], 0.02);

        List<double> Losses(ScalarType type)
        {
            using DecoderModel model = Adapted.Model(Adapted.Gpt2);
            model.to(type);
            ModelAdapters.Attach(model, options);
            List<double> losses = [];
            Train(model, null, step: losses.Add);
            return losses;
        }
    }

    [Fact]
    public void Trained_parts_of_several_types_need_to_be_told_in_which_to_compute()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        model.to(ScalarType.BFloat16);
        ModelAdapters.Attach(model, new LoraOptions { ModulesToSave = ["c_fc"] });
        Assert.Contains("Precision", Assert.Throws<ArgumentException>(() => Train(model, null)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    [InlineData(false, 2)]
    public void Four_bits_keep_their_scales_when_the_rest_computes_in_16(bool isDouble, int replicas)
    {
        using IDisposable scope = NewDisposeScope();
        List<double> full = Losses(null, out Dictionary<string, byte[]> expected), half = Losses(TrainingPrecision.BFloat16, out Dictionary<string, byte[]> actual);
        for (int step = 0; step < full.Count; step++) Assert.Equal(1, half[step] / full[step], 0.02);
        Assert.All(expected, buffer => Assert.Equal(buffer.Value, actual[buffer.Key]));

        List<double> Losses(TrainingPrecision? precision, out Dictionary<string, byte[]> quantized)
        {
            using DecoderModel model = Adapted.Model(Adapted.Gpt2 with { Width = 64 });
            ModelQuantization.ToNf4(model, isDouble);
            ModelAdapters.Attach(model, new LoraOptions { Targets = ModuleSelection.AllLinear });
            List<double> losses = [];
            Train(model, precision, replicas: replicas, step: loss => losses.Add(loss));
            quantized = model.named_buffers().ToDictionary(named => named.name, named => named.buffer.contiguous().bytes.ToArray());
            Assert.NotEmpty(quantized);
            return losses;
        }
    }

    [Fact]
    public void A_quantised_model_that_was_converted_computes_in_its_new_type_and_becomes_dense_in_it()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        Tensor tokens = Adapted.Tokens(2, 6);
        ModelQuantization.ToNf4(model);
        Tensor exact = Adapted.Logits(model, tokens);
        model.to(ScalarType.BFloat16);
        Tensor converted = Adapted.Logits(model, tokens);
        ModelQuantization.ToDense(model);
        Assert.Equal([ScalarType.BFloat16, ScalarType.BFloat16], [converted.dtype, model.WeightType]);
        Assert.InRange(Adapted.Distance(exact, converted.to(ScalarType.Float32)), 0, 0.05 * exact.abs().max().item<float>());
        Assert.Equal(0, Adapted.Distance(converted.to(ScalarType.Float32), Adapted.Logits(model, tokens).to(ScalarType.Float32)));
    }

    private static Dictionary<string, ScalarType> Types(nn.Module model) => model.named_parameters().ToDictionary(named => named.name, named => named.parameter.dtype);

    private static TrainingResult Train(DecoderModel model, TrainingPrecision? precision, Action? stepped = null, int replicas = 2, Action<double>? step = null)
    {
        TrainingOptions options = new() { Epochs = null, MaximumSteps = 4, Precision = precision, Replicas = replicas, Device = ComputeDevice.Cpu };
        int[][] documents = [.. Enumerable.Range(0, 20).Select(document => Enumerable.Range(0, 12).Select(i => 1 + (((document * 3) + (i * i)) % 28)).ToArray())];
        return new Trainer(model, new NextTokenObjective(), options, new Watch(taken =>
        {
            stepped?.Invoke();
            step?.Invoke(taken.Loss);
        })).Train(new CausalPackedBatches(documents, 0, 8, 4, new RandomStreams(1)));
    }

    private sealed class Watch(Action<TrainingStep> stepped) : ITrainingObserver
    {
        public void Stepped(TrainingStep step) => stepped(step);
    }
}
