using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Golden.Models;

/// <summary>models/lora: PEFT folders on tiny checkpoints: logits, loss, every gradient, three steps of AdamW, merged weights; switched off, unmerged and saved they leave all as it was.</summary>
internal sealed class AdapterReader : CaseReader
{
    private const double Close = 1e-4;

    public override bool Reads(string file) => file.StartsWith("lora/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        using var scope = NewDisposeScope();
        var folder = Path.GetFullPath(Path.Combine(c.Folder, c.Root.GetProperty("base").GetString()!));
        using var task = TaskModel.Open(c.Root.GetProperty("task").GetString()!, folder);
        var expected = SafeTensors.Read(Path.Combine(c.Folder, "expected.safetensors"));
        using (no_grad()) tally.Number("loss of the base", c.Root.GetProperty("loss_base").GetDouble(), task.Loss().item<float>(), 1e-5);
        var before = Copies(task.Weights());
        try
        {
            PeftFolder.Load(c.Folder, task.Module);
        }
        catch (NotSupportedException e)
        {
            throw new UnsupportedException(e.Message);
        }
        var adapters = ModelAdapters.Of(task.Module)!;
        var logits = expected.GetValueOrDefault("logits") ?? expected.GetValueOrDefault("start_logits") ?? expected["last_hidden_state"];
        using (no_grad())
        {
            tally.Tensors("logits", logits, task.Logits(), Close, mask: task.MaskOf(logits));
            if (expected.GetValueOrDefault("logits_f64") is { } wide) tally.Tensors("logits in double", wide, task.Logits(), Close, mask: task.MaskOf(logits));
            foreach (var key in new[] { "loss", "loss_f64" })
                if (c.Root.TryGetProperty(key, out var number)) tally.Number(key, number.GetDouble(), task.Loss().item<float>(), 1e-5);
            if (expected.GetValueOrDefault("loss") is { } recorded) tally.Number("loss as a tensor", recorded.item<float>(), task.Loss().item<float>(), 1e-5);
        }
        VerifyParameters(c, tally, adapters, task.Module);
        VerifySaved(c, tally, task.Module);
        adapters.Deactivate();
        using (no_grad()) tally.Number("loss without the adapter", c.Root.GetProperty("loss_base").GetDouble(), task.Loss().item<float>(), 1e-5);
        Same(tally, "weights of the base", before, task.Weights());
        adapters.Activate(ModelAdapters.DefaultName);
        if (c.Root.GetProperty("merged").ValueKind == JsonValueKind.Array) VerifyMerged(c, tally, task, adapters, expected);
        VerifyTraining(c, tally, task, adapters, expected);
        adapters.Remove(ModelAdapters.DefaultName);
        Same(tally, "weights of the base after training", before, task.Weights());
    }

    private static void VerifyParameters(FixtureCase c, Tally tally, ModelAdapters adapters, nn.Module model)
    {
        var views = adapters.Views();
        var trainable = c.Root.GetProperty("trainable").EnumerateArray().ToList();
        // Biases that are trained in place have no name of their own in some files of the reference.
        trainable.RemoveAll(entry => entry.GetProperty("name").ValueKind != JsonValueKind.String);
        tally.Sequence("names of trained parameters", trainable.Select(entry => entry.GetProperty("name").GetString()).Order(StringComparer.Ordinal), views.Keys.Order(StringComparer.Ordinal));
        foreach (var entry in trainable.Where(entry => views.ContainsKey(entry.GetProperty("name").GetString()!)))
            tally.Sequence("shapes of trained parameters", entry.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()), views[entry.GetProperty("name").GetString()!].shape);
        tally.Equal("count of trained numbers", c.Root.GetProperty("trainable_total").GetInt64(), model.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel()));
    }

    private static void VerifySaved(FixtureCase c, Tally tally, nn.Module model)
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            PeftFolder.Save(folder.FullName, model);
            var (read, written) = (SafeTensors.Read(Path.Combine(c.Folder, PeftFolder.WeightsName)), SafeTensors.Read(Path.Combine(folder.FullName, PeftFolder.WeightsName)));
            tally.Sequence("names of saved tensors", read.Keys.Where(key => !key.Contains(".original_module.", StringComparison.Ordinal) && !key.Contains(".modules_to_save.", StringComparison.Ordinal)).Order(StringComparer.Ordinal), written.Keys.Order(StringComparer.Ordinal));
            foreach (var (name, value) in read.Where(entry => written.ContainsKey(entry.Key))) tally.Tensors("saved tensors", value, written[name], 0);
            using var before = JsonDocument.Parse(File.ReadAllText(Path.Combine(c.Folder, PeftFolder.ConfigName)));
            using var after = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.FullName, PeftFolder.ConfigName)));
            var changed = before.RootElement.EnumerateObject().Where(key => !after.RootElement.TryGetProperty(key.Name, out var value) || !JsonElement.DeepEquals(key.Value, value)).Select(key => key.Name);
            tally.Equal("keys of adapter_config.json that saving changed", "", string.Join(", ", changed));
            tally.Equal("new keys of adapter_config.json", "", string.Join(", ", after.RootElement.EnumerateObject().Where(key => !before.RootElement.TryGetProperty(key.Name, out _)).Select(key => key.Name)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void VerifyMerged(FixtureCase c, Tally tally, TaskModel task, ModelAdapters adapters, IReadOnlyDictionary<string, Tensor> expected)
    {
        var before = Copies(task.Weights());
        try
        {
            adapters.Merge();
        }
        catch (NotSupportedException e)
        {
            throw new UnsupportedException(e.Message);
        }
        var merged = task.Weights();
        foreach (var name in c.Root.GetProperty("merged").ToTexts())
        {
            if (merged.TryGetValue(name, out var weight)) tally.Tensors("merged weights", expected[$"merged.{name}"], weight, 1e-6, 1e-6);
            else tally.Equal("merged weights", name, "missing");
        }
        var logits = expected.GetValueOrDefault("merged_logits");
        using (no_grad()) if (logits is not null) tally.Tensors("merged logits", logits, task.Logits(), Close, mask: task.MaskOf(logits));
        adapters.Unmerge();
        Same(tally, "unmerged weights", before, task.Weights());
    }

    private static void VerifyTraining(FixtureCase c, Tally tally, TaskModel task, ModelAdapters adapters, IReadOnlyDictionary<string, Tensor> expected)
    {
        task.Module.train();
        using var parameters = FlatParameters.Adopt(task.Module);
        var settings = ModelReader.AdamW(c);
        using var optimizer = settings.Create(parameters);
        var losses = c.Root.GetProperty("loss_steps").ToDoubles();
        for (int step = 0; step < losses.Length; step++)
        {
            parameters.Gradients.zero_();
            using var scope = NewDisposeScope();
            var loss = task.Loss();
            tally.Number(step == 0 ? "loss" : "losses of the steps", losses[step], loss.item<float>(), step == 0 ? 1e-5 : 1e-4);
            if (step == losses.Length - 1) break;
            loss.backward();
            if (step == 0)
            {
                var gradients = adapters.Gradients();
                foreach (var (name, gradient) in gradients) tally.Tensors("gradients", expected[$"grad.{name}"], gradient, 1e-5, 1e-4);
                tally.Equal("gradients that nothing was compared with", "", string.Join(", ", expected.Keys.Where(key => key.StartsWith("grad.", StringComparison.Ordinal) && !gradients.ContainsKey(key["grad.".Length..]))));
            }
            optimizer.Step(settings.LearningRate);
        }
        foreach (var (name, value) in adapters.Views())
        {
            var gradient = expected[$"grad.{name}"].abs();
            var firm = gradient.ge(1e-5);
            tally.Tensors("parameters after the steps", expected[$"step3.{name}"], value, 2e-5, mask: ModelReader.HasNoise(name, c) ? firm : firm.logical_or(gradient.eq(0)));
            tally.Tensors("all parameters after the steps", expected[$"step3.{name}"], value, 6.1e-3);
        }
        task.Module.eval();
    }

    private static Dictionary<string, Tensor> Copies(Dictionary<string, Tensor> weights) => weights.ToDictionary(entry => entry.Key, entry => entry.Value.clone());

    private static void Same(Tally tally, string what, Dictionary<string, Tensor> before, Dictionary<string, Tensor> after)
    {
        foreach (var (name, value) in before) tally.Tensors(what, value, after[name], 0);
    }

    /// <summary>A base model of some task with its batch.</summary>
    private abstract class TaskModel : IDisposable
    {
        private readonly IReadOnlyDictionary<string, Tensor> _inputs;

        protected TaskModel(string folder)
        {
            _inputs = SafeTensors.Read(Path.Combine(folder, "inputs.safetensors"));
            Mask = _inputs["attention_mask"].to(ScalarType.Bool);
        }

        public abstract nn.Module Module { get; }

        protected Tensor Tokens => _inputs["input_ids"];

        protected Tensor Mask { get; }

        protected Tensor? Segments => _inputs.GetValueOrDefault("token_type_ids");

        protected Tensor Labels => _inputs["labels"];

        protected Tensor Input(string name) => _inputs[name];

        public static TaskModel Open(string task, string folder) => task switch
        {
            "lm" => new Decoder(folder),
            "seq2seq" => new EncoderDecoder(folder),
            "seqcls" => new Classifier(folder),
            "tokcls" => new PerToken<TokenClassifier>(folder, HuggingFaceFolder.LoadTokenClassifier(folder)),
            "mlm" => new PerToken<MaskedLanguageModel>(folder, HuggingFaceFolder.LoadMaskedLanguageModel(folder)),
            "qa" => new Answers(folder),
            "base" => new Base(folder),
            _ => throw new UnsupportedException($"there is no reader for adapters of the task {task}"),
        };

        public abstract Tensor Logits();

        public abstract Tensor Loss();

        public abstract Dictionary<string, Tensor> Weights();

        /// <summary>Where logits are compared.</summary>
        public virtual Tensor? MaskOf(Tensor expected) => null;

        /// <summary>The mask or labels behind those of virtual tokens.</summary>
        protected static Tensor Behind(Tensor values, long length, Scalar ofVirtual) =>
            values.size(1) == length ? values : cat([full([values.size(0), length - values.size(1)], ofVirtual, dtype: values.dtype), values], 1);

        public void Dispose() => Module.Dispose();
    }

    private sealed class Decoder(string folder) : TaskModel(folder)
    {
        private readonly DecoderModel _model = HuggingFaceFolder.LoadDecoder(folder);

        public override nn.Module Module => _model;

        public override Tensor Logits()
        {
            // The reference's logits are of virtual tokens, too, where those are embeddings.
            List<Tensor> states = [];
            _model.Forward(Tokens, Mask, hiddenStates: states);
            return _model.Logits(states[^1]);
        }

        public override Tensor Loss()
        {
            var logits = Logits();
            var length = logits.size(1);
            var labels = Behind(Labels, length, -100);
            return ModelReader.CrossEntropy(logits.narrow(1, 0, length - 1), labels.narrow(1, 1, length - 1));
        }

        public override Dictionary<string, Tensor> Weights() => ModelWeights.Views(_model);

        public override Tensor MaskOf(Tensor expected) => Behind(Mask.to(ScalarType.Int64), expected.size(1), 1).to(ScalarType.Bool).unsqueeze(-1);
    }

    private sealed class EncoderDecoder(string folder) : TaskModel(folder)
    {
        private readonly EncoderDecoderModel _model = HuggingFaceFolder.LoadEncoderDecoder(folder);

        public override nn.Module Module => _model;

        public override Tensor Logits() => _model.Logits(_model.Decode(_model.ShiftRight(Labels), _model.Encode(Tokens, Mask), Mask));

        public override Tensor Loss() => ModelReader.CrossEntropy(Logits(), Labels);

        public override Dictionary<string, Tensor> Weights() => ModelWeights.Views(_model);
    }

    private sealed class Classifier(string folder) : TaskModel(folder)
    {
        private readonly SequenceClassifier _model = HuggingFaceFolder.LoadClassifier(folder);

        public override nn.Module Module => _model;

        public override Tensor Logits() => _model.Forward(Tokens, Mask, Segments);

        public override Tensor Loss() => _model.Problem switch
        {
            ClassificationProblem.Regression => F.mse_loss(Logits().squeeze(), Labels.squeeze()),
            ClassificationProblem.MultiLabel => F.binary_cross_entropy_with_logits(Logits(), Labels),
            _ => ModelReader.CrossEntropy(Logits(), Labels),
        };

        public override Dictionary<string, Tensor> Weights() => ModelWeights.Views(_model);
    }

    private sealed class PerToken<TModel>(string folder, TModel model) : TaskModel(folder) where TModel : nn.Module, IHeadedModel
    {
        public override nn.Module Module => model;

        public override Tensor Logits()
        {
            // Those of virtual tokens, too, where they are embeddings.
            List<Tensor> states = [];
            model.Backbone.ReadTexts(Tokens, Mask, Segments, states);
            return ((TokenHead)model.HeadModule).Forward(states[^1]);
        }

        public override Tensor Loss()
        {
            var logits = Logits();
            return ModelReader.CrossEntropy(logits, Behind(Labels, logits.size(1), -100));
        }

        public override Dictionary<string, Tensor> Weights() => ModelWeights.Views(model);

        public override Tensor MaskOf(Tensor expected) => Behind(Mask.to(ScalarType.Int64), expected.size(1), 1).to(ScalarType.Bool).unsqueeze(-1);
    }

    private sealed class Answers(string folder) : TaskModel(folder)
    {
        private readonly QuestionAnsweringModel _model = HuggingFaceFolder.LoadQuestionAnswering(folder);

        public override nn.Module Module => _model;

        public override Tensor Logits() => _model.Forward(Tokens, Mask, Segments).Start;

        public override Tensor Loss()
        {
            var (start, end) = _model.Forward(Tokens, Mask, Segments);
            return (Ends(start, Input("start_positions")) + Ends(end, Input("end_positions"))) / 2;

            // A position beyond the sequence is no answer.
            static Tensor Ends(Tensor logits, Tensor positions) => ModelReader.CrossEntropy(logits, positions.clamp(0, logits.size(1)).masked_fill(positions.clamp(0, logits.size(1)).eq(logits.size(1)), -100));
        }

        public override Dictionary<string, Tensor> Weights() => ModelWeights.Views(_model);

        public override Tensor MaskOf(Tensor expected) => Mask;
    }

    private sealed class Base(string folder) : TaskModel(folder)
    {
        private readonly TextEmbedder _model = HuggingFaceFolder.LoadTextEmbedder(folder, pooling: null, isNormalized: false);

        public override nn.Module Module => _model;

        public override Tensor Logits() => _model.Backbone.ReadTexts(Tokens, Mask, Segments);

        public override Tensor Loss()
        {
            var hidden = Logits();
            return hidden.mul(Mask.unsqueeze(-1)).square().mean() + _model.HeadModule.Forward(hidden, Tokens, Mask).square().mean();
        }

        public override Dictionary<string, Tensor> Weights() => ModelWeights.Views(_model);

        public override Tensor MaskOf(Tensor expected) => Mask.unsqueeze(-1);
    }
}
