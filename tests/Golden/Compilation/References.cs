using Microsoft.CodeAnalysis;

namespace Golden.Compilation;

/// <summary>What fixtures are compiled against.</summary>
internal static class References
{
    /// <summary>The assemblies this program itself runs on, so the dependencies of the mode it was built in; with <paramref name="folder"/>, that folder's assemblies win.</summary>
    public static IReadOnlyList<MetadataReference> Of(string? folder)
    {
        var own = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var given = folder is null ? [] : Directory.GetFiles(folder, "*.dll");
        var names = given.Select(Path.GetFileName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return given.Concat(own.Where(path => !names.Contains(Path.GetFileName(path)))).Select(path => (MetadataReference)MetadataReference.CreateFromFile(path)).ToList();
    }
}
