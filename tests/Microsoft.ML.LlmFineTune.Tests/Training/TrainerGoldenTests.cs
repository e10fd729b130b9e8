// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Kernels;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

/// <summary>The loop takes the steps that transformers' Trainer takes: losses, norms, rates and weights.</summary>
public sealed class TrainerGoldenTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Ten_steps_with_warm_up_decay_and_clipping(int replicas)
    {
        string folder = SharedFixtures.Path("golden/training/finetune/gpt2_causal");
        JsonNode trajectory = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "trajectory.json")))!;
        TrainingOptions options = new()
        {
            Schedule = new LinearSchedule { WarmupSteps = 3 }, Replicas = replicas, Device = ComputeDevice.Cpu,
            Optimizer = new AdamWOptions { LearningRate = 0.005, WeightDecay = 0.1, Beta2 = 0.98, Epsilon = 1e-5 },
        };
        TakesTheSteps(folder, options, trajectory["steps"]!.AsArray(), parts: 1);
    }

    [Theory]
    [InlineData("8x1", 1)]
    [InlineData("4x2", 2)]
    [InlineData("2x4", 4)]
    public void Accumulation_changes_nothing(string run, int parts)
    {
        string folder = SharedFixtures.Path("golden/training/finetune/accumulation");
        JsonNode trajectory = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "trajectory.json")))!;
        TrainingOptions options = new()
        {
            Schedule = new ConstantSchedule(), AccumulatedBatches = parts, Replicas = 1, Device = ComputeDevice.Cpu,
            Optimizer = new AdamWOptions { LearningRate = 0.004, WeightDecay = 0.05, Epsilon = 1e-5 },
        };
        TakesTheSteps(folder, options, trajectory["runs"]![run]!["steps"]!.AsArray(), parts);
    }

    private static void TakesTheSteps(string folder, TrainingOptions options, JsonArray expected, int parts)
    {
        NativeRuntime.Initialize();
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(Path.Combine(folder, "start"));
        Steps steps = new();
        new Trainer(model, new NextTokenObjective(), options, steps).Train(new Fixture(folder, expected.Count, parts));
        Assert.Equal(expected.Count, steps.Taken.Count);
        foreach ((JsonNode? wanted, TrainingStep step) in expected.Zip(steps.Taken))
        {
            Assert.Equal((double)wanted!["loss"]!, step.Loss, 1e-5 * (double)wanted["loss"]!);
            Assert.Equal((double)wanted["grad_norm"]!, step.GradientNorm, 2e-5 * (double)wanted["grad_norm"]!);
            Assert.Equal((double)wanted["learning_rate"]!, step.LearningRate, 1e-12);
        }

        string saved = Directory.CreateTempSubdirectory("llmfinetune-test-").FullName;
        try
        {
            HuggingFaceFolder.Save(saved, model);
            IReadOnlyDictionary<string, Tensor> weights = SafeTensors.Read(Path.Combine(saved, "model.safetensors"));
            foreach ((string name, Tensor value) in SafeTensors.Read(Path.Combine(folder, "final.safetensors"))) Numbers.Close(value, weights[name], 2e-5);
        }
        finally
        {
            Directory.Delete(saved, recursive: true);
        }
    }

    /// <summary>The stored batches in their order, each cut into parts.</summary>
    private sealed class Fixture(string folder, int steps, int parts) : IBatchSource
    {
        public int CountBatches(int epoch) => steps * parts;

        public IEnumerable<TokenBatch> Epoch(int epoch)
        {
            IReadOnlyDictionary<string, Tensor> file = SafeTensors.Read(Path.Combine(folder, "batches.safetensors"));
            for (int step = 1; step <= steps; step++)
            {
                Tensor ids = file[$"batch{step:00}.input_ids"];
                (int rows, int length) = ((int)ids.size(0), (int)ids.size(1));
                long[] labels = file[$"batch{step:00}.labels"].reshape(-1).data<long>().ToArray();
                long[] targets = Enumerable.Range(0, labels.Length).Select(i => (i + 1) % length == 0 ? TokenBatch.Ignored : labels[i + 1]).ToArray();
                TokenBatch whole = new(rows, length, ids.reshape(-1).data<long>().ToArray(), targets);
                for (int part = 0; part < parts; part++) yield return whole.Slice(part * rows / parts, rows / parts);
            }
        }
    }

    private sealed class Steps : ITrainingObserver
    {
        public List<TrainingStep> Taken { get; } = [];

        public void Stepped(TrainingStep step) => Taken.Add(step);
    }
}
