using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
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

    /// <summary>The adapters beside the model, where the fixture begins with one; else null.</summary>
    public ModelAdapters? Adapters => ModelAdapters.Of(model);

    /// <summary>Chooses model and objective by the architecture that the configuration names, and by what else the fixture has.</summary>
    public static FineTuneTask Load(FixtureCase c)
    {
        var (folder, start) = (c.Folder, Path.Combine(c.Folder, "start"));
        var adapter = Path.Combine(folder, "start_adapter");
        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(start, "config.json")));
        var architecture = config.RootElement.GetProperty("architectures")[0].GetString()!;
        if (c["loss_type"].IsGiven())
        {
            if (c["loss_type"].GetString() != "sigmoid") throw new UnsupportedException($"this reader knows no loss_type {c["loss_type"]}");
            return Of(HuggingFaceFolder.LoadDecoder(start), new PreferenceObjective(HuggingFaceFolder.LoadDecoder(start), new PreferenceOptions { Beta = c["beta"].ToDouble() }), folder);
        }
        if (Directory.Exists(adapter))
        {
            var adapted = PeftFolder.LoadDecoder(adapter, start);
            var adapters = ModelAdapters.Of(adapted)!;
            return new(adapted, new NextTokenObjective(), folder, () => adapters.Views(), () => adapters.Gradients());
        }
        if (architecture.EndsWith("ForSequenceClassification", StringComparison.Ordinal)) return Of(HuggingFaceFolder.LoadClassifier(start), new ClassificationObjective(), folder);
        if (architecture.EndsWith("ForCausalLM", StringComparison.Ordinal) || architecture.EndsWith("LMHeadModel", StringComparison.Ordinal)) return Of(HuggingFaceFolder.LoadDecoder(start), new NextTokenObjective(), folder);
        if (architecture.EndsWith("ForConditionalGeneration", StringComparison.Ordinal)) return Of(HuggingFaceFolder.LoadEncoderDecoder(start), new SequenceToSequenceObjective(), folder);
        throw new UnsupportedException($"there is no objective for {architecture}");
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

    /// <summary>What the classifier says of a batch, without dropout.</summary>
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
        var (tokens, mask) = (part("input_ids")!, part("attention_mask"));
        var labels = part("labels") ?? tokens.masked_fill(part("completion_mask")!.eq(0), TokenBatch.Ignored);
        var isPair = objective is PreferenceObjective;
        if (isPair) (tokens, labels, mask) = (Paired(tokens), Paired(labels), mask is null ? null : Paired(mask));
        var targets = isPair || objective is NextTokenObjective ? Shift.Left(labels) : Longs(labels)!;
        return new TokenBatch((int)tokens.size(0), (int)tokens.size(1), Longs(tokens)!, targets, mask is null ? null : [.. Longs(mask)!.Select(value => value != 0)],
            labels.dim() == 2 && !isPair && labels.size(1) != tokens.size(1) ? (int)labels.size(1) : null)
        {
            Segments = Longs(part("token_type_ids")),
            RowsPerUnit = isPair ? 2 : 1,
        };
    }

    /// <summary>Chosen rows stand above all rejected ones in the fixture; here each stands above its own.</summary>
    private static Tensor Paired(Tensor rows) => rows.view(2, rows.size(0) / 2, -1).transpose(0, 1).reshape(rows.shape);

    private static long[]? Longs(Tensor? tensor) => tensor is null ? null : [.. tensor.contiguous().data<long>()];

    private sealed class Given(List<TokenBatch> batches) : IBatchSource
    {
        public int CountBatches(int epoch) => batches.Count;

        public IEnumerable<TokenBatch> Epoch(int epoch) => batches;
    }
}
