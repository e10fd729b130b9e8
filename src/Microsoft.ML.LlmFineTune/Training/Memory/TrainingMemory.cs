using System.Globalization;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// What training will need, from configuration, options and the shape of a batch alone: no weights are allocated. Parameters are counted, activations added up from what each family's blocks keep; what the allocator
/// wastes is measured (docs/memory.md says how, and how close the sums come).
/// </summary>
public static class TrainingMemory
{
    // Code of .NET and libtorch that the first steps touch, BLAS's buffers, managed arrays. The largest weight once more comes to it: the array that its first values were drawn in.
    private const double RuntimeBytes = 60e6;

    // In the heap, glibc finds no place for an aligned block where one of its size was freed: so much more of it is touched than is in use, in streams of hidden states. Measured over all families, as what follows.
    private const double WastedStreams = 70;

    // The narrow tensors of adapters lie between the wide ones, and are never mapped.
    private const double WastedStreamsBesideAdapters = 20;
    private const double StreamsOfAdapters = 10;

    // Weights that move leave their places for one flat block; so much of these is not used again.
    private const double WastedOfWeights = 0.8;

    /// <summary>Estimates.</summary>
    /// <param name="request">What shall be trained.</param>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    /// <exception cref="NotSupportedException">The family has no such head.</exception>
    public static MemoryEstimate Estimate(MemoryRequest request)
    {
        Require.NotNull(request).Validate();
        TrainingOptions options = request.Options;
        int size = options.Precision is TrainingPrecision.BFloat16 or TrainingPrecision.Float16 ? 2 : 4;
        MovingWeights weights = MovingWeights.Of(request, size);
        bool recomputes = options.RecomputeActivations;

        ActivationShape shape = weights.Shape(request);
        ModelActivations activations = request.Config.Activations(shape);
        ScoreMemory scores = ScoreMemory.Of(request, weights, size);
        Dictionary<ActivationKind, long> kinds = Kinds(activations, recomputes, scores.Exists, size);
        double kept = kinds.Values.Sum() + (weights.AdapterColumns * shape.Tokens * size);
        // Most is in use at the end of forward, when a vocabulary is scored, or in the backward pass of a layer, when scores are gone and their matrix's gradient is there.
        double scored = kept + scores.AtOnce, layer = request.Config.Activations(shape.WithAllMoving()).LargestLayer * activations.LayerAtOnce * size;
        double backward = kept + scores.TableGradient + (recomputes ? layer : Math.Max(0, layer - (activations.LargestLayer * size)));
        // A matrix of four bits is made dense where it is read.
        double dense = (double)weights.LargestQuantized * size * request.Replicas, temporaries = Math.Max(0, backward - scored) + dense;

        long copies = 1 + (options.RestoreBest && request.Validates ? 1 : 0) + (options.WeightAverage is null ? 0 : 1) + (options.StartPenalty > 0 || options.Mixout > 0 ? 1 : 0);
        double stream = Math.Max(shape.Tokens, shape.SourceTokens) * request.Config.Width * size, streamOfReplica = stream / request.Replicas;
        // Blocks that are mapped by themselves waste nothing.
        bool isMapped = streamOfReplica >= (options.ReturnFreedMemory ? FreedMemory.MappedFrom : NativeRuntime.UsuallyMappedFrom), isAdapted = request.Adapter is not null;
        double wasted = isMapped ? (isAdapted ? StreamsOfAdapters : 0) : WastedStreams + (isAdapted && !recomputes ? WastedStreamsBesideAdapters : 0);
        double slack = (wasted * stream) + (isAdapted || options.ReturnFreedMemory ? 0 : WastedOfWeights * weights.Moving * size);
        Dictionary<MemoryPart, long> bytes = new()
        {
            [MemoryPart.Weights] = (long)weights.Bytes,
            [MemoryPart.Adapters] = weights.Adapters * size,
            [MemoryPart.Masters] = size == 2 ? weights.Moving * 2 * sizeof(float) : 0,
            [MemoryPart.Gradients] = weights.Moving * size * request.Replicas,
            [MemoryPart.OptimizerState] = weights.OptimizerState,
            [MemoryPart.Snapshots] = weights.Moving * sizeof(float) * copies,
            [MemoryPart.Activations] = (long)kept,
            [MemoryPart.Scores] = (long)scores.AtOnce,
            [MemoryPart.Temporaries] = (long)temporaries,
            [MemoryPart.Runtime] = (long)RuntimeBytes + (weights.Largest * sizeof(float)),
            [MemoryPart.AllocatorSlack] = (long)slack,
        };
        return new MemoryEstimate(bytes, kinds);
    }

    /// <summary>What would make training need less, each with what it would need then, the least change first; what would not is left out.</summary>
    /// <param name="request">What shall be trained.</param>
    /// <param name="limit">Bytes that there are; greater than 0.</param>
    public static IReadOnlyList<MemoryRemedy> Remedies(MemoryRequest request, long limit)
    {
        Require.NotNull(request).Validate();
        Require.AtLeast(limit, 1);
        List<MemoryRemedy> remedies = [];
        long now = Estimate(request).Total;
        TrainingOptions options = request.Options;
        if (!options.ReturnFreedMemory) Add("ReturnFreedMemory = true", request with { Options = options with { ReturnFreedMemory = true } });
        bool canRecompute = request.Config is not Models.Recurrent.RecurrentConfig && !options.RecomputeActivations;
        TrainingOptions saving = options with { ReturnFreedMemory = true, RecomputeActivations = options.RecomputeActivations || canRecompute };
        if (canRecompute)
        {
            Add("RecomputeActivations = true", request with { Options = options with { RecomputeActivations = true } });
            Add("both", request with { Options = saving });
        }
        if (request.ScoreBudget > 16L << 20) Add("a ScoreBudget of 16 MiB", request with { ScoreBudget = 16L << 20 });
        if (RowsThatFit(request, limit) is int rows)
        {
            int accumulated = options.AccumulatedBatches * ((request.Rows + rows - 1) / rows);
            Add(string.Create(CultureInfo.InvariantCulture, $"batches of {rows} rows, AccumulatedBatches = {accumulated} for as many rows a step"), request with { Rows = rows, Replicas = Math.Min(request.Replicas, rows) });
        }
        if (request.Replicas > 1) Add("Replicas = 1", request with { Replicas = 1 });
        if (options.Precision is null or TrainingPrecision.Float32) Add("Precision = BFloat16", request with { Options = options with { Precision = TrainingPrecision.BFloat16 } });
        if (request is { Adapter: null, Moves: null, Config: not Models.Recurrent.RecurrentConfig })
        {
            LoraOptions adapter = new();
            Add("low-rank adapters of rank 8 on attention", request with { Adapter = adapter });
            Add("these, and activations computed again", request with { Adapter = adapter, Options = saving });
            Add("these, and the model's matrices in four bits a number", request with { Adapter = adapter, Options = saving, IsQuantized = true });
        }
        else if (request is { Adapter: not null, IsQuantized: false })
        {
            Add("the model's matrices in four bits a number", request with { IsQuantized = true });
        }
        return remedies;

        void Add(string advice, MemoryRequest changed)
        {
            long bytes = Estimate(changed).Total;
            if (bytes < now) remedies.Add(new MemoryRemedy(advice, bytes, bytes <= limit));
        }
    }

    /// <summary>Demands that what training needs is there.</summary>
    /// <param name="request">What shall be trained.</param>
    /// <param name="limit">Bytes that there are; null: what the machine can give (<see cref="PeakMemory.Available"/>), and nothing is demanded where that is not known.</param>
    /// <returns>The estimate.</returns>
    /// <exception cref="InsufficientMemoryException">It is not; the message has the table and what would help.</exception>
    public static MemoryEstimate RequireFit(MemoryRequest request, long? limit = null)
    {
        MemoryEstimate estimate = Estimate(request);
        if ((limit ?? PeakMemory.Available) is not long bytes || estimate.Total <= bytes) return estimate;
        IEnumerable<string> lines = Remedies(request, bytes).Select(remedy => string.Create(CultureInfo.InvariantCulture, $"{remedy.Bytes / 1e6,12:N1} MB{(remedy.Fits ? ", fits" : "")}: {remedy.Advice}"));
        throw new InsufficientMemoryException(string.Create(CultureInfo.InvariantCulture,
            $"Training needs about {estimate.Total / 1e6:N1} MB; there are {bytes / 1e6:N1} MB.\n{estimate}What would help:\n{string.Join('\n', lines)}\nOr set MemoryLimit, if you know better."));
    }

    private static Dictionary<ActivationKind, long> Kinds(ModelActivations activations, bool recomputes, bool scores, int size)
    {
        Dictionary<ActivationKind, long> kinds = [];
        // A head that gives a few numbers a text keeps next to nothing.
        foreach ((ActivationKind kind, double numbers) in activations.Outside.ByKind) Add(scores || kind != ActivationKind.Output ? kind : ActivationKind.Output, scores || kind != ActivationKind.Output ? numbers : 0);
        foreach (LayerActivations layer in activations.Layers)
        {
            if (recomputes) Add(ActivationKind.Stream, layer.Input);
            else foreach ((ActivationKind kind, double numbers) in layer.ByKind) Add(kind, numbers);
        }
        return kinds;

        void Add(ActivationKind kind, double numbers) => kinds[kind] = kinds.GetValueOrDefault(kind) + (long)(numbers * size);
    }

    /// <summary>The most rows that are within the limit, found by halving; null when one row is too many, or all are few enough.</summary>
    private static int? RowsThatFit(MemoryRequest request, long limit)
    {
        int fits = 0, tooMany = request.Rows;
        if (Estimate(request).Total <= limit) return null;
        while (tooMany - fits > 1)
        {
            int middle = (fits + tooMany) / 2;
            if (Estimate(request with { Rows = middle, Replicas = Math.Min(request.Replicas, middle) }).Total <= limit) fits = middle;
            else tooMany = middle;
        }
        return fits == 0 ? null : fits;
    }
}
