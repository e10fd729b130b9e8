using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>Trains nanoGPT's CPU configuration with the library and with PyTorch, in turns, and prints both.</summary>
internal static class NanoGpt
{
    public static int Run(NanoGptOptions options)
    {
        if (!options.Data.Exists)
        {
            Console.Error.WriteLine($"benchmark failed: the text {options.Data.FullName} is not there; name one with --data FILE.");
            return 1;
        }
        NativeRuntime.Initialize(warn: warning => Console.Error.WriteLine($"warning: {warning}"));
        RuntimeDiagnosis diagnosis = RuntimeDiagnosis.Collect();
        Console.WriteLine(diagnosis);
        CharacterText text = new(File.ReadAllText(options.Data.FullName));
        MatrixFloor floor = new();
        List<double> ours = [], theirs = [], ourLosses = [], theirLosses = [];
        double processor = 0, peerProcessor = 0;
        long peerPeak = 0;
        string missing = "", peerDetails = "", plan = "";
        for (int seed = 1; seed <= options.Seeds; seed++)
        {
            (PyTorchPeer? peer, string reason) = PyTorchPeer.Start(options, seed);
            if (peer is null) missing = reason;
            else peerDetails = reason;
            using (peer)
            {
                Contestant contestant = new(options, text, seed, peer, floor);
                TrainingResult result = contestant.Train();
                plan = $"{result.Plan.Replicas} replicas x {result.Plan.ThreadsPerReplica} threads";
                ours.AddRange(contestant.Milliseconds);
                processor += contestant.ProcessorMilliseconds;
                ourLosses.Add(contestant.ValidationLoss());
                if (peer is null) continue;
                (double loss, peerPeak) = peer.Finish();
                theirs.AddRange(peer.Milliseconds);
                peerProcessor += peer.ProcessorMilliseconds;
                theirLosses.Add(loss);
            }
        }
        List<Measurement> measurements = [new("Microsoft.ML.LlmFineTune", ours, processor / ours.Count, ourLosses, Measurement.PeakOfThisProcess(), plan)];
        if (theirs.Count > 0) measurements.Add(new("PyTorch", theirs, peerProcessor / theirs.Count, theirLosses, peerPeak, peerDetails));
        Report(options, measurements, floor.Rate, MatrixFloor.StepOperations(text.Vocabulary) / floor.Rate * 1000, missing, diagnosis);
        return 0;
    }

    private static void Report(NanoGptOptions options, List<Measurement> measurements, double rate, double floor, string missing, RuntimeDiagnosis diagnosis)
    {
        Console.WriteLine(Text($"nanoGPT's CPU configuration, {options.Steps} steps, {options.Seeds} seed(s), {options.Data.FullName}"));
        Console.WriteLine(Text($"matrix products: {rate / 1e9:F0} GFLOP/s (1024 cubed), so the floor of a step is {floor:F2} ms"));
        Console.WriteLine();
        Console.WriteLine($"{"",-26}{"ms/step",10}{"mean",9}{"cpu ms",9}{"tokens/s",11}{"x floor",9}{"peak MiB",10}{"val. loss",11}");
        foreach (Measurement one in measurements)
            Console.WriteLine(Text($"{one.Name,-26}{one.Median,10:F2}{one.Mean,9:F2}{one.ProcessorMilliseconds,9:F2}{one.TokensPerSecond,11:F0}{one.Median / floor,9:F2}{one.PeakBytes / 1048576.0,10:F0}{one.ValidationLosses.Average(),11:F4}   {one.Details}"));
        if (measurements.Count == 1) Console.WriteLine($"PyTorch: missing ({missing})");
        else Console.WriteLine(Text($"our step takes {measurements[0].Median / measurements[1].Median:F2} of PyTorch's time (medians)"));
        Console.WriteLine();
        Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["benchmark"] = "nanogpt", ["steps"] = options.Steps, ["seeds"] = options.Seeds, ["gflops"] = rate / 1e9, ["floor_ms"] = floor,
            ["cores"] = Environment.ProcessorCount, ["openblas_coretype"] = Environment.GetEnvironmentVariable("OPENBLAS_CORETYPE"),
            ["openblas"] = diagnosis.Facts.First(fact => fact.Name == "OpenBLAS").Value,
            ["missing"] = measurements.Count == 1 ? $"PyTorch: {missing}" : null,
            ["results"] = measurements.Select(one => new Dictionary<string, object>
            {
                ["name"] = one.Name, ["ms_per_step"] = one.Median, ["mean_ms_per_step"] = one.Mean, ["processor_ms_per_step"] = one.ProcessorMilliseconds, ["tokens_per_second"] = one.TokensPerSecond, ["times_floor"] = one.Median / floor,
                ["peak_bytes"] = one.PeakBytes, ["validation_loss"] = one.ValidationLosses.Average(), ["validation_losses"] = one.ValidationLosses, ["details"] = one.Details,
            }),
        }));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>Our side of one run: after each turn it lets the peer have its own.</summary>
    private sealed class Contestant(NanoGptOptions options, CharacterText text, int seed, PyTorchPeer? peer, MatrixFloor floor) : ITrainingObserver
    {
        private readonly Gpt2Model _model = new(new Gpt2Config
        {
            VocabularySize = text.Vocabulary, MaximumLength = NanoGptOptions.Length, Width = NanoGptOptions.Width, Layers = NanoGptOptions.Layers, Heads = NanoGptOptions.Heads,
            Activation = "gelu", EmbeddingDropout = 0, AttentionDropout = 0, ResidualDropout = 0, HasBias = false,
        });

        private long _began;
        private TimeSpan _processorBegan;

        public List<double> Milliseconds { get; } = [];

        public double ProcessorMilliseconds { get; private set; }

        public TrainingResult Train()
        {
            RandomStreams random = new(seed);
            _model.Initialize(random.Initialization);
            TrainingOptions training = new()
            {
                Epochs = null, MaximumSteps = options.Steps, Precision = options.Precision, Seed = seed, Replicas = options.Replicas, Device = ComputeDevice.Cpu,
                Optimizer = new AdamWOptions { LearningRate = NanoGptOptions.LearningRate, Beta2 = NanoGptOptions.Beta2, WeightDecay = NanoGptOptions.WeightDecay },
                Schedule = new CosineSchedule { WarmupSteps = NanoGptOptions.WarmupSteps, Floor = NanoGptOptions.Floor, EndStep = NanoGptOptions.ScheduleSteps },
                MaximumGradientNorm = NanoGptOptions.ClipNorm,
            };
            RandomWindowBatches batches = new(text.Training, NanoGptOptions.Length, NanoGptOptions.Rows, options.Steps, random);
            return new Trainer(_model, new NextTokenObjective(), training, this).Train(batches);
        }

        public double ValidationLoss()
        {
            using ReplicaPool pool = new(NativeRuntime.Threads);
            return ModelEvaluation.Run(_model, new NextTokenObjective(), new WholeText(text.Validation, NanoGptOptions.Length, 64), pool).Loss;
        }

        public void Started(TrainingStart start)
        {
            floor.Measure();
            Begin();
        }

        public void Stepped(TrainingStep step)
        {
            Milliseconds.Add(Stopwatch.GetElapsedTime(_began).TotalMilliseconds);
            ProcessorMilliseconds += (Environment.CpuUsage.TotalTime - _processorBegan).TotalMilliseconds;
            if (step.Step % options.Turn == 0 || step.Step == options.Steps)
            {
                int theirTurn = (int)step.Step - (peer?.Milliseconds.Count ?? 0);
                peer?.Take(theirTurn);
                floor.Measure();
                string theirs = peer is null ? "" : Text($", PyTorch {Median(peer.Milliseconds, theirTurn):F2} ms/step");
                Console.Error.WriteLine(Text($"step {step.Step}: loss {step.Loss:F3}, {Median(Milliseconds, options.Turn):F2} ms/step{theirs}"));
            }
            Begin();
        }

        private void Begin() => (_processorBegan, _began) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());

        private static double Median(List<double> values, int last)
        {
            double[] sorted = values.TakeLast(last).Order().ToArray();
            return sorted[sorted.Length / 2];
        }
    }
}
