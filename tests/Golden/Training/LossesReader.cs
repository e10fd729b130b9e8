using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>training/losses: cross entropy over classes and over next tokens, with its gradients.</summary>
internal sealed class LossesReader : CaseReader
{
    public override bool Reads(string file) => file is "losses/classification.json" or "losses/language.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        var kind = c["kind"].IsGiven() ? c["kind"].GetString()! : c.Name;
        var (options, inputs) = (c["options"], c["inputs"]);
        if (inputs.ValueKind == JsonValueKind.Object && (inputs.TryGetProperty("weights", out _) || inputs.TryGetProperty("alpha", out _))) throw new UnsupportedException("there are no class weights");
        if (options.ValueKind == JsonValueKind.Object && options.TryGetProperty("label_smoothing", out _)) throw new UnsupportedException("there is no label smoothing");
        var reduction = options.ValueKind == JsonValueKind.Object && options.TryGetProperty("reduction", out var text) ? text.GetString() : "mean";
        if (reduction == "none") throw new UnsupportedException("losses are summed, never listed");
        if (kind == "cross_entropy_all_ignored")
        {
            using var sum = SoftmaxCrossEntropy.Sum(inputs.GetProperty("logits").ReadTensor(), inputs.GetProperty("labels").ReadTensor(ScalarType.Int64));
            tally.Number("sum", c["sum"].ToDouble(), sum.item<float>(), 1e-5);
            return;
        }
        if (kind is not ("cross_entropy" or "causal_shift" or "causal_num_items" or "causal_from_hidden")) throw new UnsupportedException($"there is no loss {kind}");
        Run(c, tally, ScalarType.Float32, "", 1e-5, kind, reduction!);
        Run(c, tally, ScalarType.Float64, "_fp64", 1e-9, kind, reduction!);
    }

    private static void Run(FixtureCase c, Tally tally, ScalarType type, string ending, double tolerance, string kind, string reduction)
    {
        using var scope = NewDisposeScope();
        var inputs = c["inputs"];
        var leaves = inputs.EnumerateObject().Where(input => input.Name != "labels").ToDictionary(input => input.Name, input => input.Value.ReadTensor().to(type).requires_grad_());
        var logits = kind == "causal_from_hidden" ? leaves["hidden"].matmul(leaves["weight"].t()) : leaves["logits"];
        var labels = inputs.GetProperty("labels").ReadTensor(ScalarType.Int64);
        if (kind != "cross_entropy")
        {
            // Position t predicts label t + 1.
            logits = logits.narrow(1, 0, logits.size(1) - 1);
            labels = labels.narrow(1, 1, labels.size(1) - 1);
        }
        var targets = labels.reshape(-1).contiguous();
        var sum = SoftmaxCrossEntropy.Sum(logits.reshape(targets.numel(), -1), targets);
        var count = kind == "causal_num_items" ? c["options"].GetProperty("num_items_in_batch").GetDouble() : reduction == "sum" ? 1 : targets.ne(SoftmaxCrossEntropy.Ignored).sum().item<long>();
        var loss = sum / count;
        tally.Number("loss" + ending, c["loss" + ending].ToDouble(), loss.to(ScalarType.Float64).item<double>(), tolerance);
        loss.backward();
        foreach (var (name, leaf) in leaves)
        {
            var expected = type == ScalarType.Float32 ? c[$"grad_{name}"].ReadTensor() : tensor([.. Flat(c[$"grad_{name}_fp64"])], leaf.shape);
            tally.Tensors($"grad_{name}{ending}", expected, leaf.grad!, tolerance, tolerance);
        }
    }

    private static IEnumerable<double> Flat(JsonElement value) => value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().SelectMany(Flat) : [value.ToDouble()];
}
