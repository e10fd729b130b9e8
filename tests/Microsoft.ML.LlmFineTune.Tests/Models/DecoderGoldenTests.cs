using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>Decoders against the reference stack: hidden states, logits, loss, every gradient, three optimizer steps.</summary>
public sealed class DecoderGoldenTests
{
    private const double HiddenTolerance = 5e-5;

    public static TheoryData<string> LanguageModels => new(
        "gpt2/lm", "gpt2/lm_gelu_inner", "gpt2/lm_inverse_layer_scale", "gpt2/lm_untied", "llama/lm_biases", "llama/lm_rope_dynamic", "llama/lm_rope_yarn", "llama/lm_untied_gqa", "mistral/lm_sliding", "qwen2/lm_sliding",
        "qwen3/lm", "smollm3/lm", "phi3/lm_longrope_long", "olmo2/lm", "gemma/lm", "gemma2/lm", "gemma3/lm", "gpt_neox/lm_parallel", "gpt_neox/lm_sequential");

    [Theory]
    [MemberData(nameof(LanguageModels))]
    public void HiddenStatesAndLogits(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(golden.Folder);
        model.eval();
        using IDisposable withoutGradients = no_grad();
        // Padding stands on the right: a causal model gives the same at real positions whether or not it is told.
        foreach (Tensor? mask in (Tensor?[])[null, golden.Mask])
        {
            List<Tensor> hiddenStates = [];
            Tensor hidden = model.Forward(golden.Inputs["input_ids"], mask, hiddenStates: hiddenStates);
            Assert.Equal(golden.Expected.Keys.Count(name => name.StartsWith("hidden_states.", StringComparison.Ordinal)), hiddenStates.Count);
            for (int i = 0; i < hiddenStates.Count; i++) GoldenModel.AssertClose($"hidden state {i}", golden.Expected[$"hidden_states.{i}"], hiddenStates[i], HiddenTolerance, golden.Mask);
            GoldenModel.AssertClose("logits", golden.Expected["logits"], model.Logits(hidden), HiddenTolerance, golden.Mask);
        }
    }

    [Theory]
    [MemberData(nameof(LanguageModels))]
    public void LossGradientsAndSteps(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(golden.Folder);
        TokenBatch batch = NextTokenBatch(golden);
        Train(golden, model, () => new NextTokenObjective().SummedLoss(model, batch), batch.TargetCount);
    }

    /// <summary>The base of dynamic positions grows with the text: cached keys keep the rotation of their step, without a cache all are turned anew.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void DynamicPositionsWithAndWithoutACache(bool caches)
    {
        GoldenModel golden = GoldenModel.Of("llama/lm_rope_dynamic");
        JsonNode record = golden.Numbers["generation"]!.AsArray().Single(item => (string)item!["name"]! == $"greedy_use_cache_{(caches ? "true" : "false")}")!;
        long[] expected = [.. record["sequences"]![0]!.AsArray().Select(token => (long)token!)];
        int prompt = (int)record["prompt_length"]!;
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(golden.Folder);
        using IDisposable withoutGradients = no_grad();
        using DecoderCache? cache = caches ? model.CreateCache(1, expected.Length) : null;
        List<long> tokens = [.. expected[..prompt]];
        while (tokens.Count < expected.Length)
        {
            int read = (int)(cache?.Length ?? 0);
            Tensor hidden = model.Forward(tensor(tokens.Skip(read).ToArray(), [1, tokens.Count - read]), cache: cache);
            tokens.Add(model.Logits(hidden.select(1, -1)).argmax().item<long>());
        }
        Assert.Equal(expected, tokens);
    }

    [Fact]
    public void ClassifierLogits()
    {
        GoldenModel golden = GoldenModel.Of("gpt2/seqcls");
        using SequenceClassifier model = HuggingFaceFolder.LoadClassifier(golden.Folder);
        model.eval();
        using IDisposable withoutGradients = no_grad();
        GoldenModel.AssertClose("logits", golden.Expected["logits"], model.Forward(golden.Inputs["input_ids"], golden.Mask), HiddenTolerance);
    }

    [Fact]
    public void ClassifierLossGradientsAndSteps()
    {
        GoldenModel golden = GoldenModel.Of("gpt2/seqcls");
        using SequenceClassifier model = HuggingFaceFolder.LoadClassifier(golden.Folder);
        TokenBatch batch = Batch(golden, [.. golden.Inputs["labels"].data<long>()]);
        Train(golden, model, () => new ClassificationObjective().SummedLoss(model, batch), batch.TargetCount);
    }

    [Fact]
    public void TokenClassifierLossGradientsAndSteps()
    {
        GoldenModel golden = GoldenModel.Of("gpt2/tokcls");
        using TokenClassifier model = HuggingFaceFolder.LoadTokenClassifier(golden.Folder);
        GoldenModel.AssertClose("logits", golden.Expected["logits"], model.Forward(golden.Inputs["input_ids"]), HiddenTolerance, golden.Mask);
        TokenBatch batch = Batch(golden, [.. golden.Inputs["labels"].data<long>()]);
        Train(golden, model, () => SoftmaxCrossEntropy.Sum(model.Forward(golden.Inputs["input_ids"]).view(-1, 5), golden.Inputs["labels"].view(-1)), batch.TargetCount);
    }

    private static void Train<TModel>(GoldenModel golden, TModel model, Func<Tensor> summedLoss, int targets) where TModel : nn.Module, ICheckpointModel
    {
        model.train();
        ReferenceAdamW optimizer = new();
        double[] losses = [.. golden.Numbers["loss_steps"]!.AsArray().Select(loss => (double)loss!)];
        for (int step = 0; step <= 3; step++)
        {
            model.zero_grad();
            using Tensor loss = summedLoss().div(targets);
            Assert.Equal(losses[step], loss.item<float>(), losses[step] * (step == 0 ? 1e-6 : 1e-5));
            if (step == 3) break;
            loss.backward();
            Dictionary<string, Tensor> gradients = ModelWeights.Gradients(model);
            if (step == 0)
            {
                Assert.Equal(golden.Expected.Keys.Where(name => name.StartsWith("grad.", StringComparison.Ordinal)).Order(), gradients.Keys.Select(name => $"grad.{name}").Order());
                foreach ((string name, Tensor gradient) in gradients)
                {
                    Tensor expected = golden.Expected[$"grad.{name}"];
                    GoldenModel.AssertClose($"grad.{name}", expected, gradient, 1e-6 + (1e-5 * expected.abs().max().item<float>()));
                }
            }
            optimizer.Step(ModelWeights.Views(model), gradients);
        }
        foreach ((string name, Tensor weight) in ModelWeights.Views(model))
        {
            // Where the true gradient is zero but the computed one is rounding noise, AdamW divides noise by its own size, and a weight moves by up to the learning
            // rate in a direction that nobody can reproduce. Biases of keys always are such (softmax ignores them), and their noise may happen to be exactly zero.
            Tensor gradient = golden.Expected[$"grad.{name}"];
            Tensor isFirm = HasNoise(name) ? gradient.abs().ge(1e-5) : gradient.abs().ge(1e-5).logical_or(gradient.eq(0));
            Tensor difference = (golden.Expected[$"step3.{name}"] - weight).abs();
            double firm = difference.mul(isFirm.to(ScalarType.Float32)).max().item<float>();
            Assert.True(firm <= 5e-6, $"step3.{name}: {firm:g3}");
            Assert.True(difference.max().item<float>() <= 3.5e-3, $"step3.{name}: {difference.max().item<float>():g3}");
        }
    }

    private static bool HasNoise(string name) =>
        name.EndsWith("c_attn.bias", StringComparison.Ordinal) || name.EndsWith("k_proj.bias", StringComparison.Ordinal) || name.EndsWith("query_key_value.bias", StringComparison.Ordinal);

    /// <summary>Labels of the fixtures are not shifted: the model of the reference shifts them.</summary>
    private static TokenBatch NextTokenBatch(GoldenModel golden)
    {
        Tensor labels = golden.Inputs["labels"];
        (long rows, long length) = (labels.size(0), labels.size(1));
        long[] unshifted = [.. labels.data<long>()];
        long[] targets = new long[unshifted.Length];
        for (int i = 0; i < targets.Length; i++) targets[i] = (i + 1) % length == 0 ? TokenBatch.Ignored : unshifted[i + 1];
        Assert.Equal(rows * length, targets.Length);
        return Batch(golden, targets);
    }

    private static TokenBatch Batch(GoldenModel golden, long[] targets)
    {
        Tensor tokens = golden.Inputs["input_ids"];
        return new TokenBatch((int)tokens.size(0), (int)tokens.size(1), [.. tokens.data<long>()], targets, [.. golden.Mask.data<bool>()]);
    }
}
