using System.Text.Json;
using Golden.Library;
using Golden.Training.Losses;
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

    /// <summary>Chooses the model by the architecture that the configuration names, and the objective by that, the trainer and the kind of loss.</summary>
    public static FineTuneTask Load(FixtureCase c)
    {
        var (folder, start) = (c.Folder, Path.Combine(c.Folder, "start"));
        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(start, "config.json")));
        var architecture = config.RootElement.GetProperty("architectures")[0].GetString()!;
        var smoothing = c["options"].IsGiven() && c["options"].TryGetProperty("label_smoothing_factor", out var factor) ? factor.GetDouble() : 0;
        bool Is(string ending) => architecture.EndsWith(ending, StringComparison.Ordinal);
        if (Is("ForCausalLM") || Is("LMHeadModel")) return Of(HuggingFaceFolder.LoadDecoder(start), _ => Preference(c, start) ?? new NextTokenObjective(new() { LabelSmoothing = smoothing }), folder);
        if (Is("ForConditionalGeneration") || Is("MTModel")) return Of(HuggingFaceFolder.LoadEncoderDecoder(start), _ => new SequenceToSequenceObjective(new() { LabelSmoothing = smoothing }), folder);
        if (Is("ForMaskedLM")) return Of(HuggingFaceFolder.LoadMaskedLanguageModel(start), _ => new MaskedTokenObjective(new() { LabelSmoothing = smoothing }), folder);
        if (Is("ForTokenClassification")) return Of(HuggingFaceFolder.LoadTokenClassifier(start), _ => new TokenLabelObjective(new() { LabelSmoothing = smoothing }), folder);
        if (Is("ForSequenceClassification"))
        {
            return Of(HuggingFaceFolder.LoadClassifier(start), model => model.Problem switch
            {
                ClassificationProblem.Regression => new RegressionObjective(),
                ClassificationProblem.MultiLabel => new MultiLabelObjective(),
                _ => new ClassificationObjective(smoothing),
            }, folder);
        }
        if (smoothing != 0) throw new UnsupportedException($"{architecture} has no label_smoothing_factor");
        if (Is("ForQuestionAnswering")) return Of(HuggingFaceFolder.LoadQuestionAnswering(start), _ => new AnswerSpanObjective(), folder);
        if (Is("ForMultipleChoice")) return Of(HuggingFaceFolder.LoadMultipleChoice(start), _ => new MultipleChoiceObjective(), folder);
        if (architecture == "ElectraForPreTraining") return Of(HuggingFaceFolder.LoadReplacedTokenDetector(start), _ => new ReplacedTokenObjective(), folder);
        throw new UnsupportedException($"there is no objective for {architecture}");
    }

    /// <summary>The objective of a fixture that compares completions; null for any other.</summary>
    private static IObjective? Preference(FixtureCase c, string start)
    {
        var trainer = c["trainer"].IsGiven() ? c["trainer"].GetString()! : "";
        bool By(string name) => trainer.Contains(name, StringComparison.OrdinalIgnoreCase);
        if (!c["loss_type"].IsGiven() && !By("DPO") && !By("CPO")) return By("KTO") || By("ORPO") ? throw new UnsupportedException($"there is no reader for {trainer}") : null;
        OptionReader options = new(trainer, c.Value, c["options"]);
        if (By("CPO")) return new ReferenceFreePreferenceObjective(PairLosses.ReferenceFreeOptions(false, options.Find));
        if (!By("DPO") && trainer.Length > 0) throw new UnsupportedException($"there is no reader for {trainer}");
        return new PreferenceObjective(HuggingFaceFolder.LoadDecoder(start), PairLosses.PairedOptions(false, options.Find));
    }

    /// <summary>A model, with its adapter where the fixture begins with one: then that is what is trained.</summary>
    private static FineTuneTask Of<TModel>(TModel model, Func<TModel, IObjective> objective, string folder) where TModel : nn.Module, ICheckpointModel
    {
        var (adapter, chosen) = (Path.Combine(folder, "start_adapter"), objective(model));
        if (!Directory.Exists(adapter)) return new(model, chosen, folder, () => ModelWeights.Views(model), () => ModelWeights.Gradients(model));
        PeftFolder.Load(adapter, model);
        var adapters = ModelAdapters.Of(model)!;
        return new(model, chosen, folder, () => adapters.Views(), () => adapters.Gradients());
    }

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
        Tensor? Shaped(long[]? values) => values is null ? null : tensor(values, [batch.Rows, batch.Length]);
        return Logits(Shaped(batch.Tokens)!, batch.Mask is null ? null : tensor(batch.Mask, [batch.Rows, batch.Length]), Shaped(batch.Segments));
    }

    public Tensor Logits(Tensor tokens, Tensor? mask, Tensor? segments = null)
    {
        using var withoutGradients = no_grad();
        model.eval();
        return model switch
        {
            DecoderModel decoder => decoder.Logits(decoder.Forward(tokens, mask)),
            SequenceClassifier classifier => classifier.Forward(tokens, mask, segments),
            TokenClassifier classifier => classifier.Forward(tokens, mask, segments),
            MaskedLanguageModel language => language.Forward(tokens, mask, segments),
            _ => throw new UnsupportedException($"there is no reader for the logits of a {model.GetName()}"),
        };
    }

    public void Dispose() => model.Dispose();

    private TokenBatch Batch(Func<string, Tensor?> part)
    {
        var (tokens, mask, segments) = (part("input_ids")!, part("attention_mask"), part("token_type_ids"));
        var isPair = objective is PreferenceObjective or ReferenceFreePreferenceObjective;
        if (isPair)
        {
            var labels = tokens.masked_fill(part("completion_mask")!.eq(0), TokenBatch.Ignored);
            return Made(Paired(tokens), Shift.Left(Paired(labels)), mask is null ? null : Paired(mask), rowsPerUnit: 2);
        }
        switch (objective)
        {
            case NextTokenObjective: return Made(tokens, Shift.Left(part("labels") ?? tokens.masked_fill(part("completion_mask")!.eq(0), TokenBatch.Ignored)), mask);
            case AnswerSpanObjective: return Made(tokens, Longs(stack([Inside(part("start_positions")!), Inside(part("end_positions")!)], 1))!, mask, targetLength: 2);
            // A question's choices are rows side by side, the right one marked.
            case MultipleChoiceObjective:
                var choices = tokens.size(1);
                var marks = arange(choices, dtype: ScalarType.Int64).unsqueeze(0).eq(part("labels")!.unsqueeze(1)).to(ScalarType.Int64);
                segments = segments?.flatten(0, 1);
                return Made(tokens.flatten(0, 1), Longs(marks)!, mask?.flatten(0, 1), rowsPerUnit: (int)choices);
            case RegressionObjective or MultiLabelObjective: return Made(tokens, [.. Enumerable.Repeat(TokenBatch.Ignored, (int)tokens.size(0))], mask, values: [.. part("labels")!.to(ScalarType.Float32).contiguous().data<float>()]);
            default: return Made(tokens, Longs(part("labels"))!, mask, part("labels")!.dim() == 2 && part("labels")!.size(1) != tokens.size(1) ? (int)part("labels")!.size(1) : null);
        }

        // What lies beyond the row is no answer.
        Tensor Inside(Tensor positions) => positions.masked_fill(positions.ge(tokens.size(1)), TokenBatch.Ignored);

        TokenBatch Made(Tensor rows, long[] targets, Tensor? kept, int? targetLength = null, int rowsPerUnit = 1, float[]? values = null) =>
            new((int)rows.size(0), (int)rows.size(1), Longs(rows)!, targets, kept is null ? null : [.. Longs(kept)!.Select(value => value != 0)], targetLength) { Segments = Longs(segments), RowsPerUnit = rowsPerUnit, Values = values };
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
