using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Models;

/// <summary>models/recurrent: language models, classifiers over packed rows, and two chunks with a carried state: states, logits, loss, every gradient, three steps of AdamW, greedy tokens.</summary>
internal sealed class RecurrentReader : CaseReader
{
    public override bool Reads(string file) => file.StartsWith("recurrent/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        using var scope = NewDisposeScope();
        var inputs = SafeTensors.Read(Path.Combine(c.Folder, "inputs.safetensors"));
        ModelReader.Expected expected = new(c, tally);
        switch (c.Root.GetProperty("task").GetString())
        {
            case "lm": LanguageModel(c, inputs, expected); break;
            case "seqcls": Classifier(c, inputs, expected); break;
            case "tbptt": Chunks(c, inputs, expected); break;
            case var task: throw new UnsupportedException($"there is no reader for the task {task}");
        }
    }

    private static void LanguageModel(FixtureCase c, IReadOnlyDictionary<string, Tensor> inputs, ModelReader.Expected expected)
    {
        using var model = (RecurrentLanguageModel)HuggingFaceFolder.LoadDecoder(c.Folder);
        var (tokens, labels) = (inputs["input_ids"], inputs["labels"]);
        using (no_grad())
        {
            List<Tensor> hiddenStates = [];
            var hidden = model.Forward(tokens, hiddenStates: hiddenStates);
            expected.Tensor("embeddings", "embeddings", hiddenStates[0], null);
            expected.Tensor("output", "rnn_output", hidden, null);
            expected.Tensor("last hidden state", "rnn_output", hiddenStates[^1], null);
            expected.Tensor("logits", "logits", model.Logits(hidden), null);
            var output = model.Read(tokens);
            using var carried = output.Carried;
            expected.Tensor("output from a carried state", "rnn_output", output.Hidden, null);
            State(expected, "", carried);
        }
        var length = tokens.size(1);
        expected.Training(model, () => ModelReader.CrossEntropy(model.Logits(model.Forward(tokens)).narrow(1, 0, length - 1), labels.narrow(1, 1, length - 1)));
        if (c.Root.TryGetProperty("greedy", out var records)) Greedy(c, records, expected.Tally);
    }

    private static void Greedy(FixtureCase c, JsonElement records, Tally tally)
    {
        using var model = HuggingFaceFolder.LoadDecoder(c.Folder);
        int[][] prompts = [.. records.EnumerateArray().Select(record => record.GetProperty("prompt").ToInts())];
        int[][] wanted = [.. records.EnumerateArray().Select(record => record.GetProperty("new_tokens").ToInts())];
        GenerationOptions options = new() { Temperature = 0, MaxNewTokens = wanted.Max(tokens => tokens.Length), EndTokens = [] };
        var together = new TokenGenerator(model).Generate(prompts, options);
        for (int row = 0; row < prompts.Length; row++)
        {
            tally.Sequence($"greedy tokens of row {row}", wanted[row], together[row].Tokens.Take(wanted[row].Length));
            tally.Sequence($"greedy tokens of row {row} alone", wanted[row], new TokenGenerator(model).Generate([prompts[row]], options)[0].Tokens.Take(wanted[row].Length));
        }
        // A shorter prompt beside them is padded on the left, and changes nothing.
        var padded = new TokenGenerator(model).Generate([.. prompts, prompts[0][..1]], options);
        for (int row = 0; row < prompts.Length; row++) tally.Sequence($"greedy tokens of row {row} beside a shorter one", wanted[row], padded[row].Tokens.Take(wanted[row].Length));
    }

    private static void Classifier(FixtureCase c, IReadOnlyDictionary<string, Tensor> inputs, ModelReader.Expected expected)
    {
        using var model = HuggingFaceFolder.LoadClassifier(c.Folder);
        var (tokens, lengths) = (inputs["input_ids"], inputs["lengths"]);
        var mask = arange(tokens.size(1), dtype: ScalarType.Int64).unsqueeze(0).lt(lengths.unsqueeze(1));
        using (no_grad())
        {
            var (hidden, state) = ((RecurrentEncoder)model.Backbone).ReadToEnd(tokens, mask);
            using (state)
            {
                expected.Tensor("output", "rnn_output", hidden, null);
                State(expected, "", state);
            }
            expected.Tensor("pooled", "pooled", SequencePooling.Mean(hidden, tokens, mask, padding: null), null);
            expected.Tensor("logits", "logits", model.Forward(tokens, mask), null);
        }
        expected.Training(model, () => ModelReader.CrossEntropy(model.Forward(tokens, mask), inputs["labels"]));
    }

    private static void Chunks(FixtureCase c, IReadOnlyDictionary<string, Tensor> inputs, ModelReader.Expected expected)
    {
        using var model = (RecurrentLanguageModel)HuggingFaceFolder.LoadDecoder(c.Folder);
        using (no_grad()) Read((chunk, output, logits, loss) =>
        {
            expected.Tensor($"logits of chunk {chunk}", $"chunk{chunk}.logits", logits, null);
            expected.Tensor($"loss of chunk {chunk}", $"chunk{chunk}.loss", loss, null);
            State(expected, $"chunk{chunk}.", output.Carried);
        });
        expected.Training(model, () => Read(null));

        Tensor Read(Action<int, RecurrentOutput, Tensor, Tensor>? look)
        {
            Tensor total = zeros([]);
            RecurrentState? carried = null;
            for (int chunk = 1; inputs.TryGetValue($"chunk{chunk}.input_ids", out var tokens); chunk++)
            {
                var output = model.Read(tokens, carried);
                carried?.Dispose();
                carried = output.Carried;
                var logits = model.Logits(output.Hidden);
                var loss = ModelReader.CrossEntropy(logits, inputs[$"chunk{chunk}.targets"]);
                look?.Invoke(chunk, output, logits, loss);
                total = total + loss;
            }
            carried?.Dispose();
            return total;
        }
    }

    /// <summary>As torch has them: layers and directions first.</summary>
    private static void State(ModelReader.Expected expected, string prefix, RecurrentState state)
    {
        expected.Tensor("last state", $"{prefix}h_n", stack(state.Hidden, 0), null);
        if (state.Memory.Count > 0) expected.Tensor("last memory", $"{prefix}c_n", stack(state.Memory, 0), null);
    }
}
