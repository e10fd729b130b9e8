using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Gradient descent with momentum, a parameter at a time.</summary>
    public class SGD : OptimizerHelper, optim.IMomentum
    {
        // By handle, as they were when the group was added: parameters that a module replaced later are unknown.
        private readonly Dictionary<nint, Tensor?> _momentum = [];
        private readonly Options _defaults;

        public SGD(IEnumerable<Parameter> parameters, double lr, double momentum = 0.0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false)
        {
            if (lr < 0) throw new ArgumentException($"Invalid learning rate: {lr}");
            if (momentum < 0) throw new ArgumentException($"Invalid momentum value: {momentum}");
            if (weight_decay < 0) throw new ArgumentException($"Invalid weight_decay value: {weight_decay}");
            if (nesterov && (momentum <= 0 || dampening != 0)) throw new ArgumentException("Nesterov momentum requires a momentum and zero dampening");
            _defaults = new Options
            {
                LearningRate = lr, InitialLearningRate = lr, momentum = momentum, dampening = dampening, weight_decay = weight_decay, nesterov = nesterov, maximize = maximize,
            };
            add_param_group(new ParamGroup<Options>(parameters, _defaults));
            foreach (var p in parameters) _momentum[p.Handle] = null;
        }

        public class Options : OptimizerOptions
        {
            public double? momentum;
            public double? dampening;
            public double? weight_decay;
            public bool? nesterov;
            public bool? maximize;
        }

        public double Momentum
        {
            get => _defaults.momentum!.Value;
            set
            {
                foreach (var g in _parameter_groups.Cast<ParamGroup<Options>>()) g.Options.momentum = value;
            }
        }

        public override Tensor step(Func<Tensor> closure = null!)
        {
            using var still = no_grad();
            Tensor loss = null!;
            if (closure is not null)
                using (enable_grad()) loss = closure();
            using (NewDisposeScope())
                foreach (var g in _parameter_groups.Cast<ParamGroup<Options>>())
                    foreach (var p in g.Parameters) Step(p, g.Options);
            return loss;
        }

        private void Step(Parameter p, Options o)
        {
            var buffer = _momentum[p.Handle];
            if (p.grad is not { } gradient) return;
            if (o.weight_decay!.Value != 0) gradient = gradient.add(p, o.weight_decay.Value);
            if (o.momentum!.Value != 0)
            {
                if (buffer is not null) buffer.mul_(o.momentum.Value).add_(gradient, 1 - o.dampening!.Value);
                else _momentum[p.Handle] = buffer = gradient.clone().detach().DetachFromDisposeScope();
                gradient = o.nesterov!.Value ? gradient.add(buffer, o.momentum.Value) : buffer;
            }
            var rate = o.LearningRate!.Value;
            p.add_(gradient, o.maximize!.Value ? rate : -rate);
        }

        protected override void Dispose(bool disposing)
        {
            if (!disposing) return;
            foreach (var buffer in _momentum.Values) buffer?.Dispose();
            _momentum.Clear();
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            public static SGD SGD(IEnumerable<Parameter> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
                new(parameters, learningRate, momentum, dampening, weight_decay, nesterov, maximize);
            public static SGD SGD(IEnumerable<(string name, Parameter parameter)> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
                new(parameters.Select(p => p.parameter), learningRate, momentum, dampening, weight_decay, nesterov, maximize);
        }
    }
}
