// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Adapters;
using Microsoft.ML.LlmFineTune.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

/// <summary>A base in four bits computes in whatever type training is told to; what is stored of it stays to the bit what it is.</summary>
public sealed class QuantizedTrainingTests
{
    private static readonly LoraOptions Lora = new() { Targets = ModuleSelection.AllLinear };

    private static readonly TrainingOptions Options = new() { Epochs = 2, Optimizer = new AdamWOptions { LearningRate = 0.01 }, Schedule = new ConstantSchedule(), Device = ComputeDevice.Cpu };

    [Theory]
    [InlineData(ScalarType.BFloat16, true)]
    [InlineData(ScalarType.Float64, false)]
    public void A_conversion_is_of_the_numbers_and_not_of_the_constants(ScalarType type, bool isDouble)
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        ModelQuantization.ToNf4(model, isDouble);
        Dictionary<string, byte[]> constants = Constants(model);
        Dictionary<string, Tensor> numbers = LinearQuantization.LayersOf(model).ToDictionary(entry => entry.Name, entry => entry.Layer.ReadWeight());
        model.to(type);
        Assert.All(LinearQuantization.LayersOf(model).Where(entry => entry.Layer.Quantized is not null), entry =>
            Assert.True(entry.Layer.ReadWeight().equal(numbers[entry.Name].to(type)).all().item<bool>()));
        Assert.Equal(constants, Constants(model));
        ModelAdapters.Attach(model, Lora);
        using BackboneModel replica = model.CreateLike();
        Assert.All(LinearQuantization.LayersOf(replica).Where(entry => entry.Layer.Quantized is not null), entry => Assert.Equal(type, entry.Layer.ReadWeight().dtype));
        model.to(ScalarType.Float32);
        Assert.All(LinearQuantization.LayersOf(model).Where(entry => entry.Layer.Quantized is not null), entry => Assert.True(entry.Layer.ReadWeight().equal(numbers[entry.Name]).all().item<bool>()));
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData(null, 2)]
    [InlineData(TrainingPrecision.BFloat16, 1)]
    [InlineData(TrainingPrecision.BFloat16, 2)]
    public void It_trains_as_a_dense_base_of_the_same_numbers_does(TrainingPrecision? precision, int replicas)
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Llama), dense = Adapted.Model(Adapted.Llama);
        ModelQuantization.ToNf4(model);
        using (no_grad())
        {
            foreach ((string name, Linear layer) in LinearQuantization.LayersOf(dense)) layer.Weight.copy_(LinearQuantization.LayersOf(model).Single(entry => entry.Name == name).Layer.ReadWeight());
        }
        ModelAdapters.Attach(model, Lora);
        ModelAdapters.Attach(dense, Lora);
        Dictionary<string, byte[]> constants = Constants(model);
        Dictionary<string, ScalarType> types = Types(model);
        TrainingOptions options = Options with { Precision = precision, Replicas = replicas };
        ScalarType computing = precision is null ? ScalarType.Float32 : ScalarType.BFloat16;
        Watch watch = new(() =>
        {
            Assert.All(LinearQuantization.LayersOf(model).Where(entry => entry.Layer.Quantized is not null), entry => Assert.Equal(computing, entry.Layer.Weight.dtype));
            Assert.Equal(constants, Constants(model));
        }), other = new();
        new Trainer(model, new NextTokenObjective(), options, watch).Train(Rows());
        new Trainer(dense, new NextTokenObjective(), options, other).Train(Rows());
        Assert.Equal(8, watch.Losses.Count);
        for (int step = 0; step < watch.Losses.Count; step++) Assert.Equal(1, watch.Losses[step] / other.Losses[step], precision is null ? 1e-5 : 2e-3);
        Assert.True(watch.Losses[^1] < watch.Losses[0]);
        Assert.Equal(constants, Constants(model));
        Assert.Equal(types, Types(model));
        Dictionary<string, Tensor> expected = ModelAdapters.Of(dense)!.Views();
        foreach ((string name, Tensor value) in ModelAdapters.Of(model)!.Views()) Assert.InRange(Adapted.Distance(expected[name], value), 0, precision is null ? 1e-4 : 5e-2);
        ModelAdapters.Of(model)!.MergeAndRemove();
        ModelQuantization.ToDense(model);
        Assert.All(model.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
    }

    [Fact]
    public void A_base_of_16_bits_is_one_again_and_its_adapter_keeps_its_32()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        model.to(ScalarType.BFloat16);
        ModelQuantization.ToNf4(model, kept: ModuleSelection.Of("o_proj"));
        ModelAdapters.Attach(model, Lora);
        Dictionary<string, ScalarType> types = Types(model);
        Dictionary<string, byte[]> before = Frozen(model);
        Assert.Equal(2, types.Values.Where(type => type != ScalarType.Byte).Distinct().Count());
        new Trainer(model, new NextTokenObjective(), Options with { Precision = TrainingPrecision.BFloat16, Replicas = 2 }).Train(Rows());
        Assert.Equal(types, Types(model));
        Assert.Equal(before, Frozen(model));
        Assert.All(LinearQuantization.LayersOf(model).Where(entry => entry.Layer.Quantized is not null), entry => Assert.Equal(ScalarType.BFloat16, entry.Layer.Weight.dtype));
        // More digits than bfloat16 has: the adapter has the masters' values.
        Assert.Contains(ModelAdapters.Of(model)!.Views().Values.SelectMany(view => view.contiguous().data<float>().ToArray()), value => (BitConverter.SingleToInt32Bits(value) & 0xFFFF) != 0);
    }

    [Fact]
    public void Finders_leave_it_to_the_bit_as_it_was()
    {
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        ModelQuantization.ToNf4(model);
        ModelAdapters.Attach(model, Lora);
        Adapted.Disturb(model);
        Dictionary<string, byte[]> before = All(model);
        TrainingOptions options = Options with { Precision = TrainingPrecision.BFloat16, Replicas = 2 };
        Assert.NotEmpty(LearningRateFinder.Run(model, new NextTokenObjective(), options, Rows(), new RateRangeOptions { Steps = 5 }).Points);
        Assert.Equal(before, All(model));
        Assert.Equal(2, BatchSizeFinder.Find(model, new NextTokenObjective(), options, Rows(), new BatchSizeOptions { MaximumRows = 2 }).Rows);
        Assert.Equal(before, All(model));
        Assert.All(LinearQuantization.LayersOf(model).Where(entry => entry.Layer.Quantized is not null), entry => Assert.Equal(ScalarType.Float32, entry.Layer.Weight.dtype));
    }

    [Fact]
    public void The_estimate_knows_that_its_weights_are_few_bytes()
    {
        using DecoderModel model = Adapted.Model(Adapted.Llama with { Width = 64, InnerWidth = 128 });
        Watch dense = new(), quantized = new();
        ModelAdapters.Attach(model, Lora);
        TrainingOptions options = Options with { MaximumSteps = 1, Replicas = 1 };
        new Trainer(model, new NextTokenObjective(), options, dense).Train(Rows());
        ModelQuantization.ToNf4(model);
        new Trainer(model, new NextTokenObjective(), options, quantized).Train(Rows());
        long layers = LinearQuantization.LayersOf(model).Sum(entry => entry.Layer.Quantized is Nf4Weight matrix ? (matrix.Rows * matrix.Columns * sizeof(float)) - matrix.Bytes : 0);
        Assert.True(layers > 0);
        Assert.Equal(layers, dense.Memory!.Bytes[MemoryPart.Weights] - quantized.Memory!.Bytes[MemoryPart.Weights]);
    }

    private static RowBatches Rows()
    {
        RandomStream random = new(5);
        return new([.. Enumerable.Range(0, 16).Select(i => CompletionRows.Of([.. Enumerable.Range(0, 4 + (i % 5)).Select(_ => 1 + random.NextInt32(28))]))], padding: 0, BatchSize.OfRows(4), new RandomStreams(1));
    }

    private static Dictionary<string, ScalarType> Types(nn.Module model) =>
        model.named_parameters().Select(named => (named.name, named.parameter.dtype)).Concat(model.named_buffers().Select(named => (named.name, named.buffer.dtype))).ToDictionary(StringComparer.Ordinal);

    private static Dictionary<string, byte[]> All(nn.Module model) => model.named_parameters().Select(named => (named.name, named.parameter.detach().contiguous().bytes.ToArray())).Concat(model.named_buffers().Select(named => (named.name, named.buffer.bytes.ToArray()))).ToDictionary(StringComparer.Ordinal);

    private static Dictionary<string, byte[]> Constants(nn.Module model) => model.named_buffers().ToDictionary(named => named.name, named => named.buffer.bytes.ToArray(), StringComparer.Ordinal);

    private static Dictionary<string, byte[]> Frozen(nn.Module model) =>
        model.named_parameters().Where(named => !named.parameter.requires_grad).Select(named => (named.name, named.parameter.detach().contiguous().bytes.ToArray())).ToDictionary(StringComparer.Ordinal).Concat(Constants(model)).ToDictionary();

    private sealed class Watch(Action? stepped = null) : ITrainingObserver
    {
        public List<double> Losses { get; } = [];

        public MemoryEstimate? Memory { get; private set; }

        public void Started(TrainingStart start) => Memory = start.Memory;

        public void Stepped(TrainingStep step)
        {
            Losses.Add(step.Loss);
            stepped?.Invoke();
        }
    }
}
