using System.Globalization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>
/// The trained parameters of a module as views of one flat tensor, with a flat gradient beside it, so that optimizer, clipping, adding up of replicas and
/// checkpoints are a few passes over memory. Matrices (which weight decay usually shrinks) come first, then vectors (which it usually leaves alone).
/// </summary>
/// <remarks>
/// Weights of 16 bits keep a second, exact copy in 32 bits, <see cref="Masters"/>, and their gradients are added up in <see cref="MasterGradients"/>: what
/// optimizers read and write (Micikevicius and others: "Mixed Precision Training", 2018). For all other types both are the weights and the gradients themselves.
/// The parameter objects stay; only their storage changes. Each starts at a multiple of 16 elements; the elements between are 0 and stay so.
/// Frozen parameters (<c>requires_grad</c> false) keep their own storage.
/// </remarks>
public sealed class FlatParameters : IDisposable
{
    internal const int Alignment = 16;
    private readonly List<(string Name, Tensor Value)> _outside;
    private readonly bool _ownsMasters;

    private FlatParameters(Tensor weights, Tensor gradients, IReadOnlyList<FlatParameter> entries, List<(string, Tensor)> outside, (Tensor Weights, Tensor Gradients)? masters, bool ownsMasters)
    {
        Weights = weights;
        Gradients = gradients;
        Entries = entries;
        Masters = masters?.Weights ?? weights;
        MasterGradients = masters?.Gradients ?? gradients;
        HasMasters = masters is not null;
        _outside = outside;
        _ownsMasters = ownsMasters;
    }

    /// <summary>[elements]: all trained weights.</summary>
    public Tensor Weights { get; }

    /// <summary>[elements]: their gradients; <c>backward</c> adds to it.</summary>
    public Tensor Gradients { get; }

    /// <summary>The parameters in the order in which they lie.</summary>
    public IReadOnlyList<FlatParameter> Entries { get; }

    /// <summary>[elements]: the weights that an optimizer changes: <see cref="Weights"/>, or their exact copy in float32 where those have 16 bits.</summary>
    public Tensor Masters { get; }

    /// <summary>[elements]: the gradients that an optimizer reads: <see cref="Gradients"/>, or, for weights of 16 bits, the float32 sum that <c>FlatGradients.SumAndNorm</c> fills.</summary>
    public Tensor MasterGradients { get; }

    /// <summary>Whether <see cref="Masters"/> is a copy of its own.</summary>
    public bool HasMasters { get; }

    /// <summary>How many weights are trained, without the elements between parameters.</summary>
    public long ParameterCount => Entries.Sum(entry => entry.Count);

    /// <summary>Moves the trained parameters of a module into one flat tensor; their values stay what they are.</summary>
    /// <param name="module">The module; what is trained of it has one device and, unless <paramref name="weightType"/> says in what it computes, one dtype.</param>
    /// <param name="weightType">The type that the module is to compute in; its parameters and buffers of floating point are converted. Types of 16 bits keep the present values as <see cref="Masters"/>. Default null: the parameters' own.</param>
    /// <exception cref="ArgumentException">Nothing to train, or parameters of several dtypes or devices.</exception>
    public static FlatParameters Adopt(nn.Module module, ScalarType? weightType = null)
    {
        Require.NotNull(module);
        List<(string Name, List<Parameter> Aliases)> trained = Distinct(module);
        Require.Argument(trained.Count > 0, "The module must have at least one parameter with requires_grad; it has none.", nameof(module));
        Tensor first = trained[0].Aliases[0];
        foreach ((string name, List<Parameter> aliases) in trained)
        {
            Require.Argument((weightType is not null || aliases[0].dtype == first.dtype) && ComputeDevices.Same(aliases[0].device, first.device),
                $"All trained parameters must have one dtype and one device; {trained[0].Name} is {first.dtype} on {first.device}, {name} is {aliases[0].dtype} on {aliases[0].device}. Say in which type the model is to compute (Precision), or convert it before.", nameof(module));
        }
        ScalarType[] types = [.. trained.Select(parameter => parameter.Aliases[0].dtype).Distinct()];
        // The narrowest that holds them all as they are.
        ScalarType own = types is [var only] ? only : types.Contains(ScalarType.Float64) ? ScalarType.Float64 : ScalarType.Float32;

        List<FlatParameter> entries = [];
        ParameterRoles roles = new(module);
        long end = 0;
        foreach ((string name, List<Parameter> aliases) in trained.OrderByDescending(parameter => parameter.Aliases[0].dim() >= 2))
        {
            FlatParameter entry = new(name, end, aliases[0].shape, roles[name]);
            entries.Add(entry);
            end = (end + entry.Count + Alignment - 1) / Alignment * Alignment;
        }

        Dictionary<string, List<Parameter>> byName = trained.ToDictionary(parameter => parameter.Name, parameter => parameter.Aliases, StringComparer.Ordinal);
        ScalarType type = weightType ?? own;
        Tensor exact = zeros([end], own, first.device).DetachFromDisposeScope(), weights = exact;
        using IDisposable noGradients = no_grad();
        foreach (FlatParameter entry in entries)
        {
            using Tensor view = View(exact, entry);
            view.copy_(byName[entry.Name][0]);
        }
        if (weightType is not null && Computes(module).Any(other => other != type))
        {
            module.to(type);
            // The module has new parameter objects now.
            byName = Distinct(module).ToDictionary(parameter => parameter.Name, parameter => parameter.Aliases, StringComparer.Ordinal);
            Require.Argument(byName.Count == entries.Count, $"A module's parameters must stay the same ones when it is converted to {type}; {byName.Count} came of {entries.Count}. Convert it before two modules share a parameter.", nameof(module));
        }
        if (type != own) weights = exact.to(type).DetachFromDisposeScope();
        Tensor gradients = zeros_like(weights).DetachFromDisposeScope();
        Bind(weights, gradients, entries, byName);
        (Tensor Weights, Tensor)? masters = null;
        if (type is ScalarType.BFloat16 or ScalarType.Float16)
        {
            Tensor wide = exact.dtype == ScalarType.Float32 ? exact : exact.to(ScalarType.Float32).DetachFromDisposeScope();
            masters = (wide, zeros_like(wide).DetachFromDisposeScope());
        }
        if (!ReferenceEquals(exact, weights) && !ReferenceEquals(exact, masters?.Weights)) exact.Dispose();
        return new FlatParameters(weights, gradients, entries, Outside(module), masters, ownsMasters: true);
    }

    /// <summary>Makes the parameters and buffers of a replica views of the same memory, with a flat gradient of its own.</summary>
    /// <param name="replica">A module of the same parameter names and shapes.</param>
    /// <returns>The replica's side; its <see cref="Weights"/> are these.</returns>
    /// <exception cref="ArgumentException">Names or shapes differ.</exception>
    public FlatParameters ShareWith(nn.Module replica)
    {
        Require.NotNull(replica);
        HashSet<string> frozen = _outside.Select(value => value.Name).ToHashSet(StringComparer.Ordinal);
        foreach ((string name, Parameter parameter) in replica.named_parameters())
        {
            if (frozen.Contains(name)) parameter.requires_grad_(false);
        }
        List<(string Name, Tensor Value)> outside = Outside(replica);
        Dictionary<string, List<Parameter>> byName = Distinct(replica).ToDictionary(parameter => parameter.Name, parameter => parameter.Aliases, StringComparer.Ordinal);
        Require.Argument(Entries.All(entry => byName.TryGetValue(entry.Name, out List<Parameter>? aliases) && aliases[0].shape.SequenceEqual(entry.Shape)) && byName.Count == Entries.Count,
            $"A replica must have the same parameters; expected {Describe(Entries.Select(entry => (entry.Name, entry.Shape)))}, received {Describe(byName.Select(pair => (pair.Key, (IReadOnlyList<long>)pair.Value[0].shape)))}.", nameof(replica));
        Require.Argument(outside.Count == _outside.Count, $"A replica must have the same frozen parameters and buffers; expected {_outside.Count}, received {outside.Count}.", nameof(replica));
        // Memory of one type seen as another would be read beyond its end.
        IEnumerable<(string Name, ScalarType Wanted, ScalarType Type)> types = Entries.Select(entry => (entry.Name, Weights.dtype, byName[entry.Name][0].dtype)).Concat(_outside.Zip(outside, (mine, theirs) => (mine.Name, mine.Value.dtype, theirs.Value.dtype)));
        foreach ((string name, ScalarType wanted, ScalarType type) in types) Require.Argument(type == wanted, $"A replica's parameters must have the types of the model's; {name} must be {wanted}, received {type}.", nameof(replica));

        Tensor gradients = zeros_like(Weights).DetachFromDisposeScope();
        Bind(Weights, gradients, Entries, byName);
        using (no_grad())
        {
            foreach (((_, Tensor mine), (_, Tensor theirs)) in _outside.Zip(outside)) theirs.set_(mine);
        }
        return new FlatParameters(Weights.alias().DetachFromDisposeScope(), gradients, Entries, outside, HasMasters ? (Masters, MasterGradients) : null, ownsMasters: false);
    }

    /// <summary>Rounds <see cref="Masters"/> to the type of <see cref="Weights"/> (nearest, ties to even), which the modules compute with; nothing to do where they are the same.</summary>
    public void PublishMasters()
    {
        if (!HasMasters) return;
        using IDisposable noGradients = no_grad();
        Weights.copy_(Masters);
    }

    /// <summary>A view of a flat tensor of this layout in the shape of one parameter, for example of an optimizer's moments.</summary>
    /// <param name="flat">[elements].</param>
    /// <param name="entry">One of <see cref="Entries"/>.</param>
    public static Tensor View(Tensor flat, FlatParameter entry)
    {
        Require.NotNull(flat);
        Require.NotNull(entry);
        using Tensor range = flat.narrow(0, entry.Offset, entry.Count);
        return range.view(entry.Shape.ToArray());
    }

    /// <summary>Releases the flat tensors' handles; parameters that are views keep the memory alive.</summary>
    public void Dispose()
    {
        Weights.Dispose();
        Gradients.Dispose();
        if (!HasMasters || !_ownsMasters) return;
        Masters.Dispose();
        MasterGradients.Dispose();
    }

    private static void Bind(Tensor weights, Tensor gradients, IReadOnlyList<FlatParameter> entries, Dictionary<string, List<Parameter>> byName)
    {
        using IDisposable noGradients = no_grad();
        foreach (FlatParameter entry in entries)
        {
            using Tensor weight = View(weights, entry);
            using Tensor gradient = View(gradients, entry);
            foreach (Parameter parameter in byName[entry.Name])
            {
                parameter.set_(weight);
                parameter.grad = gradient;
            }
        }
    }

    /// <summary>Trained parameters by storage: a tied weight that shows itself as two objects is one parameter with two aliases.</summary>
    private static List<(string Name, List<Parameter> Aliases)> Distinct(nn.Module module)
    {
        List<(string Name, List<Parameter> Aliases)> found = [];
        Dictionary<nint, int> places = [];
        HashSet<nint> handles = [];
        foreach ((string name, Parameter parameter) in module.named_parameters())
        {
            if (!parameter.requires_grad || !handles.Add(parameter.Handle)) continue;
            nint storage = StorageKey(parameter);
            if (places.TryGetValue(storage, out int place))
            {
                found[place].Aliases.Add(parameter);
                continue;
            }
            places.Add(storage, found.Count);
            found.Add((name, [parameter]));
        }
        return found;
    }

    private static unsafe nint StorageKey(Tensor tensor) =>
        tensor.device_type == TorchSharp.DeviceType.CPU && tensor.is_contiguous() && tensor.numel() > 0 ? (nint)TensorMemory.Pointer<byte>(tensor) : tensor.Handle;

    /// <summary>The types of floating point that a module computes in.</summary>
    internal static IEnumerable<ScalarType> Computes(nn.Module module) =>
        module.named_parameters().Select(named => named.parameter.dtype).Concat(module.named_buffers().Select(named => named.buffer.dtype)).Where(is_floating_point).Distinct();

    private static List<(string Name, Tensor Value)> Outside(nn.Module module) =>
    [
        .. module.named_parameters().Where(named => !named.parameter.requires_grad).Select(named => (named.name, (Tensor)named.parameter)),
        .. module.named_buffers().Select(named => (named.name, named.buffer)),
    ];

    private static string Describe(IEnumerable<(string Name, IReadOnlyList<long> Shape)> parameters) =>
        string.Join(", ", parameters.Select(parameter => string.Create(CultureInfo.InvariantCulture, $"{parameter.Name} [{string.Join(", ", parameter.Shape)}]")));
}
