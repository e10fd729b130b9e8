namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static class lr_scheduler
        {
            /// <summary>Sets the learning rates of an optimizer, step by step.</summary>
            public abstract class LRScheduler
            {
                private readonly Optimizer _optimizer;
                private List<double> _last = [];
                protected int _step_count;
                private int _epoch;

                private protected LRScheduler(Optimizer optimizer, int last_epoch)
                {
                    (_optimizer, _epoch) = (optimizer, last_epoch);
                    if (last_epoch == -1)
                        foreach (var g in optimizer.ParamGroups) g.InitialLearningRate = g.LearningRate;
                }

                private protected abstract double At(double initial, int epoch);

                public IEnumerable<double> get_last_lr() => _last;

                public virtual void step()
                {
                    _step_count++;
                    _epoch++;
                    _last = [];
                    foreach (var g in _optimizer.ParamGroups) _last.Add(g.LearningRate = At(g.InitialLearningRate, _epoch));
                }
            }

            private sealed class Lambda : LRScheduler
            {
                private readonly Func<int, double> _factor;
                internal Lambda(Optimizer optimizer, Func<int, double> factor, int last_epoch) : base(optimizer, last_epoch)
                {
                    _factor = factor;
                    step();
                }
                private protected override double At(double initial, int epoch) => initial * _factor(epoch);
            }

            public static LRScheduler LambdaLR(Optimizer optimizer, Func<int, double> lr_lambda, int last_epoch = -1, bool verbose = false) => new Lambda(optimizer, lr_lambda, last_epoch);
        }
    }
}
