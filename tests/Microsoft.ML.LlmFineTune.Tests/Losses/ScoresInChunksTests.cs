using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Losses;

/// <summary>Objectives that look at each token's probability, and teachers, score a large vocabulary in chunks: the numbers are those of scoring it at once, the memory is not.</summary>
public sealed class ScoresInChunksTests
{
    private const int Pairs = 3, Length = 72;

    // Of so many scores 64 MiB have 419 rows: those of a pair are scored at once, those of three are not.
    private static readonly Gpt2Config Large = new() { VocabularySize = 40_000, MaximumLength = 128, Width = 16, Layers = 1, Heads = 2, EmbeddingDropout = 0, ResidualDropout = 0, AttentionDropout = 0 };

    public ScoresInChunksTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData("preferences, several losses")]
    [InlineData("without a reference, odds")]
    [InlineData("distilled")]
    [InlineData("distilled, the head alone moves")]
    public void Losses_gradients_and_metrics_are_those_of_parts_that_are_scored_at_once(string name)
    {
        using DecoderModel model = Model(1), other = Model(2);
        if (name.EndsWith("moves", StringComparison.Ordinal))
        {
            foreach (var (parameter, value) in model.named_parameters()) value.requires_grad_(parameter.Contains("tokenEmbedding", StringComparison.OrdinalIgnoreCase) || value.numel() == Large.VocabularySize * Large.Width);
        }
        IObjective objective = name switch
        {
            "preferences, several losses" => new PreferenceObjective(other, new() { LossWeight = 0.8, AddedLosses = [(PreferenceLossKind.ChosenLikelihood, 1)], TailWeight = 0.5 }),
            "without a reference, odds" => new ReferenceFreePreferenceObjective(ReferenceFreePreferenceOptions.Orpo),
            _ => new DistillationObjective(other),
        };
        TokenBatch whole = Batch();
        (double expected, float[] gradients, MetricSums metrics) = Run([.. Enumerable.Range(0, Pairs).Select(pair => whole.Slice(2 * pair, 2))]);
        (double loss, float[] chunked, MetricSums counted) = Run([whole]);
        Assert.Equal(expected, loss, 1e-5 * Math.Max(1, Math.Abs(expected)));
        double largest = gradients.Max(Math.Abs);
        Assert.True(largest > 0);
        Assert.Equal(gradients.Length, chunked.Length);
        Assert.InRange(gradients.Zip(chunked).Max(pair => Math.Abs(pair.First - pair.Second)), 0, 1e-5 * largest);
        // Backward scores again, and must not count again.
        Assert.All(metrics.Means(), metric => Assert.Equal(metric.Value, counted.Means()[metric.Key], 1e-5 * Math.Max(1, Math.Abs(metric.Value))));

        (double Loss, float[] Gradients, MetricSums Metrics) Run(TokenBatch[] batches)
        {
            foreach (var parameter in model.parameters()) parameter.grad = null;
            double sum = 0;
            MetricSums sums = new();
            model.train();
            foreach (TokenBatch batch in batches)
            {
                using var scope = NewDisposeScope();
                Tensor result = objective.SummedLoss(model, batch, sums);
                result.backward();
                ActivationRecomputation.ThrowIfFailed(model);
                sum += result.item<float>();
            }
            return (sum, [.. model.parameters().Where(parameter => parameter.grad is not null).SelectMany(parameter => parameter.grad!.reshape(-1).data<float>().ToArray())], sums);
        }
    }

    [Fact]
    public void The_scores_of_all_places_are_never_there_at_once()
    {
        if (!PeakMemory.TryReset()) return;
        using DecoderModel model = Model(1);
        ReferenceFreePreferenceObjective objective = new();
        TokenBatch batch = Batch(pairs: 9);
        long scores = batch.TargetCount * (long)Large.VocabularySize * sizeof(float);
        model.train();
        PeakMemory.TryReset();
        long before = PeakMemory.Now!.Value;
        using (NewDisposeScope()) objective.SummedLoss(model, batch).backward();
        // At once there would be four such tables: scores, what is made of them, and the gradients of both.
        Assert.InRange(PeakMemory.Highest!.Value - before, 0, 2 * scores);
    }

    private static DecoderModel Model(ulong seed)
    {
        DecoderModel model = Large.CreateDecoder();
        model.Initialize(new RandomStream(seed));
        return model;
    }

    private static TokenBatch Batch(int pairs = Pairs)
    {
        RandomStream random = new(5);
        int[] Completion() => [.. Enumerable.Range(0, Length - 1).Select(_ => random.NextInt32(Large.VocabularySize))];
        return PaddedRows.Of([.. Enumerable.Range(0, pairs).SelectMany(_ => PreferenceRows.OfPair([3], Completion(), Completion()))], 0, PreferenceRows.RowsPerUnit);
    }
}
