using TorchSharp.Utils;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>x W^T + b. Weight and bias leave the dispose scope in which the module is made.</summary>
    public sealed class Linear : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "bias")] private Parameter? _bias;
        [ComponentName(Name = "weight")] private Parameter? _weight;

        internal Linear(long inputs, long outputs, bool hasBias, Device? device, ScalarType? dtype) : base(nameof(Linear))
        {
            (in_features, out_features) = (inputs, outputs);
            weight = empty(outputs, inputs, dtype, device).AsParameter();
            nn.init.kaiming_uniform_(weight, Math.Sqrt(5));
            if (!hasBias) return;
            bias = empty(outputs, dtype, device).AsParameter();
            var bound = inputs > 0 ? 1 / Math.Sqrt(inputs) : 0;
            nn.init.uniform_(_bias!, -bound, bound);
        }

        internal Linear(Parameter weight, Parameter? bias) : base(nameof(Linear))
        {
            (out_features, in_features) = (weight.shape[0], weight.shape[1]);
            this.weight = weight;
            if (bias is not null) this.bias = bias;
        }

        public long in_features { get; set; }
        public long out_features { get; set; }
        public Parameter weight { get => _weight!; set => SetParameter("weight", ref _weight, value); }
        public Parameter? bias { get => _bias; set => SetParameter("bias", ref _bias, value); }

        public override Tensor forward(Tensor tensor) => nn.functional.linear(tensor, weight, _bias);

        protected internal override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => Moved(dtype, device);
        protected internal override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) => Moved(null, new Device(deviceType, deviceIndex));
        protected internal override nn.Module _to(ScalarType dtype, bool non_blocking) => Moved(dtype, null);
        private Linear Moved(ScalarType? dtype, Device? device)
        {
            MoveParameter("weight", ref _weight, dtype, device);
            MoveParameter("bias", ref _bias, dtype, device);
            return this;
        }

        protected override void Dispose(bool disposing)
        {
            if (!disposing) return;
            _weight?.Dispose();
            _bias?.Dispose();
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Linear Linear(long inputSize, long outputSize, bool hasBias = true, Device? device = null, ScalarType? dtype = null) => new(inputSize, outputSize, hasBias, device, dtype);
            public static Modules.Linear Linear(Modules.Parameter weight, Modules.Parameter? bias = null) => new(weight, bias);
        }
    }
}
