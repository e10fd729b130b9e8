using System.Globalization;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>What the training loop costs beside the model: its own share of a step with every observer at work, and the memory of a corpus that is larger than memory.</summary>
internal static class Training
{
    private const int Vocabulary = 30_000;

    public static int Run(int steps, double gigabytes)
    {
        NativeRuntime.Initialize(warn: warning => Console.Error.WriteLine($"warning: {warning}"));
        List<object> results = [];
        Console.WriteLine("The loop's own work (batching, bookkeeping, five observers), as a share of the steps' time:");
        foreach ((string name, Func<TrainingOptions, ITrainingObserver[], TrainingResult> train) in Cases())
        {
            string folder = Directory.CreateTempSubdirectory("observers").FullName;
            try
            {
                ITrainingObserver[] observers =
                [
                    new TrainingProgress(TextWriter.Null), new CsvTrainingLog(Path.Combine(folder, "steps.csv")), new JsonLinesTrainingLog(Path.Combine(folder, "steps.jsonl")),
                    new TensorBoardLog(Path.Combine(folder, "tensorboard")), new TrainingReport(Path.Combine(folder, "report.html")),
                ];
                TrainingOptions options = new() { Epochs = null, MaximumSteps = steps, Optimizer = new AdamWOptions { LearningRate = 1e-4 }, Schedule = new LinearSchedule { WarmupFraction = 0.1 }, Device = ComputeDevice.Cpu };
                TrainingResult result = train(options, observers);
                double share = 1 - (result.ComputingTime / result.TrainingTime), milliseconds = result.TrainingTime.TotalMilliseconds / result.Steps;
                Console.WriteLine(Text($"  {name}: {milliseconds:F2} ms a step, {100 * share:F2} % of it the loop's own ({result.Plan.Replicas} replicas x {result.Plan.ThreadsPerReplica} threads)"));
                results.Add(new { name, milliseconds, share });
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        object? cache = gigabytes > 0 ? Cache(steps, gigabytes) : null;
        Console.WriteLine(JsonSerializer.Serialize(new { benchmark = "training", steps, results, cache }));
        return 0;
    }

    private static IEnumerable<(string Name, Func<TrainingOptions, ITrainingObserver[], TrainingResult> Train)> Cases()
    {
        yield return ("nanoGPT's CPU configuration, random windows of 12 x 64", (options, observers) =>
        {
            using Gpt2Model model = new(new Gpt2Config { VocabularySize = 65, MaximumLength = 64, Width = 128, Layers = 4, Heads = 4, EmbeddingDropout = 0, ResidualDropout = 0, AttentionDropout = 0 });
            model.Initialize(new RandomStream(1));
            RandomStream random = new(2);
            int[] stream = [.. Enumerable.Range(0, 100_000).Select(_ => random.NextInt32(65))];
            return new Trainer(model, new NextTokenObjective(), options, observers).Train(new RandomWindowBatches(stream, 64, 12, 1000, new RandomStreams(1)));
        });
        yield return ("MiniLM's shape as a classifier, texts of 4 to 60 tokens, 32 a batch", (options, observers) =>
        {
            using SequenceClassifier model = new(new BertModel(new BertConfig { VocabularySize = Vocabulary, MaximumLength = 128, Width = 384, Layers = 6, Heads = 12, InnerWidth = 1536 }), ["no", "yes"]);
            model.Backbone.Initialize(new RandomStream(1));
            model.InitializeHead(new RandomStream(2));
            RandomStream random = new(3);
            int[][] texts = [.. Enumerable.Range(0, 7000).Select(_ => Enumerable.Range(0, 4 + random.NextInt32(57)).Select(_ => random.NextInt32(Vocabulary)).ToArray())];
            int[] classes = [.. texts.Select(text => text[0] % 2)];
            TrainingOptions fewer = options with { MaximumSteps = Math.Max(10, options.MaximumSteps!.Value / 10) };
            return new Trainer(model, new ClassificationObjective(), fewer, observers).Train(new ClassificationBatches(texts, classes, 0, 64, BatchSize.OfRows(32), new RandomStreams(1)));
        });
    }

    /// <summary>A file of so many gigabytes is written once, and trained from: anonymous memory stays, pages of the file come and go.</summary>
    private static object Cache(int steps, double gigabytes)
    {
        string folder = Directory.CreateTempSubdirectory("cache").FullName;
        try
        {
            string path = Path.Combine(folder, "corpus.tokens");
            using (TokenCacheWriter writer = new(path, Vocabulary, endOfText: 0))
            {
                RandomStream random = new(4);
                int[] document = new int[1000];
                while (writer.Tokens * 2 < gigabytes * (1L << 30))
                {
                    for (int i = 0; i < document.Length; i++) document[i] = 1 + (int)(random.NextUInt64() % (Vocabulary - 1));
                    writer.Write(document);
                }
                writer.Complete();
            }
            using TokenCache cache = TokenCache.Open(path);
            using Gpt2Model model = new(new Gpt2Config { VocabularySize = Vocabulary, MaximumLength = 128, Width = 64, Layers = 1, Heads = 2 });
            model.Initialize(new RandomStream(1));
            MemoryWatch watch = new();
            TrainingOptions options = new() { Epochs = null, MaximumSteps = steps, Device = ComputeDevice.Cpu, Optimizer = new AdamWOptions { LearningRate = 1e-4 } };
            new Trainer(model, new NextTokenObjective(), options, watch).Train(new TokenCacheBatches(cache, 128, 16, new RandomStreams(1)));
            Console.WriteLine(Text($"A token cache of {new FileInfo(path).Length / 1e9:F1} GB ({cache.Tokens} tokens): RssAnon {watch.AnonymousAtStart / 1e6:F0} MB after a tenth of {steps} steps, {watch.AnonymousAtEnd / 1e6:F0} MB after the last; of the file {watch.FileAtEnd / 1e6:F0} MB were in memory"));
            return new { bytes = new FileInfo(path).Length, anonymous_start = watch.AnonymousAtStart, anonymous_end = watch.AnonymousAtEnd, file_end = watch.FileAtEnd };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed class MemoryWatch : ITrainingObserver
    {
        public long AnonymousAtStart { get; private set; }

        public long AnonymousAtEnd { get; private set; }

        public long FileAtEnd { get; private set; }

        public void Stepped(TrainingStep step)
        {
            if (step.Step == Math.Max(1, step.TotalSteps / 10)) AnonymousAtStart = Of("RssAnon");
            if (step.Step == step.TotalSteps) (AnonymousAtEnd, FileAtEnd) = (Of("RssAnon"), Of("RssFile"));
        }

        private static long Of(string name) =>
            1024 * long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
    }
}
