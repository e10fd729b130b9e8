using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Heads;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Pairs the tensors of files with the weights of a model, and collects all that does not fit before anything is read.</summary>
internal sealed class WeightPairing
{
    private const string NotTogether = "Configuration and weights do not belong together, or one of them is damaged.";
    private const string NoHead = "The checkpoint has no head for this task. HuggingFaceFolder.LoadForFineTuning draws a new one, to be trained; a text embedder needs none where it is given a Pooling.";

    private readonly string _source;
    private readonly ICheckpointModel _model;
    private readonly Dictionary<string, Tensor> _missing;
    private readonly HashSet<string> _known;
    private readonly IReadOnlySet<string> _present;
    private readonly IReadOnlySet<string> _optional;
    private readonly List<string> _unknown = [];
    private readonly List<string> _twice = [];
    private readonly List<string> _misshapen = [];
    private readonly List<string> _whole = [];

    /// <param name="source">What errors call the files.</param>
    /// <param name="model">The model.</param>
    /// <param name="views">Its weights by checkpoint name, in the checkpoint's orientation.</param>
    /// <param name="present">Names of all tensors of the files.</param>
    /// <param name="optional">Names of weights that the files may lack, or have in other shapes: they stay as they are. Null: none.</param>
    public WeightPairing(string source, ICheckpointModel model, Dictionary<string, Tensor> views, IReadOnlySet<string> present, IReadOnlySet<string>? optional = null)
    {
        (_source, _model, _missing) = (source, model, new(views, StringComparer.Ordinal));
        _present = present;
        _optional = optional ?? new HashSet<string>();
        _known = [.. views.Keys];
    }

    /// <summary>Names of tensors that the model can do without.</summary>
    public List<string> Unused { get; } = [];

    /// <summary>Names of optional weights that the files do not have in the model's shape, in order.</summary>
    public IReadOnlyList<string> Stayed => [.. _missing.Keys.Where(_optional.Contains).Order(StringComparer.Ordinal)];

    /// <summary>How many tensors of each type go into the model.</summary>
    public Dictionary<ScalarType, int> Types { get; } = [];

    /// <summary>The tensors of a file that go into the model, in the file's order.</summary>
    public List<TensorTarget> Pair(SafeTensorsHeader header)
    {
        List<TensorTarget> targets = [];
        foreach (SafeTensorsEntry entry in header.Entries)
        {
            string shape = TextOf(entry.Shape);
            if (_model.CanonicalName(entry.Name) is not string name) Unused.Add(entry.Name);
            else if (!_known.Contains(name)) _unknown.Add($"'{entry.Name}' {shape}");
            else if (_optional.Contains(name) && _missing.TryGetValue(name, out Tensor? wanted) && !wanted.shape.SequenceEqual(entry.Shape)) Unused.Add(entry.Name);
            // A tied tensor may stand there again under names of its own, equal to the one that it is tied to: that one serves, and without it the first of them.
            else if (entry.Name != name && (_present.Contains(name) || !_missing.ContainsKey(name))) Unused.Add(entry.Name);
            else if (!_missing.Remove(name, out Tensor? destination)) _twice.Add($"'{entry.Name}'");
            else if (!destination.shape.SequenceEqual(entry.Shape)) _misshapen.Add($"'{entry.Name}' is {shape} where the model needs {TextOf(destination.shape)}");
            else if (SafeTensorsTypes.IsFloatingPoint(destination.dtype) && !SafeTensorsTypes.IsFloatingPoint(entry.Type)) _whole.Add($"'{entry.Name}' ({SafeTensorsTypes.NameOf(entry.Type)})");
            else
            {
                targets.Add(new TensorTarget(entry, destination));
                Types[entry.Type] = Types.GetValueOrDefault(entry.Type) + 1;
            }
        }
        return targets;
    }

    /// <summary>Demands that everything fitted, and nothing is missing.</summary>
    /// <exception cref="InvalidDataException">Something did not; the message lists it.</exception>
    public void RequireFit()
    {
        List<string> faults = [];
        KeyValuePair<string, Tensor>[] missing = [.. _missing.Where(entry => !_optional.Contains(entry.Key) && !_model.WeightNames.Any(name => name.IsOptional && name.File == entry.Key))];
        Add("Missing", [.. missing.Select(entry => $"'{entry.Key}' {TextOf(entry.Value.shape)}").Order(StringComparer.Ordinal)]);
        Add("Of another shape", _misshapen);
        Add("Not of the model", _unknown);
        Add("There more than once", _twice);
        Add("Whole numbers where weights should be (quantized?)", _whole);
        if (faults.Count > 0)
            throw new InvalidDataException($"'{_source}' does not hold the weights that the model of its configuration needs. {string.Join(". ", faults)}. {(LacksHead() ? NoHead : NotTogether)}");

        // Everything else is there: the checkpoint is of a backbone, or of another task.
        bool LacksHead() => faults.Count == 1 && missing.Length > 0 && _model is IHeadedModel headed && missing.All(entry => headed.HeadModule.WeightNames.Any(name => name.File == entry.Key));

        void Add(string what, List<string> tensors)
        {
            if (tensors.Count > 0) faults.Add($"{what}: {ShortList.Of(tensors)}");
        }
    }

    private static string TextOf(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
