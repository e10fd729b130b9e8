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

/// <summary>training/finetune: documents packed into one row, which know nothing of each other.</summary>
internal sealed class FineTuneReader : CaseReader
{
    public override bool Reads(string file) => file.StartsWith("finetune/packed", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        VerifyPacked(c, tally);
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
}
