using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>The library's layers against torch's own RNN, GRU and LSTM with the same weights, whole and packed.</summary>
public sealed class RecurrentTorchTests
{
    private const int Width = 10, Embedded = 6, Depth = 2, Rows = 3, Length = 7;
    private static readonly long[] Lengths = [4, 7, 1];

    public RecurrentTorchTests() => NativeRuntime.Initialize();

    public static TheoryData<RecurrentCell, bool, bool, bool> Ways
    {
        get
        {
            TheoryData<RecurrentCell, bool, bool, bool> ways = [];
            foreach (RecurrentCell cell in Enum.GetValues<RecurrentCell>())
            {
                foreach ((bool bidirectional, bool bias, bool packed) in ((bool, bool, bool)[])[(false, true, false), (true, false, false), (true, true, true), (false, true, true)]) ways.Add(cell, bidirectional, bias, packed);
            }
            return ways;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void States_and_gradients_are_those_of_torch(RecurrentCell cell, bool bidirectional, bool bias, bool packed)
    {
        using var scope = NewDisposeScope();
        RecurrentConfig config = new()
        {
            Cell = cell, IsLanguageModel = false, IsBidirectional = bidirectional, HasBias = bias, VocabularySize = 11, EmbeddingWidth = Embedded, HiddenWidth = Width, Layers = Depth, InitializerRange = 1,
        };
        using RecurrentEncoder model = new(config);
        model.Initialize(new RandomStream(4));
        Tensor tokens = tensor(Enumerable.Range(0, Rows * Length).Select(i => ((i * 5L) + 2) % 11).ToArray(), [Rows, Length]);
        Tensor lengths = tensor(Lengths);
        Tensor? mask = packed ? arange(Length, dtype: ScalarType.Int64).unsqueeze(0).lt(lengths.unsqueeze(1)) : null;
        Dictionary<string, Tensor> weights = ModelWeights.Views(model);
        Tensor table = Numbers.Leaf(weights["embedding.weight"]);
        using nn.Module torchs = Module(cell, bidirectional, bias);
        using (no_grad())
        {
            foreach ((string name, Parameter parameter) in torchs.named_parameters()) parameter.copy_(weights[$"rnn.{name}"]);
        }

        Tensor embedded = table.index_select(0, tokens.reshape(-1)).view(Rows, Length, Embedded);
        (Tensor expected, Tensor expectedHidden, Tensor? expectedMemory) = packed ? Packed(torchs, embedded, lengths) : Whole(torchs, embedded);
        (Tensor actual, var state) = model.ReadToEnd(tokens, mask);
        Numbers.Close(expected, actual, 2e-6);
        Numbers.Close(expectedHidden, stack(state.Hidden, 0), 2e-6);
        if (expectedMemory is not null) Numbers.Close(expectedMemory, stack(state.Memory, 0), 2e-6);
        state.Dispose();

        Tensor above = Numbers.Normal(9, actual.shape);
        (expected * above).sum().backward();
        (actual * above).sum().backward();
        Dictionary<string, Tensor> gradients = ModelWeights.Gradients(model);
        Numbers.Close(table.grad!, gradients["embedding.weight"], 1e-5);
        int compared = 1;
        foreach ((string name, Parameter parameter) in torchs.named_parameters())
        {
            Numbers.Close(parameter.grad!, gradients[$"rnn.{name}"], 1e-5);
            compared++;
        }
        Assert.Equal(gradients.Count, compared);
    }

    private static nn.Module Module(RecurrentCell cell, bool bidirectional, bool bias) => cell switch
    {
        RecurrentCell.Lstm => nn.LSTM(Embedded, Width, Depth, bias, batchFirst: true, bidirectional: bidirectional),
        RecurrentCell.Gru => nn.GRU(Embedded, Width, Depth, bias, batchFirst: true, bidirectional: bidirectional),
        _ => nn.RNN(Embedded, Width, Depth, cell == RecurrentCell.Relu ? nn.NonLinearities.ReLU : nn.NonLinearities.Tanh, bias, batchFirst: true, bidirectional: bidirectional),
    };

    private static (Tensor Output, Tensor Hidden, Tensor? Memory) Whole(nn.Module module, Tensor input)
    {
        switch (module)
        {
            case LSTM lstm: return lstm.call(input);
            case GRU gru:
                (Tensor output, Tensor hidden) = gru.call(input);
                return (output, hidden, null);
            default:
                (output, hidden) = ((RNN)module).call(input);
                return (output, hidden, null);
        }
    }

    private static (Tensor Output, Tensor Hidden, Tensor? Memory) Packed(nn.Module module, Tensor input, Tensor lengths)
    {
        PackedSequence packed = pack_padded_sequence(input, lengths, batch_first: true, enforce_sorted: false);
        Tensor? memory = null;
        (PackedSequence output, Tensor hidden) = module switch
        {
            LSTM lstm => Two(lstm.call(packed)),
            GRU gru => gru.call(packed),
            _ => ((RNN)module).call(packed),
        };
        return (pad_packed_sequence(output, batch_first: true, total_length: Length).Item1, hidden, memory);

        (PackedSequence, Tensor) Two((PackedSequence Output, Tensor Hidden, Tensor Memory) all)
        {
            memory = all.Memory;
            return (all.Output, all.Hidden);
        }
    }
}
