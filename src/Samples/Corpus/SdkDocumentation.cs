using System.Runtime.InteropServices;

namespace Samples.Corpus;

/// <summary>The reference documentation that every .NET SDK brings along, as a labelled corpus of English texts.</summary>
internal static class SdkDocumentation
{
    private const int Classes = 12;

    /// <summary>One row a distinct text, of the most frequent namespaces, in ordinal order of the texts.</summary>
    /// <exception cref="FileNotFoundException">The SDK lacks the files.</exception>
    internal static IReadOnlyList<DocumentationRow> Read()
    {
        var rows = Files().SelectMany(SummaryReader.Read)
            .GroupBy(member => member.Text, StringComparer.Ordinal)
            .Select(same => new DocumentationRow
            {
                Text = same.Key,
                Namespace = MostFrequent(same.Select(member => FirstTwoSegments(member.Namespace))),
                Kind = MostFrequent(same.Select(member => member.Kind)),
            })
            .ToList();
        // A namespace of one segment (System) is a bit of everything: its texts get no class.
        var kept = rows.Where(row => row.Namespace.Contains('.')).CountBy(row => row.Namespace)
            .OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal)
            .Take(Classes).Select(entry => entry.Key).ToHashSet();
        return [.. rows.Where(row => kept.Contains(row.Namespace)).OrderBy(row => row.Text, StringComparer.Ordinal)];
    }

    /// <summary>packs/Microsoft.NETCore.App.Ref/VERSION/ref/FRAMEWORK/*.xml of the newest version.</summary>
    private static string[] Files()
    {
        // The runtime lies in ROOT/shared/Microsoft.NETCore.App/VERSION/.
        string root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string pack = Path.Combine(root, "packs", "Microsoft.NETCore.App.Ref");
        string[] files = !Directory.Exists(pack) ? [] : [.. new DirectoryInfo(pack).GetDirectories()
            .OrderByDescending(directory => VersionOf(directory.Name)).Take(1)
            .SelectMany(directory => directory.GetDirectories("ref"))
            .SelectMany(directory => directory.GetFiles("*.xml", SearchOption.AllDirectories))
            .Select(file => file.FullName).Order(StringComparer.Ordinal)];
        return files.Length > 0
            ? files
            : throw new FileNotFoundException($"This .NET SDK has no reference documentation ({pack}/*/ref/*/*.xml): give your own texts with --data FILE.tsv --text COLUMN --label COLUMN.");
    }

    private static Version VersionOf(string folder) => Version.TryParse(folder.Split('-')[0], out var version) ? version : new Version();

    private static string FirstTwoSegments(string name) => string.Join('.', name.Split('.').Take(2));

    private static string MostFrequent(IEnumerable<string> values) =>
        values.CountBy(value => value).OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal).First().Key;
}
