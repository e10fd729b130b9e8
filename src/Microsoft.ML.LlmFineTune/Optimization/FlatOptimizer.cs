using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>
/// An optimizer over flat parameters. It changes <see cref="FlatParameters.Masters"/> along <see cref="FlatParameters.MasterGradients"/>; where the modules' weights
/// have 16 bits it rounds the masters to them after every step. The result of a step does not depend on the number of threads.
/// </summary>
public abstract class FlatOptimizer : IDisposable
{
    /// <summary>The key of <see cref="Counters"/> for the steps of each group.</summary>
    public const string GroupSteps = "steps";

    private readonly Dictionary<string, Tensor> _state = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FlatState> _layouts = new(StringComparer.Ordinal);
    private readonly bool[] _active;
    private readonly long[] _steps;
    private bool _disposed;

    private protected FlatOptimizer(FlatParameters parameters, OptimizerOptions options, IReadOnlyList<ParameterGroup>? groups)
    {
        Parameters = Require.NotNull(parameters);
        Require.NotNull(options).Validate();
        GroupLayout layout = new(parameters, options, groups);
        (Groups, Ranges) = (layout.Groups, layout.Ranges);
        _active = [.. Groups.Select(_ => true)];
        _steps = new long[Groups.Count];
    }

    /// <summary>What is changed; not owned.</summary>
    public FlatParameters Parameters { get; }

    /// <summary>All groups; the one of all parameters that no other names is the last, and absent where there are none.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>Steps taken by the optimizer as a whole.</summary>
    public long Steps { get; private set; }

    /// <summary>Whether <see cref="Momentum"/> may be set.</summary>
    public virtual bool HasMomentum => false;

    /// <summary>Takes the place of the options' momentum (of the first moment's decay rate, for the optimizers of Adam's kind) in the following steps, as one-cycle schedules want it; at least 0 and less than 1. Default null: the options'.</summary>
    /// <exception cref="InvalidOperationException">The optimizer has no momentum.</exception>
    public double? Momentum
    {
        get;
        set
        {
            Require.State(value is null || HasMomentum, "Momentum may be set on optimizers with momentum only (HasMomentum); this one has none.");
            if (value is double momentum) Require.Below(momentum, 0.0, 1.0);
            field = value;
        }
    }

    /// <summary>What is remembered, by names that are torch's where torch has them: flat tensors, which may be written, for example to resume. Together with <see cref="Steps"/> and <see cref="Counters"/> all that a bit-equal continuation needs besides the weights.</summary>
    public IReadOnlyDictionary<string, Tensor> State => _state;

    /// <summary>A view of what is remembered about one parameter, in its own shape; null where nothing is remembered under that name.</summary>
    /// <param name="name">A key of <see cref="State"/>.</param>
    /// <param name="parameter">The parameter's name.</param>
    public Tensor? StateOf(string name, string parameter) => _layouts.TryGetValue(name, out FlatState? layout) ? layout.View(parameter) : null;

    /// <summary>Whole numbers that are remembered: under <see cref="GroupSteps"/> how many steps each group was active in, in the order of <see cref="Groups"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<long>> Counters => new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal) { [GroupSteps] = [.. _steps] };

    /// <summary>Ranges of equal settings, in the order in which they lie.</summary>
    internal IReadOnlyList<ParameterRange> Ranges { get; }

    /// <summary>Whether a group takes part in steps.</summary>
    /// <param name="group">Its index.</param>
    public bool IsActive(int group) => _active[group];

    /// <summary>Takes a group into steps or leaves it out. While it is left out its weights, its state and its count of steps stay as they are, so a bias correction begins when a group that was frozen from the start is taken in.</summary>
    /// <param name="group">Its index.</param>
    /// <param name="active">Whether it takes part.</param>
    public void SetActive(int group, bool active)
    {
        Require.Below(group, 0, Groups.Count);
        _active[group] = active;
    }

    /// <summary>Takes one step along the gradients, and sets the gradients of all parameters to 0.</summary>
    /// <param name="learningRate">The learning rate of this step; 0 moves the state only.</param>
    /// <param name="gradientScale">Multiplies the gradients first: clipping, division by the step's targets; default 1.</param>
    /// <param name="pool">Threads that share the work; null: the caller's alone.</param>
    public void Step(double learningRate, double gradientScale = 1, ReplicaPool? pool = null)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Require.NotNegative(learningRate);
        Require.NotNegative(gradientScale);
        Steps++;
        for (int i = 0; i < _steps.Length; i++) if (_active[i]) _steps[i]++;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        Update([.. Ranges.Where(range => _active[range.Group])], new StepSettings(learningRate, gradientScale, pool));
        foreach (ParameterRange idle in Ranges.Where(range => !_active[range.Group])) Parameters.MasterGradients.narrow(0, idle.First, idle.Count).zero_();
        Parameters.PublishMasters();
    }

    /// <summary>Continues from a saved state.</summary>
    /// <param name="steps">Steps taken before; 0 or greater.</param>
    /// <param name="state">What <see cref="State"/> was; copied.</param>
    /// <param name="counters">What <see cref="Counters"/> was.</param>
    /// <exception cref="ArgumentException">Names or sizes differ from this optimizer's: it was another optimizer, or other parameters, or other groups.</exception>
    public void Restore(long steps, IReadOnlyDictionary<string, Tensor> state, IReadOnlyDictionary<string, IReadOnlyList<long>> counters)
    {
        Require.NotNegative(steps);
        Require.NotNull(state);
        Require.NotNull(counters);
        Require.Argument(Sizes(state) == Sizes(_state), $"The state must have {Sizes(_state)}; received {Sizes(state)}. It is that of another optimizer, of other options or of other parameters.", nameof(state));
        Require.Argument(counters.TryGetValue(GroupSteps, out IReadOnlyList<long>? counts) && counters.Count == 1 && counts.Count == _steps.Length && counts.All(count => count >= 0 && count <= steps),
            $"The counters must have {GroupSteps} [{_steps.Length}], from 0 to {steps}; received {string.Join(", ", counters.Select(counter => $"{counter.Key} [{string.Join(", ", counter.Value)}]"))}. The groups must be those of the saved optimizer: {string.Join(", ", Groups.Select(group => group.Name))}.", nameof(counters));
        using IDisposable noGradients = no_grad();
        foreach ((string name, Tensor mine) in _state) mine.copy_(state[name]);
        for (int i = 0; i < _steps.Length; i++) _steps[i] = counts[i];
        Steps = steps;
    }

    /// <summary>Releases the state.</summary>
    public void Dispose()
    {
        _disposed = true;
        foreach (Tensor tensor in _state.Values) tensor.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Changes the weights and the state of the given ranges, and sets their gradients to 0.</summary>
    private protected abstract void Update(IReadOnlyList<ParameterRange> ranges, StepSettings step);

    /// <summary>Steps that a group was active in, the present one included.</summary>
    private protected long StepsOf(int group) => _steps[group];

    /// <summary>Something remembered about parameters, owned and saved with the optimizer.</summary>
    /// <param name="name">Its name; torch's, where torch has one.</param>
    /// <param name="shapeOf">The shape of what is remembered about a parameter; null: nothing. Default: the parameter's.</param>
    /// <param name="initial">The first value.</param>
    private protected FlatState AddState(string name, Func<FlatParameter, IEnumerable<long>?>? shapeOf = null, double initial = 0)
    {
        FlatState added = new(Parameters, shapeOf ?? (entry => entry.Shape), initial);
        _layouts.Add(name, added);
        _state.Add(name, added.Flat);
        return added;
    }

    /// <summary>A number for each group, in double precision in the processor's memory, owned and saved with the optimizer.</summary>
    private protected Tensor AddGroupNumbers(string name, double initial)
    {
        Tensor added = full([Groups.Count], initial, ScalarType.Float64, CPU).DetachFromDisposeScope();
        _state.Add(name, added);
        return added;
    }

    /// <summary>The numbers of <see cref="AddGroupNumbers"/>, to read and to write.</summary>
    private protected static unsafe Span<double> Numbers(Tensor added) => new(TensorMemory.Pointer<double>(added), checked((int)added.numel()));

    private static string Sizes(IReadOnlyDictionary<string, Tensor> state) => state.Count == 0
        ? "no tensors"
        : string.Join(", ", state.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} [{string.Join(", ", pair.Value.shape)}]")));
}
