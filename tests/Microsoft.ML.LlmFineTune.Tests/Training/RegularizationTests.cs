// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

public sealed class RegularizationTests
{
    private static readonly TrainingOptions Options = new()
    {
        Epochs = 3, Optimizer = new AdamWOptions { LearningRate = 0.02, WeightDecay = 0 }, Replicas = 1, Device = ComputeDevice.Cpu,
    };

    [Fact]
    public void Weights_stay_nearer_to_the_start_the_larger_the_penalty()
    {
        double[] distances = [.. new[] { 0.0, 0.1, 10 }.Select(penalty => Distance(Trained(Options with { StartPenalty = penalty, MaximumGradientNorm = null })))];
        Assert.True(distances[0] > distances[1] && distances[1] > distances[2], string.Join(", ", distances));
        Assert.True(distances[2] < 0.2 * distances[0], string.Join(", ", distances));
    }

    [Fact]
    public void The_penalty_has_the_gradient_of_half_the_squared_distance()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        using FlatParameters parameters = FlatParameters.Adopt(model);
        using PretrainedAnchor anchor = new(parameters, new HashSet<string> { "bias" });
        using IDisposable withoutGradients = no_grad();
        parameters.Weights.add_(0.5);
        anchor.AddPull(parameters.Gradients, 3);
        foreach (FlatParameter entry in parameters.Entries)
        {
            using Tensor gradient = FlatParameters.View(parameters.Gradients, entry);
            Assert.All(gradient.reshape(-1).data<float>().ToArray(), value => Assert.Equal(entry.Name == "bias" ? 0 : 1.5, value, 1e-5));
        }
    }

    [Fact]
    public void Mixed_weights_are_the_start_or_scaled_beyond_and_gradients_follow()
    {
        using ToyModel model = new(vocabulary: 100, width: 40, initialization: new RandomStream(1));
        using FlatParameters parameters = FlatParameters.Adopt(model);
        using PretrainedAnchor anchor = new(parameters, new HashSet<string>());
        using IDisposable withoutGradients = no_grad();
        float[] start = Table(parameters.Weights);
        parameters.Weights.add_(0.5);
        float[] own = Table(parameters.Weights);
        anchor.Mix(0.75, new RandomStream(7));
        float[] mixed = Table(parameters.Weights);
        parameters.Gradients.fill_(1);
        anchor.Unmix(parameters.Gradients, 0.75, new RandomStream(7));
        float[] gradients = Table(parameters.Gradients);
        Assert.Equal(own, Table(parameters.Weights));
        Assert.InRange(mixed.Zip(start).Count(pair => Math.Abs(pair.First - pair.Second) < 1e-6) / 4000.0, 0.72, 0.78);
        for (int i = 0; i < mixed.Length; i++)
        {
            bool kept = Math.Abs(mixed[i] - start[i]) > 1e-6;
            Assert.Equal(kept ? start[i] + 2 : start[i], mixed[i], 1e-5);
            Assert.Equal(kept ? 4 : 0, gradients[i], 1e-6);
        }
        // In the mean, mixed weights are the weights.
        Assert.Equal(own.Average(), mixed.Average(), 0.1);

        float[] Table(Tensor flat) => [.. FlatParameters.View(flat, parameters.Entries.First(entry => entry.Name == "table")).reshape(-1).data<float>().ToArray()];
    }

    [Fact]
    public void Mixout_trains_and_is_reproducible_with_any_number_of_replicas()
    {
        float[] one = Trained(Options with { Mixout = 0.5 }), again = Trained(Options with { Mixout = 0.5 }), shared = Trained(Options with { Mixout = 0.5, Replicas = 3 });
        Assert.Equal(one, again);
        Assert.NotEqual(Trained(Options), one);
        for (int i = 0; i < one.Length; i++) Assert.Equal(one[i], shared[i], 2e-4f);
    }

    [Fact]
    public void Bfloat16_follows_float32_and_gives_its_weights_back_in_float32()
    {
        Gpt2Config config = new() { VocabularySize = 30, MaximumLength = 16, Width = 32, Layers = 2, Heads = 4, EmbeddingDropout = 0, ResidualDropout = 0, AttentionDropout = 0 };
        List<double> full = Losses(null, 1, out float[] fullWeights), half = Losses(TrainingPrecision.BFloat16, 1, out float[] halfWeights), shared = Losses(TrainingPrecision.BFloat16, 2, out _);
        for (int i = 0; i < full.Count; i++)
        {
            Assert.Equal(1, half[i] / full[i], 0.02);
            Assert.Equal(1, shared[i] / full[i], 0.02);
        }
        // Masters have more digits than bfloat16's.
        Assert.Contains(halfWeights, weight => (BitConverter.SingleToInt32Bits(weight) & 0xFFFF) != 0);
        Assert.True(fullWeights.Zip(halfWeights).Average(pair => Math.Abs(pair.First - pair.Second)) < 0.02);

        List<double> Losses(TrainingPrecision? precision, int replicas, out float[] weights)
        {
            using Gpt2Model model = new(config);
            model.Initialize(new RandomStream(3));
            foreach (var (name, parameter) in model.named_parameters()) parameter.requires_grad_(name != "positionEmbedding.weight");
            float[] frozen = [.. model.get_parameter("positionEmbedding.weight")!.detach().data<float>().ToArray()];
            Steps seen = new();
            int[][] documents = [.. Enumerable.Range(0, 40).Select(document => Enumerable.Range(0, 20).Select(i => 1 + (((document * 3) + (i * i)) % 29)).ToArray())];
            new Trainer(model, new NextTokenObjective(), Options with { Epochs = null, MaximumSteps = 10, Precision = precision, Replicas = replicas, AccumulatedBatches = 2, Optimizer = new AdamWOptions { LearningRate = 3e-3 } }, seen)
                .Train(new CausalPackedBatches(documents, 0, 16, 8, new RandomStreams(1)));
            Assert.Equal(ScalarType.Float32, model.WeightType);
            Assert.Equal(frozen, model.get_parameter("positionEmbedding.weight")!.detach().data<float>().ToArray());
            weights = [.. model.named_parameters().SelectMany(named => named.parameter.detach().contiguous().data<float>().ToArray())];
            return seen.Losses;
        }
    }

    [Fact]
    public void A_step_with_mixout_that_fails_leaves_the_weights_of_the_step_before()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        float[] last = [];
        int calls = 0;
        Assert.Throws<InvalidDataException>(() => new Trainer(model, new ToyObjective(() => ++calls == 6 ? throw new InvalidDataException() : 1), Options with { Mixout = 0.9 }, new Watch(() => last = model.Values())).Train(new ToyBatches(10, 6, 5)));
        Assert.Equal(last, model.Values());
    }

    [Fact]
    public void Float16_is_refused_on_the_processor()
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        Assert.Contains("BFloat16", Assert.Throws<ArgumentException>(() => new Trainer(model, new ToyObjective(), Options with { Precision = TrainingPrecision.Float16 }).Train(new ToyBatches(1, 2, 5))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tf32_is_switched_for_the_run_alone()
    {
        bool before = backends.cuda.matmul.allow_tf32;
        using ToyModel model = new(initialization: new RandomStream(1));
        List<bool> seen = [];
        Watch watch = new(() => seen.Add(backends.cuda.matmul.allow_tf32));
        new Trainer(model, new ToyObjective(), Options with { Epochs = 1, AllowTensorFloat32 = !before }, watch).Train(new ToyBatches(2, 2, 5));
        Assert.Equal([!before, !before], seen);
        Assert.Equal(before, backends.cuda.matmul.allow_tf32);
    }

    private static float[] Trained(TrainingOptions options)
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        new Trainer(model, new ToyObjective(), options).Train(new ToyBatches(20, 6, 5));
        return model.Values();
    }

    private static double Distance(float[] weights)
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        return Math.Sqrt(model.Values().Zip(weights).Sum(pair => Math.Pow(pair.First - pair.Second, 2)));
    }

    private sealed class Steps : ITrainingObserver
    {
        public List<double> Losses { get; } = [];

        public void Stepped(TrainingStep step) => Losses.Add(step.Loss);
    }

    private sealed class Watch(Action stepped) : ITrainingObserver
    {
        public void Stepped(TrainingStep step) => stepped();
    }
}
