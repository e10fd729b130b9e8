using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Losses;

public sealed class ObjectiveTests
{
    private static readonly Gpt2Config Config = new() { VocabularySize = 5, MaximumLength = 4, Width = 8, Layers = 1, Heads = 2 };

    public ObjectiveTests() => NativeRuntime.Initialize();

    [Fact]
    public void NextTokenLossIsASumOverTargets()
    {
        using Gpt2Model model = New();
        TokenBatch batch = new(2, 3, [1, 2, 3, 4, 1, 0], [2, 3, -100, 1, -100, -100]);
        MetricSums metrics = new();
        using Tensor loss = new NextTokenObjective().SummedLoss(model, batch, metrics);
        double expected = 0, right = 0;
        Tensor logits = model.Logits(model.Forward(tensor(batch.Tokens, [2, 3]))).view(-1, 5);
        for (int i = 0; i < 6; i++)
        {
            if (batch.Targets[i] < 0) continue;
            double[] scores = [.. logits[i].data<float>().Select(score => (double)score)];
            expected += Math.Log(scores.Sum(Math.Exp)) - scores[batch.Targets[i]];
            if (Array.IndexOf(scores, scores.Max()) == batch.Targets[i]) right++;
        }
        Assert.Equal(expected, loss.item<float>(), 1e-5);
        Assert.Equal(right / 3, metrics.Means()[NextTokenObjective.Accuracy]);
    }

    [Fact]
    public void LossesOfSlicesAddUp()
    {
        using SequenceClassifier model = new(New(), ["a", "b", "c"]);
        model.InitializeHead(new RandomStream(2));
        model.eval();
        TokenBatch batch = new(3, 2, [1, 2, 3, 4, 1, 0], [2, 0, 1], [true, true, true, true, true, false]);
        ClassificationObjective objective = new();
        double whole = objective.SummedLoss(model, batch).item<float>();
        double parts = Enumerable.Range(0, 3).Sum(row => (double)objective.SummedLoss(model, batch.Slice(row, 1)).item<float>());
        Assert.Equal(whole, parts, 1e-5);
        MetricSums metrics = new();
        objective.SummedLoss(model, batch, metrics);
        Tensor answers = model.Forward(tensor(batch.Tokens, [3, 2]), tensor(batch.Mask!, [3, 2])).argmax(1);
        Assert.Equal(answers.eq(tensor(batch.Targets)).sum().item<long>() / 3.0, metrics.Means()[ClassificationObjective.Accuracy]);
    }

    [Fact]
    public void SmoothedLabelsShareTheirPartOutToAllClasses()
    {
        const double Smoothing = 0.3;
        using SequenceClassifier model = new(New(), ["a", "b", "c"]);
        model.InitializeHead(new RandomStream(2));
        model.eval();
        TokenBatch batch = new(4, 2, [1, 2, 3, 4, 1, 2, 2, 2], [2, 0, -100, 1]);
        using Tensor logProbabilities = model.Forward(tensor(batch.Tokens, [4, 2])).log_softmax(1);
        double expected = 0;
        for (int row = 0; row < 4; row++)
        {
            if (batch.Targets[row] < 0) continue;
            double[] ofRow = [.. logProbabilities[row].data<float>().Select(value => (double)value)];
            expected -= ((1 - Smoothing) * ofRow[batch.Targets[row]]) + (Smoothing * ofRow.Average());
        }
        using Tensor loss = new ClassificationObjective(Smoothing).SummedLoss(model, batch);
        Assert.Equal(expected, loss.item<float>(), 1e-5);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClassificationObjective(1));
    }

    [Fact]
    public void WhatDoesNotFitIsNamed()
    {
        using Gpt2Model model = New();
        NextTokenObjective objective = new();
        Assert.Contains("knows tokens 0 to 4; the batch has 5", Message(model, objective, new TokenBatch(1, 2, [1, 5], [1, 1])), StringComparison.Ordinal);
        Assert.Contains("from 0 to 4, or -100 for none; the batch has 7", Message(model, objective, new TokenBatch(1, 2, [1, 2], [1, 7])), StringComparison.Ordinal);
        Assert.Contains("needs 2 targets", Message(model, objective, new TokenBatch(1, 2, [1, 2], [1])), StringComparison.Ordinal);
        Assert.Contains("trains a SequenceClassifier; received a Gpt2Model", Message(model, new ClassificationObjective(), new TokenBatch(1, 2, [1, 2], [1])), StringComparison.Ordinal);

        static string Message(nn.Module model, IObjective objective, TokenBatch batch) => Assert.Throws<ArgumentException>(() => objective.SummedLoss(model, batch)).Message;
    }

    private static Gpt2Model New()
    {
        Gpt2Model model = new(Config);
        model.Initialize(new RandomStream(1));
        model.eval();
        return model;
    }
}
