using System.IO.Enumeration;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>What <see cref="FreezingOptions"/> mean for a model: groups of parameters that move, from the highest to the lowest, and the parameters that never do.</summary>
public sealed class FreezingPlan
{
    private readonly FreezingOptions _options;
    private readonly int[] _depths;

    private FreezingPlan(FreezingOptions options, IReadOnlyList<ParameterGroup> groups, int[] depths, IReadOnlyList<string> frozen)
    {
        (_options, Groups, _depths, Frozen) = (options, groups, depths, frozen);
    }

    /// <summary>What moves, from the highest group of layers to the lowest, with its part of the learning rate.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>Parameters that would move and do not, by their names in the model.</summary>
    public IReadOnlyList<string> Frozen { get; }

    /// <summary>Makes a plan for a model.</summary>
    /// <param name="model">The model; it stays as it is.</param>
    /// <param name="options">What is wanted.</param>
    /// <param name="rateFactors">Factors on the learning rate by parameter name, as LoRA+ asks for; null: none.</param>
    /// <exception cref="ArgumentException">A pattern matches nothing, the model has fewer layers, or nothing is left to train.</exception>
    public static FreezingPlan For(nn.Module model, FreezingOptions options, IReadOnlyDictionary<string, double>? rateFactors = null)
    {
        Require.NotNull(model);
        Require.NotNull(options).Validate();
        IReadOnlyList<LayerGroup> layers = LayerGroup.Of(model);
        HashSet<string> movable = model.named_parameters().Where(named => named.parameter.requires_grad).Select(named => named.name).ToHashSet(StringComparer.Ordinal);
        HashSet<string> moves = new(movable, StringComparer.Ordinal);
        if (options.LastLayers is int last) moves.ExceptWith(Lower(layers, last));
        if (options.Trained.Count > 0) moves.IntersectWith(Matches(model, options.Trained, nameof(options.Trained)));
        moves.ExceptWith(Matches(model, options.Frozen, nameof(options.Frozen)));
        Require.Argument(moves.Count > 0, $"At least one parameter must move; of {movable.Count} that could, all are frozen by {Description(options)}. Freeze less.", nameof(options));

        List<ParameterGroup> groups = [];
        List<int> depths = [];
        int depth = 0;
        foreach (LayerGroup layer in layers.Reverse())
        {
            string[] names = [.. layer.Parameters.Where(moves.Contains)];
            if (names.Length == 0) continue;
            double rate = Math.Pow(options.RateDecay, depth);
            foreach (IGrouping<double, string> same in names.GroupBy(name => rateFactors?.GetValueOrDefault(name, 1) ?? 1))
            {
                groups.Add(new ParameterGroup(same.Key == 1 ? layer.Name : FormattableString.Invariant($"{layer.Name} x {same.Key}"), [.. same]) { RateFactor = rate * same.Key });
                depths.Add(depth);
            }
            depth++;
        }
        return new FreezingPlan(options, groups, [.. depths], [.. movable.Where(name => !moves.Contains(name)).Order(StringComparer.Ordinal)]);
    }

    /// <summary>Whether a group moves.</summary>
    /// <param name="group">One of <see cref="Groups"/>, from 0.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="step">Steps taken before.</param>
    public bool IsActive(int group, int epoch, long step) =>
        _options.Unfreezing is not { } gradual || _depths[group] < gradual.GroupsAt(epoch, step, _depths[^1] + 1);

    /// <summary>What stands below the last layers that are asked for.</summary>
    private static IEnumerable<string> Lower(IReadOnlyList<LayerGroup> groups, int last)
    {
        int layers = groups.Count(group => group.Name is not (LayerGroup.Embeddings or LayerGroup.Top));
        Require.Argument(last <= layers, $"LastLayers must be at most the model's {layers} layers; received {last}.", nameof(last));
        if (last == layers) return [];
        LayerGroup[] below = [.. groups.Where(group => group.Name == LayerGroup.Embeddings), .. groups.Where(group => group.Name is not (LayerGroup.Embeddings or LayerGroup.Top)).SkipLast(last)];
        return below.SelectMany(group => group.Parameters);
    }

    private static HashSet<string> Matches(nn.Module model, IReadOnlyList<string> patterns, string option)
    {
        HashSet<string> found = new(StringComparer.Ordinal);
        ILookup<string, string> files = (model is ICheckpointModel { WeightNames: { } table } ? table : []).Concat((model as IAdaptable)?.Attachments?.WeightNames ?? []).ToLookup(weight => weight.Parameter, weight => weight.File, StringComparer.Ordinal);
        string[] names = [.. model.named_parameters().Select(named => named.name)];
        foreach (string pattern in patterns)
        {
            string[] hits = [.. names.Where(name => files[name].Prepend(name).Any(spelling => FileSystemName.MatchesSimpleExpression(pattern, spelling, ignoreCase: false)))];
            Require.Argument(hits.Length > 0,
                $"Every pattern in {option} must match a parameter; '{pattern}' matches none. The model's are {string.Join(", ", names.Take(8).Select(name => files[name].FirstOrDefault() ?? name))}{(names.Length > 8 ? $" and {names.Length - 8} more" : "")}.", option);
            found.UnionWith(hits);
        }
        return found;
    }

    private static string Description(FreezingOptions options) => string.Join(" and ", new[]
    {
        options.LastLayers is int last ? $"LastLayers {last}" : null,
        options.Trained.Count > 0 ? $"Trained {string.Join(", ", options.Trained)}" : null,
        options.Frozen.Count > 0 ? $"Frozen {string.Join(", ", options.Frozen)}" : null,
    }.OfType<string>().DefaultIfEmpty("the caller (requires_grad)"));
}
