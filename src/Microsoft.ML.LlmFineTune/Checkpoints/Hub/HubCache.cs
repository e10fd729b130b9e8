using System.Text;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>
/// A repository's place in the cache, in huggingface_hub's layout: <c>models--organisation--name</c> with <c>refs/REVISION</c> (holds a commit), <c>blobs/CHECKSUM</c> (the contents) and
/// <c>snapshots/COMMIT/PATH</c> (links to blobs).
/// </summary>
internal sealed class HubCache(string folder, string repository, bool symbolicLinks)
{
    // flock's EWOULDBLOCK on Linux and on macOS, ERROR_SHARING_VIOLATION on Windows.
    private static readonly int[] Taken = [11, 35, unchecked((int)0x80070020)];
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(50);

    private readonly string _name = "models--" + repository.Replace("/", "--", StringComparison.Ordinal);

    private string Root => Path.Combine(folder, _name);

    public string Blob(string checksum) => Path.Combine(Root, "blobs", checksum);

    public string Incomplete(string checksum) => Blob(checksum) + ".incomplete";

    public string Snapshot(string commit) => Path.Combine(Root, "snapshots", commit);

    /// <summary>Whether a snapshot has a file. A link whose blob was removed is none.</summary>
    public bool Has(string commit, string path) => IsThere(Pointer(commit, path));

    /// <summary>The commit that a revision stood for when it was last asked for; null where that is not known.</summary>
    public string? CommitOf(string revision)
    {
        if (HubNames.IsCommit(revision)) return Directory.Exists(Snapshot(revision)) ? revision : null;
        string reference = Reference(revision);
        if (!File.Exists(reference) || new FileInfo(reference).Length > 256) return null;
        string commit = File.ReadAllText(reference).Trim();
        return HubNames.IsCommit(commit) && Directory.Exists(Snapshot(commit)) ? commit : null;
    }

    public void Remember(string revision, string commit)
    {
        if (revision == commit) return;
        string reference = Reference(revision);
        if (File.Exists(reference) && new FileInfo(reference).Length <= 256 && File.ReadAllText(reference) == commit) return;
        Directory.CreateDirectory(Path.GetDirectoryName(reference)!);
        AtomicFile.Write(reference, stream => stream.Write(Encoding.ASCII.GetBytes(commit)));
    }

    /// <summary>The files of a snapshot that are there, as paths with '/'.</summary>
    public IEnumerable<string> Files(string commit)
    {
        string root = Snapshot(commit);
        return Directory.EnumerateFiles(root, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 32, AttributesToSkip = 0 })
            .Where(IsThere).Select(path => Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/')).Order(StringComparer.Ordinal);
    }

    /// <summary>Makes a blob a file of a snapshot.</summary>
    public async Task LinkAsync(string commit, string path, string checksum, CancellationToken cancellation)
    {
        string pointer = Pointer(commit, path);
        string parent = Path.GetDirectoryName(pointer)!;
        Directory.CreateDirectory(parent);
        // Under another name first, so that nobody finds half a copy, and a broken link is replaced.
        string temporary = Path.Combine(parent, $".{Guid.NewGuid():N}.tmp");
        try
        {
            if (!symbolicLinks || !TryLink(temporary, Path.GetRelativePath(parent, Blob(checksum)))) await CopyAsync(Blob(checksum), temporary, cancellation);
            File.Move(temporary, pointer, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Keeps other processes and threads, huggingface_hub's included, from downloading the same blob until the result is disposed.</summary>
    public async Task<IDisposable> LockAsync(string checksum, CancellationToken cancellation)
    {
        string path = Path.Combine(folder, ".locks", _name, checksum + ".lock");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Directory.CreateDirectory(Path.GetDirectoryName(Blob(checksum))!);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException error) when (Taken.Contains(error.HResult))
            {
                await Task.Delay(LockPoll, cancellation);
            }
        }
    }

    private string Reference(string revision) => Path.Combine([Root, "refs", .. revision.Split('/')]);

    private string Pointer(string commit, string path) => Path.Combine([Snapshot(commit), .. path.Split('/')]);

    // File.Exists is true of a link that leads nowhere.
    private static bool IsThere(string path) => new FileInfo(path) is { Exists: true } file && (file.LinkTarget is null || file.ResolveLinkTarget(returnFinalTarget: true)?.Exists == true);

    private static bool TryLink(string link, string target)
    {
        try
        {
            File.CreateSymbolicLink(link, target);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            // Windows without the right to make links, disks that know none. What else is wrong, the copy will say.
            return false;
        }
    }

    private static async Task CopyAsync(string from, string to, CancellationToken cancellation)
    {
        await using FileStream source = File.OpenRead(from);
        await using FileStream target = new(to, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        await source.CopyToAsync(target, cancellation);
        target.Flush(flushToDisk: true);
    }
}
