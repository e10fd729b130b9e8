using Golden.Compilation;

namespace Golden;

/// <summary>Finds the C# that belongs to an area: beside the fixtures given, or in the shared set where those lack it.</summary>
internal static class FixtureFolder
{
    public static Source Companion(string areaFolder, string name)
    {
        var beside = Path.Combine(areaFolder, name);
        var path = File.Exists(beside) ? beside : Path.Combine(Shared(), Path.GetFileName(areaFolder), name);
        return File.Exists(path) ? new Source(name, File.ReadAllText(path)) : throw new FileNotFoundException($"'{name}' is needed to run the cases of {areaFolder}: neither that folder nor {Path.GetDirectoryName(path)} has it.");
    }

    /// <summary>The shared fixtures stand beside the checkout.</summary>
    public static string Shared()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "LlmFineTune.sln"))) return Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", "golden"));
        return "../shared/golden";
    }
}
