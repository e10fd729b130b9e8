// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Adapters;
using Microsoft.ML.LlmFineTune.Tests.Losses;
using Microsoft.ML.LlmFineTune.Tests.Optimization;
using Microsoft.ML.LlmFineTune.Tests.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

/// <summary>However a step is cut up (replicas, accumulated batches, packed rows, chunks of scores, activations computed again), it is the same step up to the order of sums.</summary>
public sealed class EqualStepsTests
{
    private static readonly TrainingOptions Options = new()
    {
        Epochs = 2, Optimizer = new SgdOptions { LearningRate = 0.05, Momentum = 0.9 }, Schedule = new ConstantSchedule(), Replicas = 1, Device = ComputeDevice.Cpu,
    };

    // Of float32 and bfloat16, as parts of the length of what training changed.
    private const double Exact = 2e-4, Rounded = 0.06;

    public EqualStepsTests() => NativeRuntime.Initialize();

    public static TheoryData<string> Objectives => ObjectiveExamples.Names;

    public static TheoryData<string> Optimizers => EveryOptimizer.Names;

    public static TheoryData<string> Adapters => new("lora", "rslora", "dora", "biases", "embedding", "ia3", "prompt", "prefix", "lora+", "whole head", "four bits");

    public static TheoryData<string, bool> Families => new MatrixTheoryData<string, bool>(["gpt2", "llama", "bert", "t5"], [false, true]);

    [Theory]
    [MemberData(nameof(Objectives))]
    public void Replicas_of_every_objective_change_only_the_order_of_sums(string name)
    {
        // Three replicas have shares of different sizes.
        Run one = Trained(name, Options, batches: 1), three = Trained(name, Options with { Replicas = 3 }, batches: 1);
        Assert.Equal(ObjectiveExamples.ComparesRows(name) ? 1 : 3, three.Replicas);
        AssertSame(one, three, ObjectiveExamples.ComparesRows(name) ? 0 : Exact);
    }

    [Theory]
    [MemberData(nameof(Objectives))]
    public void In_16_bits_too(string name)
    {
        TrainingOptions half = Options with { Precision = TrainingPrecision.BFloat16 };
        Run one = Trained(name, half, batches: 1), two = Trained(name, half with { Replicas = 2 }, batches: 1);
        AssertSame(one, two, Rounded);
    }

    [Theory]
    [MemberData(nameof(Objectives))]
    public void Accumulated_batches_of_every_objective_are_one_large_one_whatever_their_padding(string name)
    {
        if (ObjectiveExamples.ComparesRows(name)) return;
        AssertSame(Trained(name, Options, batches: 1), Trained(name, Options with { AccumulatedBatches = 4, Replicas = 2 }, batches: 4), Exact);
    }

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Replicas_of_every_optimizer_change_only_the_order_of_sums(string name)
    {
        // Adafactor's own warm-up begins with steps that hardly show.
        TrainingOptions options = Options with { Epochs = 1, Optimizer = EveryOptimizer.All[name] is AdafactorOptions { WarmupInitialization: true } warming ? warming with { WarmupInitialization = false } : EveryOptimizer.All[name] };
        Run one = Of(1), three = Of(3);
        // The first steps of Adam and its like take the gradient's sign alone, so where it is next to nothing, the order of sums decides.
        AssertSame(one, three, 2e-3);
        // In 16 bits that is so more often; half of the gradient would be further off.
        TrainingOptions half = options with { Precision = TrainingPrecision.BFloat16, Epochs = 3 };
        AssertSame(Half(1), Half(2), 0.25);

        Run Of(int replicas)
        {
            using ToyModel model = new(initialization: new RandomStream(1));
            return Trained(model, new ToyObjective(), options with { Replicas = replicas }, new ToyBatches(4, 12, 5));
        }

        Run Half(int replicas)
        {
            using DecoderModel model = TinyModels.Decoder();
            return Trained(model, new NextTokenObjective(), half with { Replicas = replicas }, Given.Of(Rows(8)));
        }
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public void Replicas_of_every_adapter_change_only_the_order_of_sums(string kind)
    {
        foreach (TrainingPrecision? precision in (TrainingPrecision?[])[null, TrainingPrecision.BFloat16])
        {
            Run one = Of(1), two = Of(2);
            Assert.Equal(2, two.Replicas);
            AssertSame(one, two, precision is null ? Exact : Rounded);

            Run Of(int replicas)
            {
                using DecoderModel model = WithAdapter(kind);
                return Trained(model, new NextTokenObjective(), Options with { Replicas = replicas, Precision = precision }, Given.Of(Rows(8)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_step_of_replicas_is_the_sum_of_what_each_does_alone_with_its_own_draws(string family, bool recomputes)
    {
        // Dropout in the layers and in the adapter, noise on the embeddings: each replica draws from a stream of its own.
        RandomStreams random = new(7);
        IObjective objective = ObjectiveOf(family);
        TokenBatch batch = BatchOf(family);
        using nn.Module alone = Noisy(family, recomputes), shared = Noisy(family, recomputes);
        List<float[]> parts = [];
        for (int replica = 0; replica < 2; replica++)
        {
            using IDisposable scope = NewDisposeScope();
            foreach (var parameter in alone.parameters()) parameter.grad = null;
            ((IReplicable)alone).Reseed(random.Dropout(3, replica));
            objective.SummedLoss(alone, batch.Share(replica, 2)!).backward();
            parts.Add([.. alone.parameters().Where(parameter => parameter.requires_grad).SelectMany(parameter => (parameter.grad ?? zeros_like(parameter)).contiguous().data<float>().ToArray())]);
        }
        float[] sum = [.. parts[0].Zip(parts[1], (first, second) => first + second)];
        using ModelReplicas replicas = new(shared, new ReplicaPlan(2, 1, "two"), ScalarType.Float32);
        replicas.Reseed(replica => random.Dropout(3, replica));
        replicas.ForwardBackward(objective, [batch]);
        Dictionary<string, FlatParameter> entries = replicas.Parameters.Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        using IDisposable ofGradients = NewDisposeScope();
        float[] gradient = [.. shared.named_parameters().Where(named => entries.ContainsKey(named.name)).SelectMany(named => FlatParameters.View(replicas.Parameters.MasterGradients, entries[named.name]).contiguous().data<float>().ToArray())];
        Assert.InRange(Distance(sum, gradient) / Length(sum), 0, Exact);
        Assert.True(Distance(parts[0], parts[1]) > 0.01 * Length(sum));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("bert")]
    [InlineData("t5")]
    public void Activations_that_are_computed_again_are_the_same_ones(string family)
    {
        Run kept = Of(false), again = Of(true);
        AssertSame(kept, again, 1e-5);

        Run Of(bool recomputes)
        {
            using nn.Module model = Noisy(family, recomputes: false);
            return Trained(model, ObjectiveOf(family), Options with { Replicas = 2, EmbeddingNoise = 5, RecomputeActivations = recomputes }, new Given(BatchOf(family)));
        }
    }

    [Theory]
    [InlineData("next token")]
    [InlineData("next token, smoothed")]
    [InlineData("next token, adapted head")]
    [InlineData("next token, head of its own")]
    [InlineData("masked token")]
    [InlineData("sequence to sequence")]
    [InlineData("recurrent")]
    public void Scores_by_chunks_are_those_of_all_at_once(string name)
    {
        Run whole = Of(long.MaxValue), chunked = Of(1), shared = Of(1, replicas: 2);
        AssertSame(whole, chunked, Exact);
        AssertSame(whole, shared, Exact);

        Run Of(long budget, int replicas = 1)
        {
            TokenLossOptions scores = new() { ScoreBudget = budget, LabelSmoothing = name.EndsWith("smoothed", StringComparison.Ordinal) ? 0.1 : 0, NormalizerPenalty = name.EndsWith("smoothed", StringComparison.Ordinal) ? 0.01 : 0 };
            (nn.Module made, IObjective objective) = name switch
            {
                "masked token" => ((nn.Module)TinyModels.Masked(), (IObjective)new MaskedTokenObjective(scores)),
                "sequence to sequence" => (TinyModels.EncoderDecoder(), new SequenceToSequenceObjective(scores)),
                "recurrent" => (TinyModels.Recurrent(), new RecurrentObjective(new() { ScoreBudget = budget, PieceLength = 9, ActivationPenalty = 1, ChangePenalty = 1 })),
                _ => (TinyModels.Decoder(), new NextTokenObjective(scores)),
            };
            using nn.Module model = made;
            if (name.Contains("head", StringComparison.Ordinal))
            {
                bool whole = name.EndsWith("own", StringComparison.Ordinal);
                ModelAdapters.Attach(model, new LoraOptions { Targets = ModuleSelection.Of(whole ? ["c_attn"] : ["c_attn", "lm_head"]), ModulesToSave = whole ? ["lm_head"] : null });
                Adapted.Disturb(model);
            }
            // More than 64 rows of scores a replica: chunks are not smaller.
            return Trained(model, objective, Options with { Replicas = replicas }, Given.Of(Rows(16, 14, isTarget: name == "sequence to sequence")));
        }
    }

    [Theory]
    [InlineData("gpt2", null)]
    [InlineData("llama", null)]
    [InlineData("gpt2", "lora")]
    [InlineData("llama", "dora")]
    [InlineData("llama", "four bits")]
    public void Packed_rows_are_those_that_stand_alone(string family, string? adapter)
    {
        TokenRow[] rows = Rows(9);
        Run alone = Of(Given.Of(rows), 1), packed = Of(Given.Of([.. PackedRows.Of(rows, 16)]), 1), shared = Of(Given.Of([.. PackedRows.Of(rows, 16)]), 2);
        AssertSame(alone, packed, Exact);
        AssertSame(alone, shared, Exact);

        Run Of(Given source, int replicas)
        {
            using DecoderModel model = adapter is null ? Adapted.Model(family == "gpt2" ? Adapted.Gpt2 : Adapted.Llama) : WithAdapter(adapter, family == "gpt2" ? Adapted.Gpt2 : Adapted.Llama);
            return Trained(model, new NextTokenObjective(), Options with { Replicas = replicas }, source);
        }
    }

    private static Run Trained(string example, TrainingOptions options, int batches)
    {
        ObjectiveExample of = ObjectiveExamples.Of(example);
        using nn.Module model = of.Model();
        return Trained(model, of.Objective(), options, batches == 1 ? new Given(of.Batch()) : new Given(of.Batches(batches)));
    }

    private static Run Trained(nn.Module model, IObjective objective, TrainingOptions options, IBatchSource source)
    {
        float[] before = Values(model);
        Seen seen = new();
        int replicas = new Trainer(model, objective, options, seen).Train(source).Plan.Replicas;
        return new Run(before, Values(model), seen.Losses, replicas);
    }

    private static void AssertSame(Run one, Run other, double tolerance)
    {
        Assert.Equal(one.Before, other.Before);
        Assert.Equal(one.Losses.Count, other.Losses.Count);
        for (int step = 0; step < one.Losses.Count; step++) Assert.Equal(one.Losses[step], other.Losses[step], tolerance * Math.Max(1, Math.Abs(one.Losses[step])));
        double moved = Distance(one.Before, one.After);
        Assert.True(moved > 1e-4, "Nothing moved.");
        Assert.InRange(Distance(one.After, other.After) / moved, 0, tolerance);
    }

    private static double Distance(float[] one, float[] other) => Math.Sqrt(one.Zip(other, (first, second) => Math.Pow(first - second, 2)).Sum());

    private static double Length(float[] values) => Math.Sqrt(values.Sum(value => (double)value * value));

    private static float[] Values(nn.Module model) => [.. model.parameters().SelectMany(parameter => parameter.detach().contiguous().data<float>().ToArray())];

    private static DecoderModel WithAdapter(string kind, ModelConfig? config = null)
    {
        DecoderModel model = Adapted.Model(config ?? (kind is "embedding" or "whole head" ? Adapted.Llama : Adapted.Gpt2));
        LoraOptions lora = new() { Targets = ModuleSelection.AllLinear, Rank = 3, Alpha = 6 };
        if (kind == "four bits") ModelQuantization.ToNf4(model);
        ModelAdapters.Attach(model, kind switch
        {
            "lora+" => lora with { OutputLearningRateFactor = 4 },
            "whole head" => lora with { ModulesToSave = ["lm_head"] },
            "four bits" => lora,
            _ => ModelAdaptersTests.Options(kind),
        });
        Adapted.Disturb(model);
        return model;
    }

    /// <summary>A model of a family that draws wherever it can: in its layers, in its adapter, on its embeddings.</summary>
    private static nn.Module Noisy(string family, bool recomputes)
    {
        ModelConfig config = family switch
        {
            "gpt2" => Adapted.Gpt2 with { EmbeddingDropout = 0.1, ResidualDropout = 0.2, AttentionDropout = 0.1 },
            "llama" => Adapted.Llama with { AttentionDropout = 0.2 },
            "bert" => new BertConfig { VocabularySize = 29, MaximumLength = 16, Width = 16, Layers = 2, Heads = 2, InnerWidth = 20, HiddenDropout = 0.1, AttentionDropout = 0.2 },
            _ => new T5Config { VocabularySize = 29, Width = 16, HeadSize = 4, Heads = 4, InnerWidth = 20, EncoderLayers = 2, DecoderLayers = 2, Dropout = 0.2 },
        };
        BackboneModel backbone = config.CreateBackbone();
        backbone.Initialize(new RandomStream(2));
        nn.Module model = backbone;
        if (backbone is EncoderModel)
        {
            SequenceClassifier classifier = new(backbone, ["a", "b", "c"]);
            classifier.InitializeHead(new RandomStream(3));
            model = classifier;
        }
        ModelAdapters.Attach(model, new LoraOptions { Targets = ModuleSelection.AllLinear, Dropout = 0.3 });
        Adapted.Disturb(model);
        backbone.RecomputesActivations = recomputes;
        backbone.EmbeddingNoise = 5;
        model.train();
        return model;
    }

    private static IObjective ObjectiveOf(string family) => family switch
    {
        "bert" => new ClassificationObjective(),
        "t5" => new SequenceToSequenceObjective(),
        _ => new NextTokenObjective(),
    };

    private static TokenBatch BatchOf(string family)
    {
        TokenRow[] rows = Rows(6, isTarget: family == "t5");
        return PaddedRows.Of(family == "bert" ? [.. rows.Select((row, i) => TextRows.WithClass([.. row.Tokens], i % 3))] : rows, 0);
    }

    /// <summary>Rows of different lengths.</summary>
    private static TokenRow[] Rows(int count, int atLeast = 3, bool isTarget = false)
    {
        RandomStream random = new(5);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            int[] text = [.. Enumerable.Range(0, atLeast + (i % Math.Min(4, 17 - atLeast))).Select(_ => 1 + random.NextInt32(19))];
            return isTarget ? TextRows.WithTarget(text, [.. text.Reverse()]) : CompletionRows.Of(text);
        })];
    }

    private sealed record Run(float[] Before, float[] After, IReadOnlyList<double> Losses, int Replicas);

    private sealed class Given(params TokenBatch[] batches) : IBatchSource
    {
        public static Given Of(TokenRow[] rows) => new(PaddedRows.Of(rows, 0));

        public int CountBatches(int epoch) => batches.Length;

        public IEnumerable<TokenBatch> Epoch(int epoch) => batches;
    }

    private sealed class Seen : ITrainingObserver
    {
        public List<double> Losses { get; } = [];

        public void Stepped(TrainingStep step) => Losses.Add(step.Loss);
    }
}
