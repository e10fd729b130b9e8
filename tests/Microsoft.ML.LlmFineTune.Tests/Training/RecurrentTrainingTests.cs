// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

public sealed class RecurrentTrainingTests
{
    private const int Vocabulary = 12;

    // Counting up, in documents of several lengths.
    private static readonly int[][] Documents = [.. Enumerable.Range(0, 24).Select(document => Enumerable.Range(document, 9 + (document % 4)).Select(i => 1 + (i % (Vocabulary - 1))).ToArray())];

    private static readonly TrainingOptions Options = new()
    {
        Epochs = 20, Optimizer = new AdamWOptions { LearningRate = 0.02 }, Schedule = new ConstantSchedule(), Replicas = 1, Device = ComputeDevice.Cpu,
    };

    public RecurrentTrainingTests() => NativeRuntime.Initialize();

    [Fact]
    public void The_trainer_trains_every_cell()
    {
        foreach (RecurrentCell cell in Enum.GetValues<RecurrentCell>())
        {
            using RecurrentLanguageModel model = New(new() { Cell = cell });
            ContiguousStreams source = new(Documents, 0, 10, 4, new RandomStreams(1));
            TrainingResult result = new Trainer(model, new RecurrentObjective(new() { PieceLength = 5 }), Options).Train(source, source);
            Assert.True(result.Validations[^1].Loss < 0.7, $"{cell}: {result.Validations[^1].Loss}");
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Pooling.LastToken)]
    public void A_classifier_that_reads_both_ways_learns_what_the_first_token_says(Pooling? pooling)
    {
        // The first token alone tells the class, the rest is the same for all.
        int[][] texts = [.. Enumerable.Range(0, 60).Select(text => (int[])[1 + (text % 3), .. Enumerable.Range(0, 4 + (text % 6)).Select(i => 4 + ((text + i) % 7))])];
        int[] classes = [.. texts.Select(text => text[0] - 1)];
        RecurrentConfig config = RecurrentPresets.Classifier(Vocabulary, padding: 0) with { EmbeddingWidth = 10, HiddenWidth = 12 };
        using SequenceClassifier model = new(new RecurrentEncoder(config), ["a", "b", "c"], pooling);
        model.Backbone.Initialize(new RandomStream(1));
        model.InitializeHead(new RandomStream(2));
        IBatchSource Source(RandomStreams? random) => new ClassificationBatches(texts, classes, padding: 0, maximumLength: 20, BatchSize.OfRows(6), random);
        TrainingResult result = new Trainer(model, new ClassificationObjective(), Options with { Replicas = 2 }).Train(Source(new RandomStreams(1)), Source(null));
        Assert.True(result.Validations[^1].Metrics[ClassificationObjective.Accuracy] > 0.95, $"{result.Validations[^1].Metrics[ClassificationObjective.Accuracy]}");
    }

    [Fact]
    public void Replicas_change_only_the_order_of_sums()
    {
        float[] Weights(int replicas)
        {
            using RecurrentLanguageModel model = New(new());
            new Trainer(model, new NextTokenObjective(), Options with { Epochs = 2, Replicas = replicas }).Train(new ContiguousStreams(Documents, 0, 10, 4, new RandomStreams(1)));
            return [.. model.parameters().SelectMany(parameter => parameter.detach().reshape(-1).data<float>().ToArray())];
        }
        float[] one = Weights(1);
        foreach (float[] other in new[] { Weights(2), Weights(4) })
        {
            for (int i = 0; i < one.Length; i++) Assert.Equal(one[i], other[i], 5e-4f);
        }
    }

    [Fact]
    public void Regularised_training_is_the_same_for_the_same_seed()
    {
        float[] Weights(long seed)
        {
            using RecurrentLanguageModel model = New(new() { WeightDrop = 0.3, InputDropout = 0.2, HiddenDropout = 0.2, OutputDropout = 0.2, EmbeddingDropout = 0.1 });
            new Trainer(model, new RecurrentObjective(new() { ActivationPenalty = 0.1, ChangePenalty = 0.1 }), Options with { Epochs = 1, Replicas = 2, Seed = seed }).Train(new ContiguousStreams(Documents, 0, 10, 4, null));
            return [.. model.parameters().SelectMany(parameter => parameter.detach().reshape(-1).data<float>().ToArray())];
        }
        Assert.Equal(Weights(1), Weights(1));
        Assert.NotEqual(Weights(1), Weights(2));
    }

    [Fact]
    public void State_may_be_carried_through_an_epoch_by_hand()
    {
        using RecurrentLanguageModel model = New(new());
        model.train();
        using FlatParameters parameters = FlatParameters.Adopt(model);
        using FlatOptimizer optimizer = new AdamWOptions { LearningRate = 0.02 }.Create(parameters);
        ContiguousStreams source = new(Documents, 0, 6, 4, new RandomStreams(1));
        double first = 0, last = 0;
        for (int epoch = 0; epoch < 20; epoch++)
        {
            (double sum, int targets) = (0, 0);
            RecurrentState? carried = null;
            foreach (TokenBatch batch in source.Epoch(epoch))
            {
                using var scope = NewDisposeScope();
                parameters.Gradients.zero_();
                RecurrentOutput output = model.Read(tensor(batch.Tokens, [batch.Rows, batch.Length]), carried);
                carried?.Dispose();
                carried = output.Carried;
                Tensor loss = SoftmaxCrossEntropy.Sum(model.Logits(output.Hidden).view(batch.Tokens.Length, -1), tensor(batch.Targets)) / batch.TargetCount;
                loss.backward();
                optimizer.Step(0.02);
                sum += loss.item<float>() * batch.TargetCount;
                targets += batch.TargetCount;
            }
            carried?.Dispose();
            last = sum / targets;
            if (epoch == 0) first = last;
        }
        Assert.True(last < first / 3, $"{first} in the first epoch, {last} in the last");
    }

    private static RecurrentLanguageModel New(RecurrentConfig shape)
    {
        RecurrentLanguageModel model = new(shape with { VocabularySize = Vocabulary, EmbeddingWidth = 10, HiddenWidth = 20, Layers = 2, TieEmbeddings = true });
        model.Initialize(new RandomStream(1));
        return model;
    }
}
