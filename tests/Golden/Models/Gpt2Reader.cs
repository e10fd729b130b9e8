using System.Globalization;
using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Models;

/// <summary>models/gpt2: hidden states, logits, loss, every gradient, three steps of AdamW; generated tokens record by record.</summary>
internal sealed class Gpt2Reader : CaseReader
{
    private static readonly string[] KnownSettings = ["max_new_tokens", "min_new_tokens", "repetition_penalty", "no_repeat_ngram_size"];

    public override bool Reads(string file) => file.StartsWith("gpt2/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        var inputs = SafeTensors.Read(Path.Combine(c.Folder, "inputs.safetensors"));
        var task = c.Root.GetProperty("task").GetString();
        var isRecord = c.Value.TryGetProperty("kwargs", out _);
        switch (task)
        {
            case "lm" when isRecord: VerifyGeneration(c, tally, inputs); break;
            case "lm": VerifyLanguageModel(c, tally, inputs); break;
            case "seqcls": VerifyClassifier(c, tally, inputs); break;
            case "tokcls": VerifyTokenClassifier(c, tally, inputs); break;
            default: throw new UnsupportedException($"there is no GPT-2 for the task {task}");
        }
    }

    private static void VerifyLanguageModel(FixtureCase c, Tally tally, IReadOnlyDictionary<string, Tensor> inputs)
    {
        var expected = SafeTensors.Read(Path.Combine(c.Folder, "expected.safetensors"));
        using var model = HuggingFaceFolder.LoadDecoder(c.Folder);
        var mask = inputs["attention_mask"].to(ScalarType.Bool);
        model.eval();
        using (no_grad())
        {
            List<Tensor> hiddenStates = [];
            var hidden = model.Forward(inputs["input_ids"], mask, hiddenStates: hiddenStates);
            for (int i = 0; i < hiddenStates.Count; i++) tally.Tensors("hidden states", expected[$"hidden_states.{i}"], hiddenStates[i], 1e-4, mask: mask.unsqueeze(-1));
            tally.Equal("count of hidden states", expected.Keys.Count(name => name.StartsWith("hidden_states.", StringComparison.Ordinal)), hiddenStates.Count);
            tally.Tensors("logits", expected["logits"], model.Logits(hidden), 1e-4, mask: mask.unsqueeze(-1));
            if (inputs.TryGetValue("generation.input_ids", out var prompts))
            {
                var promptMask = inputs["generation.attention_mask"].to(ScalarType.Bool);
                tally.Tensors("logits of left-padded prompts", expected["generation.prompt_logits"], model.Logits(model.Forward(prompts, promptMask)), 1e-4, mask: promptMask.unsqueeze(-1));
            }
        }
        var batch = Batch(inputs, Shift.Left(inputs["labels"]));
        Train(c, tally, expected, model, () => new NextTokenObjective().SummedLoss(model, batch), batch.TargetCount);
    }

    private static void VerifyClassifier(FixtureCase c, Tally tally, IReadOnlyDictionary<string, Tensor> inputs)
    {
        if (c.Root.GetProperty("problem") is { ValueKind: JsonValueKind.String } problem && problem.GetString() is "regression" or "multi_label_classification" or "multi_label")
            throw new UnsupportedException($"classifiers answer with one class, not {problem.GetString()}");
        var expected = SafeTensors.Read(Path.Combine(c.Folder, "expected.safetensors"));
        using var model = HuggingFaceFolder.LoadClassifier(c.Folder);
        model.eval();
        using (no_grad()) tally.Tensors("logits", expected["logits"], model.Forward(inputs["input_ids"], inputs["attention_mask"].to(ScalarType.Bool)), 1e-4);
        var batch = Batch(inputs, [.. inputs["labels"].data<long>()]);
        Train(c, tally, expected, model, () => new ClassificationObjective().SummedLoss(model, batch), batch.TargetCount);
    }

    private static void VerifyTokenClassifier(FixtureCase c, Tally tally, IReadOnlyDictionary<string, Tensor> inputs)
    {
        var expected = SafeTensors.Read(Path.Combine(c.Folder, "expected.safetensors"));
        using var model = HuggingFaceFolder.LoadTokenClassifier(c.Folder);
        using (no_grad()) tally.Tensors("logits", expected["logits"], model.Forward(inputs["input_ids"]), 1e-4, mask: inputs["attention_mask"].to(ScalarType.Bool).unsqueeze(-1));
        var labels = inputs["labels"].view(-1);
        Train(c, tally, expected, model, () => SoftmaxCrossEntropy.Sum(model.Forward(inputs["input_ids"]).view(-1, model.Labels.Count), labels), (int)labels.ne(SoftmaxCrossEntropy.Ignored).sum().item<long>());
    }

    private static TokenBatch Batch(IReadOnlyDictionary<string, Tensor> inputs, long[] targets)
    {
        var tokens = inputs["input_ids"];
        return new TokenBatch((int)tokens.size(0), (int)tokens.size(1), [.. tokens.data<long>()], targets, [.. inputs["attention_mask"].data<long>().Select(value => value != 0)]);
    }

    private static void Train<TModel>(FixtureCase c, Tally tally, IReadOnlyDictionary<string, Tensor> expected, TModel model, Func<Tensor> summedLoss, int targets) where TModel : nn.Module, ICheckpointModel
    {
        model.train();
        using var parameters = FlatParameters.Adopt(model);
        // The reference decays every parameter.
        using var optimizer = new Microsoft.ML.LlmFineTune.Optimization.FlatAdamWOptimizer(parameters, new() { LearningRate = 1e-3, WeightDecay = 0.01, DecayVectors = true });
        var losses = c.Root.GetProperty("loss_steps").ToDoubles();
        for (int step = 0; step < losses.Length; step++)
        {
            parameters.Gradients.zero_();
            using var scope = NewDisposeScope();
            var loss = summedLoss().div(targets);
            tally.Number(step == 0 ? "loss" : "losses of the steps", losses[step], loss.item<float>(), step == 0 ? 1e-5 : 1e-4);
            if (step == losses.Length - 1) break;
            loss.backward();
            if (step == 0)
            {
                foreach (var (name, gradient) in ModelWeights.Gradients(model)) tally.Tensors("gradients", expected[$"grad.{name}"], gradient, 1e-5, 1e-4);
            }
            optimizer.Step(1e-3);
        }
        foreach (var (name, weight) in ModelWeights.Views(model))
        {
            if (!expected.TryGetValue($"step3.{name}", out var after)) continue;
            // AdamW divides rounding noise by its own size: only where the gradient is firm, or truly zero, can the step be compared closely.
            // Biases of keys have noise for a gradient, even where it happens to be zero: softmax ignores what is added to all keys.
            var gradient = expected[$"grad.{name}"].abs();
            var firm = gradient.ge(1e-5);
            tally.Tensors("weights after the steps", after, weight, 2e-5, mask: name.EndsWith("c_attn.bias", StringComparison.Ordinal) ? firm : firm.logical_or(gradient.eq(0)));
            tally.Tensors("all weights after the steps", after, weight, 3.5e-3);
        }
    }

    private static void VerifyGeneration(FixtureCase c, Tally tally, IReadOnlyDictionary<string, Tensor> inputs)
    {
        var settings = c["kwargs"];
        var unknown = settings.EnumerateObject().Select(setting => setting.Name).Where(name => !KnownSettings.Contains(name)).ToList();
        if (unknown.Count > 0) throw new UnsupportedException($"generation has no option {string.Join(", ", unknown)}");
        using var model = HuggingFaceFolder.LoadDecoder(c.Folder);
        int[] endTokens = c["eos_token_id"] switch { { ValueKind: JsonValueKind.Array } list => list.ToInts(), { ValueKind: JsonValueKind.Number } one => [one.GetInt32()], _ => [] };
        var options = new GenerationOptions
        {
            Temperature = 0, MaxNewTokens = settings.GetProperty("max_new_tokens").GetInt32(), EndTokens = endTokens,
            MinNewTokens = settings.TryGetProperty("min_new_tokens", out var minimum) ? minimum.GetInt32() : 0, RepetitionPenalty = settings.TryGetProperty("repetition_penalty", out var penalty) ? penalty.GetDouble() : 1,
            NoRepeatNGramSize = settings.TryGetProperty("no_repeat_ngram_size", out var size) ? size.GetInt32() : 0,
        };
        var results = new TokenGenerator(model).Generate(Prompts(inputs, c["prompt"].GetString()!), options);
        var promptLength = c["prompt_length"].GetInt32();
        for (int row = 0; row < results.Count; row++)
        {
            var expected = c["sequences"][row].ToInts()[promptLength..];
            var end = Array.FindIndex(expected, endTokens.Contains);
            tally.Sequence($"tokens of row {row}", end < 0 ? expected : expected[..(end + 1)], results[row].Tokens);
        }
    }

    private static IReadOnlyList<IReadOnlyList<int>> Prompts(IReadOnlyDictionary<string, Tensor> inputs, string prompt)
    {
        var (ids, mask) = (inputs["generation.input_ids"], inputs["generation.attention_mask"]);
        int[] rows = prompt == "batch" ? [.. Enumerable.Range(0, (int)ids.size(0))] : [int.Parse(prompt["row:".Length..], CultureInfo.InvariantCulture)];
        return [.. rows.Select(row => ids[row].data<long>().Zip(mask[row].data<long>()).Where(column => column.Second == 1).Select(column => (int)column.First).ToArray())];
    }
}
