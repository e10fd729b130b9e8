using TorchSharp.Native;
using static TorchSharp.torch;
using PackedSequence = TorchSharp.torch.nn.utils.rnn.PackedSequence;

namespace TorchSharp.Modules
{
    public sealed class LSTM : nn.Module<Tensor, (Tensor, Tensor)?, (Tensor, Tensor, Tensor)>
    {
        private readonly RecurrentWeights _weights;

        internal LSTM(RecurrentWeights weights) : base("torch::nn::LSTMImpl")
        {
            _weights = weights;
            foreach (var (name, p) in weights.Parameters) register_parameter(name, p);
        }

        private protected override void ConvertHeld(ScalarType? dtype, Device? device) => _weights.Convert(dtype, device);

        public override (Tensor, Tensor, Tensor) forward(Tensor input, (Tensor, Tensor)? h0_c0 = null)
        {
            var (h, c) = h0_c0 ?? (_weights.Zeros(input), _weights.Zeros(input));
            var results = _weights.Run(this, Ops.LstmInput, input, [h, c]);
            return (results[0], results[1], results[2]);
        }

        public new (Tensor, Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => base.call(input, h0_c0);

        public (PackedSequence, Tensor, Tensor) call(PackedSequence input, (Tensor, Tensor)? h0_c0 = null)
        {
            var (h, c) = h0_c0 ?? (_weights.Zeros(input), _weights.Zeros(input));
            var (output, last) = _weights.Run(this, Ops.LstmData, input, [h, c]);
            return (output, last[0], last[1]);
        }
    }

    public sealed class GRU : nn.Module<Tensor, Tensor, (Tensor, Tensor)>
    {
        private readonly RecurrentWeights _weights;

        internal GRU(RecurrentWeights weights) : base("torch::nn::GRUImpl")
        {
            _weights = weights;
            foreach (var (name, p) in weights.Parameters) register_parameter(name, p);
        }

        private protected override void ConvertHeld(ScalarType? dtype, Device? device) => _weights.Convert(dtype, device);

        public override (Tensor, Tensor) forward(Tensor input, Tensor h0 = null!)
        {
            var results = _weights.Run(this, Ops.GruInput, input, [h0 ?? _weights.Zeros(input)]);
            return (results[0], results[1]);
        }

        public new (Tensor, Tensor) call(Tensor input, Tensor h0 = null!) => base.call(input, h0);

        public (PackedSequence, Tensor) call(PackedSequence input, Tensor h0 = null!)
        {
            var (output, last) = _weights.Run(this, Ops.GruData, input, [h0 ?? _weights.Zeros(input)]);
            return (output, last[0]);
        }
    }

    public sealed class RNN : nn.Module<Tensor, Tensor?, (Tensor, Tensor)>
    {
        private readonly RecurrentWeights _weights;
        private readonly bool _relu;

        internal RNN(RecurrentWeights weights, bool relu) : base("torch::nn::RNNImpl")
        {
            (_weights, _relu) = (weights, relu);
            foreach (var (name, p) in weights.Parameters) register_parameter(name, p);
        }

        private protected override void ConvertHeld(ScalarType? dtype, Device? device) => _weights.Convert(dtype, device);

        public override (Tensor, Tensor) forward(Tensor input, Tensor? h0)
        {
            var results = _weights.Run(this, _relu ? Ops.RnnReluInput : Ops.RnnTanhInput, input, [h0 ?? _weights.Zeros(input)]);
            return (results[0], results[1]);
        }

        public new (Tensor, Tensor) call(Tensor input, Tensor? h0 = null) => base.call(input, h0);

        public (PackedSequence, Tensor) call(PackedSequence input, Tensor? h0 = null)
        {
            var (output, last) = _weights.Run(this, _relu ? Ops.RnnReluData : Ops.RnnTanhData, input, [h0 ?? _weights.Zeros(input)]);
            return (output, last[0]);
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public enum NonLinearities
            {
                ReLU = 0,
                Tanh = 1,
            }

            public static Modules.LSTM LSTM(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0.0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null) =>
                new(new Modules.RecurrentWeights(4, inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, device, dtype));
            public static Modules.GRU GRU(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0.0, bool bidirectional = false, Device device = null!, ScalarType? dtype = null) =>
                new(new Modules.RecurrentWeights(3, inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, device, dtype));
            public static Modules.RNN RNN(long inputSize, long hiddenSize, long numLayers = 1, NonLinearities nonLinearity = NonLinearities.Tanh, bool bias = true, bool batchFirst = false, double dropout = 0.0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null) =>
                new(new Modules.RecurrentWeights(1, inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, device, dtype), nonLinearity == NonLinearities.ReLU);
        }
    }
}
