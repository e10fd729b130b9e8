using TorchSharp.Modules;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            public interface ILearningRateController
            {
                double LearningRate { get; set; }
                double InitialLearningRate { get; set; }
            }

            public interface IMomentum
            {
                double Momentum { get; set; }
            }

            public abstract class Optimizer : IDisposable
            {
                protected IList<ParamGroup> _parameter_groups = [];

                private protected Optimizer() { }

                public virtual IEnumerable<ILearningRateController> ParamGroups => _parameter_groups;
                public virtual IEnumerable<Parameter> parameters() => _parameter_groups.SelectMany(g => g.Parameters);
                public virtual void add_param_group(ParamGroup param_group) => _parameter_groups.Add(param_group);
                public virtual Tensor step(Func<Tensor> closure = null!) => closure?.Invoke()!;

                /// <summary>Fills gradients with zeros; they stay.</summary>
                public virtual void zero_grad()
                {
                    foreach (var p in parameters())
                        if (p.grad is not null) p.grad.zero_();
                }

                public void Dispose()
                {
                    Dispose(true);
                    GC.SuppressFinalize(this);
                }
                protected virtual void Dispose(bool disposing) { }
            }
        }
    }
}

namespace TorchSharp.Modules
{
    public class OptimizerOptions
    {
        public double? LearningRate { get; set; }
        public double InitialLearningRate { get; set; }
    }

    public class ParamGroup : torch.optim.ILearningRateController
    {
        public IEnumerable<Parameter> Parameters { get; set; } = [];
        public OptimizerOptions Options { get; set; } = null!;
        public double LearningRate { get => Options.LearningRate!.Value; set => Options.LearningRate = value; }
        public double InitialLearningRate { get => Options.InitialLearningRate; set => Options.InitialLearningRate = value; }
    }

    public class ParamGroup<TOptions> : ParamGroup where TOptions : OptimizerOptions
    {
        public ParamGroup() { }
        public ParamGroup(IEnumerable<Parameter> parameters, TOptions options = null!) => (Parameters, base.Options) = (parameters, options);
        public new TOptions Options { get => (TOptions)base.Options; set => base.Options = value; }
    }

    public abstract class OptimizerHelper : torch.optim.Optimizer
    {
        public OptimizerHelper() { }
    }
}
