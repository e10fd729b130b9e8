using Golden.Library;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>training/finetune: ten steps of training an adapter beside a frozen model, and the answers of both together and merged.</summary>
internal sealed class AdapterFineTuneReader : CaseReader
{
    public override bool Reads(string file) => file.StartsWith("finetune/", StringComparison.Ordinal) && file.Contains("lora", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        using var scope = NewDisposeScope();
        double Option(string name, double otherwise) => c["options"].TryGetProperty(name, out var value) && value.IsGiven() ? value.GetDouble() : otherwise;
        var batches = SafeTensors.Read(Path.Combine(c.Folder, "batches.safetensors"));
        using var model = PeftFolder.LoadDecoder(Path.Combine(c.Folder, "start_adapter"), Path.Combine(c.Folder, "start"));
        var adapters = ModelAdapters.Of(model)!;
        using var parameters = FlatParameters.Adopt(model);
        using var optimizer = new FlatAdamWOptimizer(parameters, new AdamWOptions { Beta2 = Option("adam_beta2", 0.999), Epsilon = Option("adam_epsilon", 1e-8), WeightDecay = Option("weight_decay", 0) });
        var objective = new NextTokenObjective();
        model.train();
        var steps = c["steps"];
        for (int step = 0; step < steps.GetArrayLength(); step++)
        {
            parameters.Gradients.zero_();
            using var stepScope = NewDisposeScope();
            var batch = Batch(batches, $"batch{step + 1:00}");
            var loss = objective.SummedLoss(model, batch).div(batch.TargetCount);
            loss.backward();
            tally.Number("loss", steps[step].GetProperty("loss").GetDouble(), loss.item<float>(), 1e-5);
            var norm = FlatGradients.SumAndNorm([parameters.Gradients]);
            tally.Number("gradient norm", steps[step].GetProperty("grad_norm").GetDouble(), norm, 2e-5);
            var scale = GradientClipping.Coefficient(norm, Option("max_grad_norm", 1));
            if (step == 0) Compare(tally, "first gradients", Path.Combine(c.Folder, "first_gradients.safetensors"), adapters.Gradients().ToDictionary(entry => entry.Key, entry => entry.Value * scale), 1e-5);
            optimizer.Step(steps[step].GetProperty("learning_rate").GetDouble(), scale);
        }
        Compare(tally, "final adapter", Path.Combine(c.Folder, "final_adapter", PeftFolder.WeightsName), adapters.Views(), 2e-5);
        model.eval();
        using var withoutGradients = no_grad();
        var final = SafeTensors.Read(Path.Combine(c.Folder, "final_logits.safetensors"));
        var tokens = final["input_ids"];
        var mask = final["attention_mask"].to(ScalarType.Bool);
        tally.Tensors("final logits", final["adapter"], model.Logits(model.Forward(tokens, mask)), 1e-4, mask: mask.unsqueeze(-1));
        adapters.Merge();
        tally.Tensors("merged logits", final["merged"], model.Logits(model.Forward(tokens, mask)), 1e-4, mask: mask.unsqueeze(-1));
    }

    private static void Compare(Tally tally, string what, string file, Dictionary<string, Tensor> actual, double tolerance)
    {
        // Gradients are recorded under the names of the reference's modules, which hold the adapter's name.
        var expected = SafeTensors.Read(file).ToDictionary(entry => entry.Key.Replace(".default.", ".", StringComparison.Ordinal), entry => entry.Value);
        tally.Sequence($"names of the {what}", expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, value) in expected) tally.Tensors(what, value, actual[name], tolerance);
    }

    private static TokenBatch Batch(IReadOnlyDictionary<string, Tensor> batches, string name)
    {
        var (tokens, labels, mask) = (batches[$"{name}.input_ids"], batches[$"{name}.labels"], batches[$"{name}.attention_mask"]);
        return new TokenBatch((int)tokens.size(0), (int)tokens.size(1), [.. tokens.data<long>()], Shift.Left(labels), [.. mask.data<long>().Select(value => value != 0)]);
    }
}
