using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Streams that can be opened again and again.</summary>
public interface IMultiStreamSource
{
    int Count { get; }
    string GetPathOrNull(int index);
    Stream Open(int index);
    TextReader OpenTextReader(int index);
}

public sealed class MultiFileSource : IMultiStreamSource
{
    private readonly string[] _paths;

    public MultiFileSource(params string[] paths)
    {
        if (paths is null or [null])
            paths = [];
        var found = paths.SelectMany(Expand).ToArray();
        _paths = found.Length > 0 ? found : paths;
    }

    public int Count => _paths.Length;

    public string GetPathOrNull(int index)
    {
        Contracts.CheckParam(0 <= index && index < Count, nameof(index));
        return _paths[index];
    }

    public Stream Open(int index)
    {
        string path = GetPathOrNull(index);
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception ex)
        {
            throw Contracts.Mark(new IOException($"Could not open file '{path}'. Error is: {ex.Message}", ex));
        }
    }

    public TextReader OpenTextReader(int index) => new StreamReader(Open(index));

    /// <summary>The files that a path names: several patterns with + between them, * and ? in file names, ... for all folders below.</summary>
    internal static string[] Expand(string pattern)
    {
        if (pattern == null || (pattern.IndexOfAny(['*', '?', '+']) < 0 && !pattern.Contains("...")))
            return File.Exists(pattern) ? [pattern] : [];
        return pattern.Split('+', StringSplitOptions.RemoveEmptyEntries).SelectMany(part =>
        {
            int below = part.IndexOf("...", StringComparison.Ordinal);
            if (below >= 0)
                return Files(part[..below], part[(below + 3)..].TrimStart('\\', '/'), SearchOption.AllDirectories);
            if (part.IndexOfAny(['*', '?']) >= 0)
                return Files(Path.GetDirectoryName(part), Path.GetFileName(part), SearchOption.TopDirectoryOnly);
            return File.Exists(part) ? [part] : [];
        }).ToArray();
    }

    private static IEnumerable<string> Files(string folder, string pattern, SearchOption option)
    {
        var directory = new DirectoryInfo(string.IsNullOrEmpty(folder) ? "." : folder);
        if (!directory.Exists)
            return [];
        return directory.GetFiles(pattern.Length == 0 ? "*" : pattern, option).OrderBy(file => file.FullName)
            .Select(file => Path.Combine(folder ?? "", Path.GetRelativePath(directory.FullName, file.FullName)));
    }
}
