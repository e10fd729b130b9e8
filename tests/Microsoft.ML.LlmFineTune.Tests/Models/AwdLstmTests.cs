using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Kernels;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>AWD-LSTM's regularisation: the masks that the model's stream gives are drawn once more, and the same computation is written out step by step with them.</summary>
public sealed class AwdLstmTests
{
    private const int Vocabulary = 13, Embedded = 6, Width = 9, Rows = 3, Length = 8;

    private static readonly RecurrentConfig Config = new()
    {
        VocabularySize = Vocabulary, EmbeddingWidth = Embedded, HiddenWidth = Width, Layers = 3, TieEmbeddings = true, InitializerRange = 1,
        EmbeddingDropout = 0.2, InputDropout = 0.3, HiddenDropout = 0.25, OutputDropout = 0.4, WeightDrop = 0.5,
    };

    public AwdLstmTests() => NativeRuntime.Initialize();

    [Fact]
    public void Masks_are_those_of_the_paper_and_go_where_it_says()
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = new(Config);
        model.Initialize(new RandomStream(2));
        model.train();
        ((IReplicable)model).Reseed(new RandomStream(17));
        Tensor tokens = Tokens(), above = Numbers.Normal(8, Rows, Length, Vocabulary);
        Tensor logits = model.Logits(model.Forward(tokens));
        (logits * above).sum().backward();

        Dictionary<string, Tensor> leaves = ModelWeights.Views(model).ToDictionary(weight => weight.Key, weight => Numbers.Leaf(weight.Value.to(ScalarType.Float64)));
        Tensor expected = WrittenOut(leaves, tokens, Masks.Draw(new RandomStream(17)));
        (expected * above.to(ScalarType.Float64)).sum().backward();
        Numbers.Close(expected, logits, 5e-6);
        Dictionary<string, Tensor> gradients = ModelWeights.Gradients(model);
        Assert.Equal(leaves.Keys.Order(), gradients.Keys.Order());
        foreach ((string name, Tensor leaf) in leaves) Numbers.Close(leaf.grad!, gradients[name], 2e-5);
        Assert.Equal(1 + (3 * 4) + 1, leaves.Count);
    }

    [Fact]
    public void A_pass_draws_new_masks_and_evaluation_none()
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = new(Config);
        model.Initialize(new RandomStream(2));
        model.train();
        Tensor tokens = Tokens();
        Assert.False(model.Forward(tokens).eq(model.Forward(tokens)).all().item<bool>());
        model.eval();
        Numbers.Close(model.Forward(tokens), model.Forward(tokens), 0);
        using RecurrentLanguageModel plain = new(Config with { EmbeddingDropout = 0, InputDropout = 0, HiddenDropout = 0, OutputDropout = 0, WeightDrop = 0 });
        plain.Initialize(new RandomStream(2));
        plain.train();
        Numbers.Close(plain.Forward(tokens), model.Forward(tokens), 0);
    }

    [Fact]
    public void Pieces_of_a_text_hand_on_states_without_dropout()
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = new(Config with { WeightDrop = 0, HiddenDropout = 0, InputDropout = 0, EmbeddingDropout = 0 });
        model.Initialize(new RandomStream(2));
        model.train();
        RecurrentOutput output = model.Read(Tokens());
        Numbers.Close(output.States.select(1, Length - 1), output.Carried.Hidden[^1], 0);
        Assert.Contains(output.Hidden.reshape(-1).data<float>().ToArray(), value => value == 0);
        Assert.DoesNotContain(output.States.reshape(-1).data<float>().ToArray(), value => value == 0);
        Assert.False(output.Carried.Hidden[0].requires_grad);
        output.Carried.Dispose();
    }

    private static Tensor Tokens() => tensor(Enumerable.Range(0, Rows * Length).Select(i => ((i * 7L) + 1) % Vocabulary).ToArray(), [Rows, Length]);

    private static Tensor WrittenOut(Dictionary<string, Tensor> weights, Tensor tokens, Masks masks)
    {
        Tensor words = weights["embedding.weight"] * masks.Words;
        List<Tensor> input = [.. Enumerable.Range(0, Length).Select(step => words.index_select(0, tokens.select(1, step)) * masks.Input)];
        for (int layer = 0; layer < 3; layer++)
        {
            int width = layer == 2 ? Embedded : Width;
            Tensor ofInput = weights[$"rnn.weight_ih_l{layer}"], ofState = weights[$"rnn.weight_hh_l{layer}"] * masks.Weights[layer], bias = weights[$"rnn.bias_ih_l{layer}"] + weights[$"rnn.bias_hh_l{layer}"];
            Tensor hidden = zeros([Rows, width], dtype: ScalarType.Float64), memory = zeros_like(hidden);
            for (int step = 0; step < Length; step++)
            {
                Tensor[] gates = (input[step].matmul(ofInput.t()) + hidden.matmul(ofState.t()) + bias).chunk(4, 1);
                memory = (gates[1].sigmoid() * memory) + (gates[0].sigmoid() * gates[2].tanh());
                hidden = gates[3].sigmoid() * memory.tanh();
                input[step] = hidden * (layer == 2 ? masks.Output : masks.Hidden[layer]);
                hidden = hidden.view(Rows, width);
            }
        }
        return F.linear(stack(input, 1), weights["embedding.weight"], weights["decoder.bias"]);
    }

    /// <summary>The draws of one pass, in the model's order.</summary>
    private sealed record Masks(Tensor Words, Tensor Input, Tensor[] Weights, Tensor[] Hidden, Tensor Output)
    {
        public static Masks Draw(RandomStream stream)
        {
            Tensor Mask(double probability, params long[] shape) => Dropout.Apply(ones(shape), probability, stream).to(ScalarType.Float64);
            Tensor words = Mask(0.2, Vocabulary).unsqueeze(1), input = Mask(0.3, Rows, Embedded), first = Mask(0.5, 4 * Width, Width);
            Tensor afterFirst = Mask(0.25, Rows, Width), second = Mask(0.5, 4 * Width, Width);
            Tensor afterSecond = Mask(0.25, Rows, Width), third = Mask(0.5, 4 * Embedded, Embedded);
            return new Masks(words, input, [first, second, third], [afterFirst, afterSecond], Mask(0.4, Rows, Embedded));
        }
    }
}
