using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>Which parameters are in which group, and the ranges of equal settings that they make.</summary>
internal sealed class GroupLayout
{
    public GroupLayout(FlatParameters parameters, OptimizerOptions options, IReadOnlyList<ParameterGroup>? groups)
    {
        List<ParameterGroup> all = [.. groups ?? []];
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        HashSet<string> known = parameters.Entries.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
        for (int i = 0; i < all.Count; i++)
        {
            ParameterGroup group = Require.NotNull(all[i], nameof(groups));
            Require.Argument(group.Name != ParameterGroup.Rest && all.FindIndex(other => other.Name == group.Name) == i, $"Groups must have different names, none of them \"{ParameterGroup.Rest}\"; received \"{group.Name}\".", nameof(groups));
            Require.NotNegative(group.RateFactor);
            if (group.WeightDecay is double decay) Require.NotNegative(decay, nameof(group.WeightDecay));
            foreach (string name in group.Parameters)
            {
                Require.Argument(known.Contains(name), $"Group \"{group.Name}\" must name trained parameters; there is no {name}. There are {string.Join(", ", known.Take(20))}{(known.Count > 20 ? ", ..." : "")}.", nameof(groups));
                Require.Argument(places.TryAdd(name, i), $"A parameter must be in one group; {name} is in \"{all[places.GetValueOrDefault(name)].Name}\" and in \"{group.Name}\".", nameof(groups));
            }
        }
        string[] rest = [.. parameters.Entries.Select(entry => entry.Name).Where(name => !places.ContainsKey(name))];
        if (rest.Length > 0) all.Add(new ParameterGroup(ParameterGroup.Rest, rest));
        Groups = all;
        Ranges = Merge(parameters, options, entry => places.GetValueOrDefault(entry.Name, all.Count - 1));
    }

    public IReadOnlyList<ParameterGroup> Groups { get; }

    public IReadOnlyList<ParameterRange> Ranges { get; }

    private List<ParameterRange> Merge(FlatParameters parameters, OptimizerOptions options, Func<FlatParameter, int> groupOf)
    {
        List<ParameterRange> ranges = [];
        IReadOnlyList<FlatParameter> entries = parameters.Entries;
        long total = parameters.Weights.numel();
        for (int first = 0, end; first < entries.Count; first = end)
        {
            int group = groupOf(entries[first]);
            (double, int) settings = Settings(entries[first]);
            for (end = first + 1; end < entries.Count && groupOf(entries[end]) == group && Settings(entries[end]) == settings;) end++;
            long count = (end < entries.Count ? entries[end].Offset : total) - entries[first].Offset;
            ranges.Add(new ParameterRange(group, [.. entries.Skip(first).Take(end - first)], count, Groups[group].RateFactor, settings.Item1));

            (double, int) Settings(FlatParameter entry) => (Groups[groupOf(entry)].WeightDecay ?? options.DecayOf(entry), options.MethodOf(entry));
        }
        return ranges;
    }
}
