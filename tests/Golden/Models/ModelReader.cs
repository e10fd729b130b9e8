using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Golden.Models;

/// <summary>models: tiny checkpoints of every family: hidden states, logits, loss, every gradient, three steps of AdamW; generated tokens record by record.</summary>
internal sealed class ModelReader : CaseReader
{
    private const double Close = 1e-4;

    private static readonly string[] Keys = ["c_attn", "query_key_value", "key", "k_proj", "k_lin", "key_proj", "attn.k", "qkv", "qkv_proj"];

    public override bool Reads(string file) => !file.StartsWith("lora/", StringComparison.Ordinal) && !file.StartsWith("recurrent/", StringComparison.Ordinal) && file != "initialisation.json" && file != "index.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        var config = Path.Combine(c.Folder, "config.json");
        using (var json = JsonDocument.Parse(File.ReadAllText(config)))
        {
            var family = json.RootElement.GetProperty("model_type").GetString()!;
            if (!ModelFamilies.Names.Contains(family)) throw new UnsupportedException($"the library does not have the family {family}");
        }
        using var scope = NewDisposeScope();
        if (c.Value.TryGetProperty("kwargs", out _)) GenerationRecord.Verify(c, tally);
        else
        {
            Verify(WithNumbers(c), tally, c.Folder);
            VerifyLegacy(c, tally);
        }
    }

    /// <summary>The case that holds inputs and expected numbers: another one where this one only stores its weights differently.</summary>
    private static FixtureCase WithNumbers(FixtureCase c)
    {
        if (c.Root.GetProperty("task").GetString() != "same_weights_as") return c;
        var file = $"{c.Root.GetProperty("same_as").GetString()}/expected.json";
        return c with { File = file, Root = JsonDocument.Parse(File.ReadAllText(Path.Combine(c.Area, file))).RootElement };
    }

    private static void Verify(FixtureCase c, Tally tally, string folder)
    {
        Inputs inputs = new(Path.Combine(c.Folder, "inputs.safetensors"));
        Expected expected = new(c, tally);
        switch (c.Root.GetProperty("task").GetString())
        {
            case "lm": LanguageModel(folder, inputs, expected); break;
            case "seq2seq": SequenceToSequence(folder, inputs, expected); break;
            case "base": Base(folder, inputs, expected); break;
            case "mlm":
                using (var model = HuggingFaceFolder.LoadMaskedLanguageModel(folder)) Headed(model, model.Backbone, inputs, expected, () => model.Forward(inputs.Tokens, inputs.Mask, inputs.Segments), perToken: true, logits => CrossEntropy(logits, inputs.Labels));
                break;
            case "rtd":
                using (var model = HuggingFaceFolder.LoadReplacedTokenDetector(folder))
                    Headed(model, model.Backbone, inputs, expected, () => model.Forward(inputs.Tokens, inputs.Mask, inputs.Segments), perToken: true, logits => F.binary_cross_entropy_with_logits(logits.masked_select(inputs.Mask), inputs.Labels.to(ScalarType.Float32).masked_select(inputs.Mask)));
                break;
            case "tokcls":
                using (var model = HuggingFaceFolder.LoadTokenClassifier(folder)) Headed(model, model.Backbone, inputs, expected, () => model.Forward(inputs.Tokens, inputs.Mask, inputs.Segments), perToken: true, logits => CrossEntropy(logits, inputs.Labels));
                break;
            case "seqcls":
                using (var model = HuggingFaceFolder.LoadClassifier(folder))
                {
                    Func<Tensor, Tensor> loss = model.Problem switch
                    {
                        ClassificationProblem.Regression => logits => F.mse_loss(logits.squeeze(), inputs.Labels.squeeze()),
                        ClassificationProblem.MultiLabel => logits => F.binary_cross_entropy_with_logits(logits, inputs.Labels),
                        _ => logits => CrossEntropy(logits, inputs.Labels),
                    };
                    Headed(model, model.Backbone, inputs, expected, () => model.Forward(inputs.Tokens, inputs.Mask, inputs.Segments), perToken: false, loss);
                }
                break;
            case "mc":
                using (var model = HuggingFaceFolder.LoadMultipleChoice(folder)) Headed(model, model.Backbone, inputs, expected, () => model.Forward(inputs.Tokens, inputs.Mask, inputs.Segments), perToken: false, logits => CrossEntropy(logits, inputs.Labels));
                break;
            case "qa": QuestionAnswering(folder, inputs, expected); break;
            case var task: throw new UnsupportedException($"there is no reader for the task {task}");
        }
    }

    /// <summary>The older spelling of the same configuration gives the same model.</summary>
    private static void VerifyLegacy(FixtureCase c, Tally tally)
    {
        var legacy = Path.Combine(c.Folder, "config.legacy.json");
        if (!File.Exists(legacy)) return;
        var older = ModelFamilies.ReadConfig(System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(legacy))!.AsObject());
        var newer = HuggingFaceFolder.ReadConfig(c.Folder);
        // What is only carried along may differ; what the model is made of may not.
        tally.Equal("configuration in the older spelling", Text(newer with { EndOfText = older.EndOfText }), Text(older));

        static string Text(ModelConfig config) => (config with { OtherKeys = new Dictionary<string, JsonElement>(), UnknownKeys = [] }).ToJson(ModelHead.None).ToJsonString();
    }

    private static void LanguageModel(string folder, Inputs inputs, Expected expected)
    {
        using var model = HuggingFaceFolder.LoadDecoder(folder);
        using (no_grad())
        {
            List<Tensor> hiddenStates = [];
            var hidden = model.Forward(inputs.Tokens, inputs.Mask, hiddenStates: hiddenStates);
            expected.HiddenStates("hidden_states", hiddenStates, inputs.Mask);
            expected.Tensor("logits", "logits", model.Logits(hidden), inputs.Mask);
            expected.Tensor("logits without a mask", "logits", model.Logits(model.Forward(inputs.Tokens)), inputs.Mask);
            if (inputs["generation.input_ids"] is Tensor prompts)
            {
                var promptMask = inputs["generation.attention_mask"]!.to(ScalarType.Bool);
                expected.Tensor("logits of left-padded prompts", "generation.prompt_logits", model.Logits(model.Forward(prompts, promptMask)), promptMask);
            }
        }
        var length = inputs.Tokens.size(1);
        expected.Training(model, () => CrossEntropy(model.Logits(model.Forward(inputs.Tokens)).narrow(1, 0, length - 1), inputs.Labels.narrow(1, 1, length - 1)));
    }

    private static void SequenceToSequence(string folder, Inputs inputs, Expected expected)
    {
        using var model = HuggingFaceFolder.LoadEncoderDecoder(folder);
        var targets = model.ShiftRight(inputs.Labels);
        expected.Tally.Equal("decoder's input", string.Join(' ', inputs["decoder_input_ids"]!.data<long>()), string.Join(' ', targets.data<long>()));
        using (no_grad())
        {
            List<Tensor> encoderStates = [], decoderStates = [];
            var memory = model.Encode(inputs.Tokens, inputs.Mask, encoderStates);
            expected.Tensor("memory", "encoder_last_hidden_state", memory, inputs.Mask);
            expected.HiddenStates("encoder_hidden_states", encoderStates, inputs.Mask);
            var hidden = model.Decode(targets, memory, inputs.Mask, hiddenStates: decoderStates);
            expected.HiddenStates("hidden_states", decoderStates, null);
            expected.Tensor("logits", "logits", model.Logits(hidden), null);
        }
        expected.Training(model, () => CrossEntropy(model.Logits(model.Decode(targets, model.Encode(inputs.Tokens, inputs.Mask), inputs.Mask)), inputs.Labels));
    }

    private static void Base(string folder, Inputs inputs, Expected expected)
    {
        if (!expected.Has("pooler_output"))
        {
            using var bare = HuggingFaceFolder.LoadEncoder(folder);
            Base(bare, inputs, expected, () => bare.ReadTexts(inputs.Tokens, inputs.Mask, inputs.Segments), null);
            return;
        }
        using var model = HuggingFaceFolder.LoadTextEmbedder(folder, pooling: null, isNormalized: false);
        Base(model, inputs, expected, () => model.Backbone.ReadTexts(inputs.Tokens, inputs.Mask, inputs.Segments), hidden => model.HeadModule.Forward(hidden, inputs.Tokens, inputs.Mask));
    }

    /// <summary>A bare encoder has no loss of its own; the fixtures take means of squares.</summary>
    private static void Base<TModel>(TModel model, Inputs inputs, Expected expected, Func<Tensor> read, Func<Tensor, Tensor>? pool) where TModel : nn.Module, ICheckpointModel
    {
        using (no_grad())
        {
            List<Tensor> hiddenStates = [];
            var backbone = model as BackboneModel ?? ((IHeadedModel)model).Backbone;
            var hidden = backbone.ReadTexts(inputs.Tokens, inputs.Mask, inputs.Segments, hiddenStates);
            expected.HiddenStates("hidden_states", hiddenStates, inputs.Mask);
            expected.Tensor("last hidden state", "last_hidden_state", hidden, inputs.Mask);
            if (pool is not null) expected.Tensor("pooler output", "pooler_output", pool(hidden), null);
        }
        expected.Training(model, () =>
        {
            var hidden = read();
            var loss = hidden.mul(inputs.Mask.unsqueeze(-1)).square().mean();
            return pool is null ? loss : loss + pool(hidden).square().mean();
        });
    }

    private static void QuestionAnswering(string folder, Inputs inputs, Expected expected)
    {
        using var model = HuggingFaceFolder.LoadQuestionAnswering(folder);
        using (no_grad())
        {
            List<Tensor> hiddenStates = [];
            model.Backbone.ReadTexts(inputs.Tokens, inputs.Mask, inputs.Segments, hiddenStates);
            expected.HiddenStates("hidden_states", hiddenStates, inputs.Mask);
            var (start, end) = model.Forward(inputs.Tokens, inputs.Mask, inputs.Segments);
            expected.Tensor("start logits", "start_logits", start, inputs.Mask);
            expected.Tensor("end logits", "end_logits", end, inputs.Mask);
        }
        expected.Training(model, () =>
        {
            var (start, end) = model.Forward(inputs.Tokens, inputs.Mask, inputs.Segments);
            return (Ends(start, inputs["start_positions"]!) + Ends(end, inputs["end_positions"]!)) / 2;
        });

        // A position beyond the sequence is no answer.
        static Tensor Ends(Tensor logits, Tensor positions) =>
            CrossEntropy(logits, positions.clamp(0, logits.size(1)).masked_fill(positions.clamp(0, logits.size(1)).eq(logits.size(1)), SoftmaxCrossEntropy.Ignored));
    }

    private static Tensor Rows(Tensor tokens) => tokens.dim() == 3 ? tokens.flatten(0, 1) : tokens;

    private static void Headed<TModel>(TModel model, BackboneModel backbone, Inputs inputs, Expected expected, Func<Tensor> forward, bool perToken, Func<Tensor, Tensor> loss) where TModel : nn.Module, ICheckpointModel
    {
        using (no_grad())
        {
            List<Tensor> hiddenStates = [];
            // A question's choices are texts of their own.
            backbone.ReadTexts(Rows(inputs.Tokens), Rows(inputs.Mask), inputs.Segments is null ? null : Rows(inputs.Segments), hiddenStates);
            expected.HiddenStates("hidden_states", hiddenStates, Rows(inputs.Mask));
            expected.Tensor("logits", "logits", forward(), perToken ? inputs.Mask : null);
        }
        expected.Training(model, () => loss(forward()));
    }

    /// <summary>The mean over targets that are not ignored.</summary>
    internal static Tensor CrossEntropy(Tensor logits, Tensor targets)
    {
        var flat = targets.reshape(-1);
        return SoftmaxCrossEntropy.Sum(logits.reshape(flat.numel(), -1), flat) / flat.ne(SoftmaxCrossEntropy.Ignored).sum();
    }

    /// <summary>The optimizer of the steps. The reference decays every parameter.</summary>
    internal static AdamWOptions AdamW(FixtureCase c)
    {
        double Number(string name, double otherwise) => c.Root.TryGetProperty("adamw", out var given) && given.TryGetProperty(name, out var value) ? value.GetDouble() : otherwise;
        return new AdamWOptions
        {
            LearningRate = Number("lr", 1e-3), Beta1 = Number("beta1", 0.9), Beta2 = Number("beta2", 0.999), Epsilon = Number("eps", 1e-8), WeightDecay = Number("weight_decay", 0.01), Decays = WeightDecayScope.All,
        };
    }

    /// <summary>Biases of keys, and of the scores of choices and of an answer's ends, have noise for a gradient, even where it happens to be zero: softmax ignores what is added to all of its inputs.</summary>
    internal static bool HasNoise(string parameter, FixtureCase c)
    {
        var name = parameter.Replace(".base_layer.", ".", StringComparison.Ordinal).Replace(".lora_B.", ".", StringComparison.Ordinal);
        return name.EndsWith("qa_outputs.bias", StringComparison.Ordinal) || (name.EndsWith("classifier.bias", StringComparison.Ordinal) && c.Root.GetProperty("task").GetString() == "mc")
            || Keys.Any(key => name.EndsWith($"{key}.bias", StringComparison.Ordinal));
    }

    /// <summary>The batch of a case.</summary>
    private sealed class Inputs
    {
        private readonly IReadOnlyDictionary<string, Tensor> _tensors;

        public Inputs(string path)
        {
            _tensors = SafeTensors.Read(path);
            Mask = this["attention_mask"]!.to(ScalarType.Bool);
        }

        public Tensor Tokens => this["input_ids"]!;

        public Tensor Mask { get; }

        public Tensor? Segments => this["token_type_ids"];

        public Tensor Labels => this["labels"]!;

        public Tensor? this[string name] => _tensors.GetValueOrDefault(name);
    }

    /// <summary>What the reference computed.</summary>
    internal sealed class Expected(FixtureCase c, Tally tally)
    {
        private readonly IReadOnlyDictionary<string, Tensor> _tensors = SafeTensors.Read(Path.Combine(c.Folder, "expected.safetensors"));

        public Tally Tally => tally;

        public bool Has(string name) => _tensors.ContainsKey(name);

        /// <summary>Against the number that the reference computed, and against the one that it computed in double, where there is one.</summary>
        public void Tensor(string what, string name, Tensor actual, Tensor? mask)
        {
            tally.Tensors(what, _tensors[name], actual, Close, mask: Broadcast(mask, actual));
            if (_tensors.TryGetValue($"{name}_f64", out var wide)) tally.Tensors($"{what} in double", wide, actual, Close, mask: Broadcast(mask, actual));
        }

        public void HiddenStates(string name, IReadOnlyList<Tensor> states, Tensor? mask)
        {
            tally.Equal($"count of {name}", _tensors.Keys.Count(key => key.StartsWith(name + ".", StringComparison.Ordinal)), states.Count);
            for (int i = 0; i < states.Count; i++) tally.Tensors(name, _tensors[$"{name}.{i}"], states[i], Close, mask: Broadcast(mask, states[i]));
        }

        public void Training<TModel>(TModel model, Func<Tensor> meanLoss) where TModel : nn.Module, ICheckpointModel
        {
            Saved(model);
            Parameters(model);
            model.train();
            using var parameters = FlatParameters.Adopt(model);
            var settings = AdamW(c);
            using var optimizer = settings.Create(parameters);
            var losses = c.Root.GetProperty("loss_steps").ToDoubles();
            for (int step = 0; step < losses.Length; step++)
            {
                parameters.Gradients.zero_();
                using var scope = NewDisposeScope();
                var loss = meanLoss();
                tally.Number(step == 0 ? "loss" : "losses of the steps", losses[step], loss.item<float>(), step == 0 ? 1e-5 : 1e-4);
                if (step == 0) First(loss.item<float>());
                if (c.Root.TryGetProperty("loss_steps_f64", out var wide)) tally.Number("losses of the steps in double", wide[step].GetDouble(), loss.item<float>(), 1e-4);
                if (step == losses.Length - 1) break;
                loss.backward();
                if (step == 0) Gradients(model);
                optimizer.Step(settings.LearningRate);
            }
            foreach (var (name, weight) in ModelWeights.Views(model))
            {
                if (!_tensors.TryGetValue($"step3.{name}", out var after) || !_tensors.TryGetValue($"grad.{name}", out var slope)) continue;
                // AdamW divides rounding noise by its own size: only where the gradient is firm, or truly zero, can the step be compared closely.
                var gradient = slope.abs();
                var firm = gradient.ge(1e-5);
                var isNoise = HasNoise(name, c) || gradient.max().item<float>() is > 0 and < 1e-5f;
                tally.Tensors("weights after the steps", after, weight, 2e-5, mask: isNoise ? firm : firm.logical_or(gradient.eq(0)));
                // Noise may go up here and down there, every step.
                tally.Tensors("all weights after the steps", after, weight, isNoise ? 6.1e-3 : 3.5e-3);
            }
        }

        /// <summary>The loss, wherever else it is recorded.</summary>
        private void First(double loss)
        {
            foreach (var key in new[] { "loss", "loss_f64" })
                if (c.Root.TryGetProperty(key, out var number) && number.ValueKind == JsonValueKind.Number) tally.Number(key, number.GetDouble(), loss, 1e-5);
            if (_tensors.TryGetValue("loss", out var recorded)) tally.Number("loss as a tensor", recorded.item<float>(), loss, 1e-5);
        }

        /// <summary>The reference's parameters, by their names in the file: what is computed and not stored is none of the library's.</summary>
        private void Parameters<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel
        {
            if (!c.Root.TryGetProperty("parameters", out var list)) return;
            string[] computed = c.Root.TryGetProperty("parameters_not_in_file", out var left) ? left.ToTexts() : [];
            var weights = ModelWeights.Views(model);
            foreach (var parameter in list.EnumerateArray().Where(parameter => !computed.Contains(parameter.GetProperty("name").GetString())))
            {
                var name = parameter.GetProperty("name").GetString()!;
                if (weights.TryGetValue(name, out var weight)) tally.Sequence("shapes of parameters", parameter.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()), weight.shape);
                else tally.Equal("parameters", name, "missing");
            }
            var stored = list.EnumerateArray().Where(parameter => !computed.Contains(parameter.GetProperty("name").GetString())).Sum(parameter => parameter.GetProperty("numel").GetInt64());
            tally.Equal("count of parameters", stored, ParameterReport.Of(model).TrainableCount);
            tally.Equal("count of all parameters", c.Root.GetProperty("parameters_total").GetInt64(), stored + list.EnumerateArray().Where(parameter => computed.Contains(parameter.GetProperty("name").GetString())).Sum(parameter => parameter.GetProperty("numel").GetInt64()));
        }

        /// <summary>A model that was read is written as it was: the same tensors, bit by bit, and every key of its configuration.</summary>
        private void Saved<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel
        {
            var folder = Directory.CreateTempSubdirectory();
            try
            {
                HuggingFaceFolder.Save(folder.FullName, model);
                if (File.Exists(Path.Combine(c.Folder, "model.safetensors")))
                {
                    var (read, written) = (SafeTensors.Read(Path.Combine(c.Folder, "model.safetensors")), SafeTensors.Read(Path.Combine(folder.FullName, "model.safetensors")));
                    tally.Sequence("names of saved tensors", read.Keys.Order(StringComparer.Ordinal), written.Keys.Order(StringComparer.Ordinal));
                    foreach (var (name, tensor) in read.Where(entry => written.ContainsKey(entry.Key))) tally.Tensors("saved tensors", tensor, written[name], 0);
                }
                using var before = JsonDocument.Parse(File.ReadAllText(Path.Combine(c.Folder, "config.json")));
                using var after = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.FullName, "config.json")));
                var changed = before.RootElement.EnumerateObject().Where(key => !after.RootElement.TryGetProperty(key.Name, out var value) || !JsonElement.DeepEquals(key.Value, value)).Select(key => key.Name);
                tally.Equal("keys of config.json that saving changed", "", string.Join(", ", changed));
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }

        private void Gradients<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel
        {
            HashSet<string> compared = new(StringComparer.Ordinal);
            foreach (var (name, gradient) in ModelWeights.Gradients(model))
            {
                if (!_tensors.TryGetValue($"grad.{name}", out var reference)) continue;
                tally.Tensors("gradients", reference, gradient, 1e-5, 1e-4);
                compared.Add(name);
            }
            var left = _tensors.Keys.Where(key => key.StartsWith("grad.", StringComparison.Ordinal) && !compared.Contains(key["grad.".Length..])).ToList();
            tally.Equal("gradients that nothing was compared with", "", string.Join(", ", left));
        }

        private static Tensor? Broadcast(Tensor? mask, Tensor actual) => mask is not null && actual.dim() > mask.dim() ? mask.unsqueeze(-1) : mask;
    }
}
