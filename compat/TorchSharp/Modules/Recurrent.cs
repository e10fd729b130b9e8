using TorchSharp.Native;
using static TorchSharp.torch;
using PackedSequence = TorchSharp.torch.nn.utils.rnn.PackedSequence;

namespace TorchSharp.Modules;

/// <summary>What LSTM, GRU and RNN have in common: the weights, which live outside of dispose scopes, and the ways to call an operator.</summary>
internal sealed class RecurrentWeights
{
    private readonly (string Name, HeldTensor Tensor)[] _weights;
    private readonly long _inputs, _hidden, _layers;
    private readonly bool _bias, _batchFirst, _bidirectional;
    private readonly double _dropout;

    internal RecurrentWeights(long gates, long inputs, long hidden, long layers, bool bias, bool batchFirst, double dropout, bool bidirectional, Device? device, ScalarType? dtype)
    {
        (_inputs, _hidden, _layers, _bias, _batchFirst, _dropout, _bidirectional) = (inputs, hidden, layers, bias, batchFirst, dropout, bidirectional);
        var bound = 1 / Math.Sqrt(hidden);
        HeldTensor Draw(params long[] size) => HeldTensor.Make(() =>
        {
            var t = empty(size).uniform_(-bound, bound);
            return dtype is null && device is null ? t : t.to(dtype ?? t.dtype, device ?? CPU);
        });
        var weights = new List<(string, HeldTensor)>();
        for (var layer = 0; layer < layers; layer++)
            foreach (var suffix in bidirectional ? new[] { "", "_reverse" } : [""])
            {
                weights.Add(($"weight_ih_l{layer}{suffix}", Draw(gates * hidden, layer == 0 ? inputs : hidden * Directions)));
                weights.Add(($"weight_hh_l{layer}{suffix}", Draw(gates * hidden, hidden)));
                if (!bias) continue;
                weights.Add(($"bias_ih_l{layer}{suffix}", Draw(gates * hidden)));
                weights.Add(($"bias_hh_l{layer}{suffix}", Draw(gates * hidden)));
            }
        _weights = [.. weights];
    }

    private long Directions => _bidirectional ? 2 : 1;

    /// <summary>The registered objects; they belong to the current dispose scope, the weights do not.</summary>
    internal IEnumerable<(string, Parameter)> Parameters => _weights.Select(w => (w.Name, new Parameter(w.Tensor.Share())));

    internal void Convert(ScalarType? dtype, Device? device)
    {
        foreach (var (_, weight) in _weights) weight.Convert(dtype, device);
    }

    private Tensor[] Wrapped => Array.ConvertAll(_weights, w => new Tensor(w.Tensor.Share()));

    internal Tensor Zeros(Tensor input) => zeros([Directions * _layers, input.shape[_batchFirst ? 0 : 1], _hidden], input.dtype, input.device);
    internal Tensor Zeros(PackedSequence input)
    {
        using var first = input.batch_sizes[0];
        return zeros([Directions * _layers, first.item<long>(), _hidden], input.data.dtype, input.data.device);
    }

    /// <summary>The output, then the state after the last step.</summary>
    internal Tensor[] Run(nn.Module module, Operator op, Tensor input, Tensor[] state) => DisposeScopeManager.Composed(() =>
    {
        var training = module.training;
        if (input.shape is { Length: > 0 } shape && shape[^1] != _inputs)
            throw new System.Runtime.InteropServices.ExternalException($"input.size(-1) must be equal to input_size. Expected {_inputs}, got {shape[^1]}");
        if (state.Length == 2) return Listed(op.CallThree(input, state, Wrapped, _bias, _layers, _dropout, training, _bidirectional, _batchFirst));
        return Listed(op.CallTwo(input, state[0], Wrapped, _bias, _layers, _dropout, training, _bidirectional, _batchFirst));
    });

    internal (PackedSequence, Tensor[]) Run(nn.Module module, Operator op, PackedSequence input, Tensor[] state)
    {
        var training = module.training;
        nint[] parts = [];
        var last = DisposeScopeManager.Composed(() =>
        {
            var given = input.sorted_indices.IsInvalid ? state : Array.ConvertAll(state, s => s.index_select(1, input.sorted_indices));
            var all = given.Length == 2
                ? Listed(op.CallThree(input.data, input.batch_sizes, given, Wrapped, _bias, _layers, _dropout, training, _bidirectional))
                : Listed(op.CallTwo(input.data, input.batch_sizes, given[0], Wrapped, _bias, _layers, _dropout, training, _bidirectional));
            parts = [all[0].TakeHandle(), Shared(input.batch_sizes), Shared(input.sorted_indices), Shared(input.unsorted_indices)];
            return input.unsorted_indices.IsInvalid ? all[1..] : Array.ConvertAll(all[1..], s => s.index_select(1, input.unsorted_indices));
        });
        return (new PackedSequence(parts[0], parts[1], parts[2], parts[3]), last);
    }

    private static nint Shared(Tensor t) => t.IsInvalid ? 0 : Shim.llm_share(t.Handle);
    private static Tensor[] Listed((Tensor, Tensor) pair) => [pair.Item1, pair.Item2];
    private static Tensor[] Listed((Tensor, Tensor, Tensor) three) => [three.Item1, three.Item2, three.Item3];
}
