using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>Which modules of a model an adapter is for, by PEFT's rules.</summary>
internal static class ModuleMatching
{
    /// <summary>The modules that options select, in the order of the model.</summary>
    /// <param name="catalog">The model's modules.</param>
    /// <param name="targets">What is selected.</param>
    /// <param name="excluded">What of it is not; null: nothing.</param>
    /// <param name="toSave">Names of modules that are trained whole: nothing in them is adapted.</param>
    /// <param name="layers">Numbers of layers; null: all.</param>
    /// <param name="layerWords">Words before the numbers; null: any.</param>
    /// <param name="isStrict">Whether each name must be that of a module.</param>
    /// <exception cref="ArgumentException">Nothing is selected, or, where that matters, a name is that of no module.</exception>
    public static IReadOnlyList<AdaptableModule> Select(
        ModuleCatalog catalog, ModuleSelection targets, ModuleSelection? excluded, IReadOnlyList<string> toSave, IReadOnlyList<int>? layers = null, IReadOnlyList<string>? layerWords = null, bool isStrict = true)
    {
        if (isStrict)
        {
            RequireMatches(catalog, targets, nameof(LoraOptions.Targets));
            if (excluded is not null) RequireMatches(catalog, excluded, nameof(LoraOptions.Excluded));
        }
        HashSet<string> heads = targets.IsAllLinear ? catalog.OutputHeads : [];
        AdaptableModule[] chosen = [.. catalog.Modules.Where(module =>
            (targets.IsAllLinear ? module.Layer is Linear && !heads.Contains(module.Name) : targets.Selects(module.Name))
            && excluded?.Selects(module.Name) != true
            && !toSave.Any(name => ModulePattern.Match(module.Name, @"\A(.*\.)?(?:", name, @")($|\.)").Success)
            && IsInLayers(module.Name, targets, layers, layerWords))];
        if (isStrict && chosen.Length > 0 && layers?.FirstOrDefault(layer => !chosen.Any(module => IsInLayers(module.Name, targets, [layer], layerWords)), -1) is int missing and >= 0)
            throw new ArgumentException($"{nameof(LoraOptions.Layers)}: layer {missing} has no module that {targets} selects; layers count from 0. The model has {catalog.Description}.", nameof(layers));
        if (chosen.Length > 0) return chosen;
        throw new ArgumentException($"An adapter needs modules to adapt; {Shown(targets)}{(excluded is null ? "" : $" without {Shown(excluded)}")}{(layers is null ? "" : $" in layers {string.Join(", ", layers)}")} selects none. The model has {catalog.Description}.", nameof(targets));
    }

    /// <summary>Whether a regular expression matches a module's whole name, or its end after a dot.</summary>
    public static bool MatchesEnd(string pattern, string module) => ModulePattern.Match(module, @"\A(.*\.)?(", pattern, @")\z").Success;

    /// <summary>Demands that each key of a pattern's table matches a module that is adapted.</summary>
    public static void RequireKeys(IEnumerable<string> patterns, IReadOnlyList<AdaptableModule> modules, string option)
    {
        foreach (string pattern in patterns)
        {
            if (!modules.Any(module => MatchesEnd(pattern, module.Name)))
                throw new ArgumentException($"{option}: '{ConfigReader.Cut(pattern)}' matches none of the adapted modules: {ModuleCatalog.Shortened(modules.Select(module => module.Name))}. A key is a name, the end of one after a dot, or a regular expression of these.", option);
        }
    }

    /// <summary>Demands that each name, or the pattern, is that of a module.</summary>
    /// <exception cref="ArgumentException">One is not; the message lists what the model has.</exception>
    public static void RequireMatches(ModuleCatalog catalog, ModuleSelection selection, string option)
    {
        foreach (ModuleSelection one in selection.Names is { } names ? names.Select(name => ModuleSelection.Of(name)) : [selection])
        {
            if (!one.IsAllLinear && !catalog.Modules.Any(module => one.Selects(module.Name)))
                throw new ArgumentException($"{option}: {Shown(one)} matches no linear layer or embedding of the model. It has {catalog.Description}.", option);
        }
    }

    private static bool IsInLayers(string module, ModuleSelection targets, IReadOnlyList<int>? layers, IReadOnlyList<string>? words)
    {
        // A whole name says its layer itself.
        if (layers is null or [] || targets.Names?.Contains(module) == true) return true;
        foreach (string word in words is null or [] ? [@"[^.]*"] : words)
        {
            // The word may have groups of its own.
            Match match = ModulePattern.Match(module, @"\A.*\.(?:", word, @")\.(?<layer>\d+)\.");
            if (match.Success) return layers.Contains(int.Parse(match.Groups["layer"].Value, CultureInfo.InvariantCulture));
        }
        return false;
    }

    /// <summary>A selection in an error: a file's may be long.</summary>
    private static string Shown(ModuleSelection selection) => ConfigReader.Cut(selection.ToString());
}
