using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Losses;

/// <summary>What every objective promises: slices of a batch add up to the whole where it splits batches, metrics are those that it names, and other models are refused by name.</summary>
public sealed class ObjectivePromisesTests
{
    public ObjectivePromisesTests() => NativeRuntime.Initialize();

    public static TheoryData<string> All => ObjectiveExamples.Names;

    [Theory]
    [MemberData(nameof(All))]
    public void Slices_add_up_to_the_whole(string name)
    {
        using var scope = NewDisposeScope();
        (IObjective objective, nn.Module model, TokenBatch batch) = Make(name);
        Assert.Equal(!ObjectiveExamples.ComparesRows(name), objective.SplitsBatches);
        Assert.True(objective.Weight(batch) > 0);
        if (!objective.SplitsBatches) return;
        (double whole, float[] gradient, MetricSums metrics) = Run(objective, model, [batch]);
        TokenBatch[] slices = [.. Slices(batch, 3)];
        (double parts, float[] ofParts, MetricSums merged) = Run(objective, model, slices);
        Assert.Equal(objective.Weight(batch), slices.Sum(objective.Weight), 1e-9);
        Assert.Equal(whole, parts, 1e-5 * Math.Max(1, Math.Abs(whole)));
        for (int i = 0; i < gradient.Length; i++) Assert.True(Math.Abs(gradient[i] - ofParts[i]) < 2e-5 * Math.Max(1, Math.Abs(gradient[i])), $"{i}: {gradient[i]} and {ofParts[i]}");
        foreach ((string metric, double mean) in metrics.Means()) Assert.Equal(mean, merged.Means()[metric], 1e-5 * Math.Max(1, Math.Abs(mean)));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_step_along_the_gradient_makes_the_loss_smaller(string name)
    {
        using var scope = NewDisposeScope();
        (IObjective objective, nn.Module model, TokenBatch batch) = Make(name);
        double before = Run(objective, model, [batch]).Loss;
        using (no_grad())
        {
            double square = model.parameters().Where(parameter => parameter.grad is not null).Sum(parameter => parameter.grad!.square().sum().item<float>());
            Assert.True(square > 1e-12, "there is no gradient");
            // A step so short that the loss falls by about a thousandth.
            double rate = 1e-3 * Math.Max(1e-3, Math.Abs(before)) / square;
            foreach (var parameter in model.parameters().Where(parameter => parameter.grad is not null)) parameter.sub_(parameter.grad! * rate);
        }
        Assert.True(objective.SummedLoss(model, batch).item<float>() < before);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Metrics_are_those_that_it_names(string name)
    {
        using var scope = NewDisposeScope();
        (IObjective objective, nn.Module model, TokenBatch batch) = Make(name);
        MetricSums metrics = new();
        using (no_grad()) objective.SummedLoss(model, batch, metrics);
        Assert.Equal(objective.Metrics.Order(StringComparer.Ordinal), metrics.Means().Keys.Order(StringComparer.Ordinal));
        Assert.All(metrics.Means().Values, value => Assert.True(double.IsFinite(value)));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Threads_do_not_disturb_each_other(string name)
    {
        (IObjective objective, nn.Module model, TokenBatch batch) = Make(name);
        if (name == "two views") return;
        model.eval();
        float expected = Once();
        float[] all = new float[4];
        using ReplicaPool pool = new(4, 1);
        pool.Run(replica => all[replica] = Once());
        Assert.All(all, loss => Assert.Equal(expected, loss, 1e-5f * Math.Max(1, Math.Abs(expected))));

        float Once()
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            return objective.SummedLoss(model, batch).item<float>();
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Other_models_are_refused_by_name(string name)
    {
        using var scope = NewDisposeScope();
        using nn.Module other = nn.Linear(2, 2);
        Assert.Contains("received a Linear", Assert.Throws<ArgumentException>(() => ObjectiveExamples.Of(name).Objective().SummedLoss(other, ObjectiveExamples.Of(name).Batch())).Message, StringComparison.Ordinal);
    }

    private static (IObjective Objective, nn.Module Model, TokenBatch Batch) Make(string name)
    {
        ObjectiveExample example = ObjectiveExamples.Of(name);
        nn.Module model = example.Model();
        model.train();
        return (example.Objective(), model, example.Batch());
    }

    private static (double Loss, float[] Gradient, MetricSums Metrics) Run(IObjective objective, nn.Module model, TokenBatch[] batches)
    {
        foreach (var parameter in model.parameters()) parameter.grad = null;
        double sum = 0;
        MetricSums metrics = new();
        foreach (TokenBatch batch in batches)
        {
            Tensor loss = objective.SummedLoss(model, batch, metrics);
            Assert.Equal((0, ScalarType.Float32), (loss.dim(), loss.dtype));
            loss.backward();
            sum += loss.item<float>();
        }
        return (sum, [.. model.parameters().SelectMany(parameter => (parameter.grad ?? zeros_like(parameter)).reshape(-1).data<float>().ToArray())], metrics);
    }

    private static IEnumerable<TokenBatch> Slices(TokenBatch batch, int parts)
    {
        for (int part = 0; part < parts; part++)
        {
            int from = batch.Units * part / parts, to = batch.Units * (part + 1) / parts;
            if (to > from) yield return batch.Slice(from * batch.RowsPerUnit, (to - from) * batch.RowsPerUnit);
        }
    }
}
