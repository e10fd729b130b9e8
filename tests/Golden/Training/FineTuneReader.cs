using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>training/finetune: ten steps of training a small GPT-2, loss, norm and weights; accumulation over micro-batches.</summary>
internal sealed class FineTuneReader : CaseReader
{
    public override bool Reads(string file) => file.StartsWith("finetune/packed", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        switch (c.Name)
        {
            case "gpt2_causal": VerifyTrajectory(c, tally, c["options"], c["steps"], microRows: null); break;
            case "accumulation":
                foreach (var run in c["runs"].EnumerateObject()) VerifyTrajectory(c, tally, c["options"], run.Value.GetProperty("steps"), run.Value.GetProperty("per_device_batch").GetInt32());
                break;
            default: throw new UnsupportedException($"the library cannot train {c.Name} yet");
        }
    }

    private static void VerifyTrajectory(FixtureCase c, Tally tally, JsonElement options, JsonElement steps, int? microRows)
    {
        double Option(string name, double otherwise) => options.TryGetProperty(name, out var value) ? value.GetDouble() : otherwise;
        var batches = SafeTensors.Read(Path.Combine(c.Folder, "batches.safetensors"));
        using var model = HuggingFaceFolder.LoadDecoder(Path.Combine(c.Folder, "start"));
        using var parameters = FlatParameters.Adopt(model);
        using var optimizer = new AdamWOptions { Beta2 = Option("adam_beta2", 0.999), Epsilon = Option("adam_epsilon", 1e-8), WeightDecay = Option("weight_decay", 0) }.Create(parameters);
        var objective = new NextTokenObjective();
        model.train();
        for (int step = 0; step < steps.GetArrayLength(); step++)
        {
            parameters.Gradients.zero_();
            var whole = Batch(batches, $"batch{step + 1:00}");
            double sum = 0;
            var rows = microRows ?? whole.Rows;
            for (int first = 0; first < whole.Rows; first += rows)
            {
                using var scope = NewDisposeScope();
                var loss = objective.SummedLoss(model, whole.Slice(first, Math.Min(rows, whole.Rows - first))).div(whole.TargetCount);
                loss.backward();
                sum += loss.item<float>();
            }
            var expected = steps[step];
            var norm = FlatGradients.SumAndNorm([parameters.Gradients]);
            tally.Number("loss", expected.GetProperty("loss").GetDouble(), sum, 1e-5);
            tally.Number("gradient norm", expected.GetProperty("grad_norm").GetDouble(), norm, 2e-5);
            var scale = GradientClipping.Coefficient(norm, Option("max_grad_norm", 1));
            if (step == 0) VerifyWeights(c, tally, model, "first_gradients.safetensors", scale);
            optimizer.Step(expected.GetProperty("learning_rate").GetDouble(), scale);
        }
        VerifyWeights(c, tally, model, "final.safetensors", null);
    }

    private static void VerifyWeights(FixtureCase c, Tally tally, DecoderModel model, string file, double? gradientScale)
    {
        var actual = gradientScale is null ? ModelWeights.Views(model) : ModelWeights.Gradients(model);
        foreach (var (name, expected) in SafeTensors.Read(Path.Combine(c.Folder, file)))
        {
            if (!actual.TryGetValue(name, out var tensor)) continue;
            tally.Tensors(gradientScale is null ? "final weights" : "first gradients", expected, gradientScale is { } scale ? tensor * scale : tensor, gradientScale is null ? 2e-5 : 1e-5);
        }
    }

    private static TokenBatch Batch(IReadOnlyDictionary<string, Tensor> batches, string name)
    {
        var (tokens, labels, mask) = (batches[$"{name}.input_ids"], batches[$"{name}.labels"], batches[$"{name}.attention_mask"]);
        return new TokenBatch((int)tokens.size(0), (int)tokens.size(1), [.. tokens.data<long>()], Shift.Left(labels), [.. mask.data<long>().Select(value => value != 0)]);
    }
}
