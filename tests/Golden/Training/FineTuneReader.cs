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
            case "packed_equals_unpacked": VerifyPacked(c, tally); break;
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

    private static void VerifyPacked(FixtureCase c, Tally tally)
    {
        using var scope = NewDisposeScope();
        var packed = SafeTensors.Read(Path.Combine(c.Folder, "packed.safetensors"));
        var (tokens, documents) = (packed["input_ids"], packed["segment_ids"]);
        using var model = HuggingFaceFolder.LoadDecoder(Path.Combine(c.Folder, "start"));
        var logits = model.Logits(model.Forward(tokens, documents: documents));
        tally.Tensors("logits", packed["logits"], logits, 1e-5, 1e-5);
        var batch = new TokenBatch(1, (int)tokens.size(1), [.. tokens.data<long>()], Shift.Left(packed["labels"])) { Documents = [.. documents.data<long>()] };
        tally.Equal("counted labels", c["counted_labels"].GetInt32(), batch.TargetCount);
        var loss = new NextTokenObjective().SummedLoss(model, batch) / batch.TargetCount;
        tally.Number("loss", c["loss"].ToDouble(), loss.item<float>(), 1e-5);
        loss.backward();
        var gradients = ModelWeights.Gradients(model);
        foreach (var (name, gradient) in gradients) tally.Tensors("gradients", packed[$"grad.{name}"], gradient, 1e-5, 1e-5);
        tally.Equal("gradients compared", packed.Keys.Count(key => key.StartsWith("grad.", StringComparison.Ordinal)), gradients.Count);

        // The same documents, a row each; and what forgetting that they are packed would give.
        var (sum, start) = (0.0, 0);
        foreach (var length in c["lengths"].ToInts())
        {
            var row = new TokenBatch(1, length, batch.Tokens[start..(start + length)], batch.Targets[start..(start + length)]);
            if (row.TargetCount > 0) sum += new NextTokenObjective().SummedLoss(model, row).item<float>();
            start += length;
        }
        tally.Number("loss of separate rows", c["loss_from_separate_rows"].ToDouble(), sum / batch.TargetCount, 1e-5);
        var forgetful = new TokenBatch(1, batch.Length, batch.Tokens, batch.Targets);
        tally.Number("loss without documents", c["loss_without_block_mask_and_positions"].ToDouble(), new NextTokenObjective().SummedLoss(model, forgetful).item<float>() / batch.TargetCount, 1e-5);
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
