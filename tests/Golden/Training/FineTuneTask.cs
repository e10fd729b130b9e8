using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>A fixture of fine-tuning: the model of its folder start, the objective that goes with it, its batches.</summary>
/// <param name="model">The model.</param>
/// <param name="objective">What is made smaller.</param>
/// <param name="folder">The fixture's folder.</param>
/// <param name="weights">Weights by the checkpoint's names.</param>
/// <param name="gradients">Gradients by the checkpoint's names.</param>
internal sealed class FineTuneTask(nn.Module model, IObjective objective, string folder, Func<IReadOnlyDictionary<string, Tensor>> weights, Func<IReadOnlyDictionary<string, Tensor>> gradients) : IDisposable
{
    public IReadOnlyDictionary<string, Tensor> Weights() => weights();

    public IReadOnlyDictionary<string, Tensor> Gradients() => gradients();

    public nn.Module Model => model;

    public IObjective Objective => objective;

    /// <summary>Chooses model and objective by the architecture that the configuration names.</summary>
    public static FineTuneTask Load(string folder)
    {
        var start = Path.Combine(folder, "start");
        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(start, "config.json")));
        var architecture = config.RootElement.GetProperty("architectures")[0].GetString()!;
        return architecture switch
        {
            _ when architecture.EndsWith("ForSequenceClassification", StringComparison.Ordinal) => Of(HuggingFaceFolder.LoadClassifier(start), new ClassificationObjective(), folder),
            _ when architecture.EndsWith("ForCausalLM", StringComparison.Ordinal) || architecture.EndsWith("LMHeadModel", StringComparison.Ordinal) => Of(HuggingFaceFolder.LoadDecoder(start), new NextTokenObjective(), folder),
            _ => throw new UnsupportedException($"there is no objective for {architecture}"),
        };
    }

    private static FineTuneTask Of<TModel>(TModel model, IObjective objective, string folder) where TModel : nn.Module, ICheckpointModel =>
        new(model, objective, folder, () => ModelWeights.Views(model), () => ModelWeights.Gradients(model));

    /// <summary>The batches in their order, each one whole or in parts of some rows; an epoch is all of them.</summary>
    public IBatchSource Batches(int? rows)
    {
        var tensors = SafeTensors.Read(Path.Combine(folder, "batches.safetensors"));
        List<TokenBatch> batches = [];
        for (int number = 1; tensors.ContainsKey($"batch{number:00}.input_ids"); number++)
        {
            var whole = Batch(name => tensors.GetValueOrDefault($"batch{number:00}.{name}"));
            for (int first = 0; first < whole.Rows; first += rows ?? whole.Rows) batches.Add(whole.Slice(first, Math.Min(rows ?? whole.Rows, whole.Rows - first)));
        }
        return new Given(batches);
    }

    /// <summary>What the model says of a batch, without dropout.</summary>
    public Tensor Logits(TokenBatch batch)
    {
        using var withoutGradients = no_grad();
        model.eval();
        var (tokens, mask) = (tensor(batch.Tokens, [batch.Rows, batch.Length]), batch.Mask is null ? null : tensor(batch.Mask, [batch.Rows, batch.Length]));
        var segments = batch.Segments is null ? null : tensor(batch.Segments, [batch.Rows, batch.Length]);
        return ((SequenceClassifier)model).Forward(tokens, mask, segments);
    }

    public void Dispose() => model.Dispose();

    private TokenBatch Batch(Func<string, Tensor?> part)
    {
        var (tokens, labels, mask) = (part("input_ids")!, part("labels")!, part("attention_mask"));
        var isCausal = objective is NextTokenObjective;
        return new TokenBatch((int)tokens.size(0), (int)tokens.size(1), Longs(tokens)!, isCausal ? Shift.Left(labels) : Longs(labels)!, mask is null ? null : [.. Longs(mask)!.Select(value => value != 0)])
        {
            Segments = Longs(part("token_type_ids")),
        };
    }

    private static long[]? Longs(Tensor? tensor) => tensor is null ? null : [.. tensor.data<long>()];

    private sealed class Given(List<TokenBatch> batches) : IBatchSource
    {
        public int CountBatches(int epoch) => batches.Count;

        public IEnumerable<TokenBatch> Epoch(int epoch) => batches;
    }
}
