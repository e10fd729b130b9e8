using System.IO.Compression;
using System.Reflection;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>A zip archive of model entries.</summary>
internal abstract class Repository : IDisposable
{
    private readonly List<Entry> _open = [];
    private bool _disposed;

    private protected Repository(IExceptionContext ectx) => ExceptionContext = ectx;

    public IExceptionContext ExceptionContext { get; }

    public void Dispose()
    {
        if (_disposed)
            return;
        CloseAll();
        Dispose(true);
        _disposed = true;
    }

    protected abstract void Dispose(bool disposing);

    /// <summary>The entry is no longer used; its stream is the repository's.</summary>
    protected abstract void OnClosed(Entry entry);

    protected void CheckNotDisposed() => ExceptionContext.Check(!_disposed);

    protected Entry Open(string path, Stream stream)
    {
        var entry = new Entry(this, path, stream);
        _open.Add(entry);
        return entry;
    }

    protected void CloseAll()
    {
        while (_open.Count > 0)
            _open[^1].Dispose();
    }

    protected string PathOf(string dir, string name)
    {
        ExceptionContext.CheckParam(dir == null || !dir.Contains(".."), nameof(dir));
        ExceptionContext.CheckParam(!string.IsNullOrWhiteSpace(name) && !name.Contains(".."), nameof(name));
        string path = Path.Combine(dir ?? "", name).Replace('\\', '/');
        ExceptionContext.CheckParam(!Path.IsPathRooted(path), nameof(name));
        return path;
    }

    /// <summary>Bytes for an entry, outside the managed heap: a file that vanishes when it is closed.</summary>
    protected Stream CreateTemporary()
    {
        string folder = (ExceptionContext as IHostEnvironmentInternal)?.TempFilePath ?? Path.GetTempPath();
        string path = Path.Combine(folder, $"ml_dotnet_{Path.GetRandomFileName()}");
        return new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
    }

    public sealed class Entry : IDisposable
    {
        private Repository _owner;

        internal Entry(Repository owner, string path, Stream stream)
        {
            _owner = owner;
            Path = path;
            Stream = stream;
        }

        public string Path { get; }

        public Stream Stream { get; }

        public void Dispose()
        {
            if (_owner == null)
                return;
            _owner._open.Remove(this);
            _owner.OnClosed(this);
            _owner = null;
        }
    }
}

internal sealed class RepositoryWriter : Repository
{
    private readonly ZipArchive _archive;
    private readonly HashSet<string> _paths = [];
    private readonly Queue<Entry> _closed = [];
    private readonly bool _useFileSystem;

    private RepositoryWriter(Stream stream, IExceptionContext ectx, bool useFileSystem) : base(ectx)
    {
        _archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);
        _useFileSystem = useFileSystem;
    }

    public static RepositoryWriter CreateNew(Stream stream, IExceptionContext ectx = null, bool useFileSystem = true)
    {
        ectx.CheckValue(stream, nameof(stream));
        var repository = new RepositoryWriter(stream, ectx, useFileSystem);
        using var entry = repository.CreateEntry("TrainingInfo", "Version.txt");
        using var writer = new StreamWriter(entry.Stream, new UTF8Encoding(false), leaveOpen: true);
        writer.Write(typeof(RepositoryWriter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>().InformationalVersion);
        writer.WriteLine();
        return repository;
    }

    public Entry CreateEntry(string name) => CreateEntry(null, name);

    /// <summary>Entries stand in the archive in the order in which they were closed, and are written when the next one begins.</summary>
    public Entry CreateEntry(string dir, string name)
    {
        CheckNotDisposed();
        Flush();
        string path = PathOf(dir, name);
        if (!_paths.Add(path))
            throw ExceptionContext.ExceptParam(nameof(name), $"Duplicate entry: '{path}'");
        return Open(path, _useFileSystem ? CreateTemporary() : new MemoryStream());
    }

    public void Commit()
    {
        CheckNotDisposed();
        CloseAll();
        Flush();
        Dispose();
    }

    // Closing must not throw; writing may, and so has to wait for a call that is allowed to.
    protected override void OnClosed(Entry entry) => _closed.Enqueue(entry);

    private void Flush()
    {
        while (_closed.TryDequeue(out var entry))
        {
            using var source = entry.Stream;
            using var target = _archive.CreateEntry(entry.Path).Open();
            source.Position = 0;
            source.CopyTo(target);
        }
    }

    protected override void Dispose(bool disposing)
    {
        while (_closed.TryDequeue(out var entry))
            entry.Stream.Dispose();
        _archive.Dispose();
    }
}

internal sealed class RepositoryReader : Repository
{
    /// <summary>Entries up to this many bytes are read into memory, larger ones into a temporary file.</summary>
    private const long InMemoryLimit = 1 << 24;

    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = [];

    private RepositoryReader(Stream stream, IExceptionContext ectx) : base(ectx)
    {
        try
        {
            _archive = new(stream, ZipArchiveMode.Read, leaveOpen: true);
        }
        catch (Exception ex)
        {
            throw ectx.ExceptDecode(ex, "Failed to open a zip archive");
        }
        foreach (var entry in _archive.Entries)
            _entries[entry.FullName.Replace('\\', '/')] = entry;
    }

    public static RepositoryReader Open(Stream stream, IExceptionContext ectx = null)
    {
        ectx.CheckValue(stream, nameof(stream));
        return new(stream, ectx);
    }

    public Entry OpenEntry(string name) => OpenEntry(null, name);

    public Entry OpenEntry(string dir, string name)
        => OpenEntryOrNull(dir, name) ?? throw ExceptionContext.Except($"Repository doesn't contain entry {PathOf(dir, name)}");

    public Entry OpenEntryOrNull(string name) => OpenEntryOrNull(null, name);

    public Entry OpenEntryOrNull(string dir, string name)
    {
        CheckNotDisposed();
        string path = PathOf(dir, name);
        if (!_entries.TryGetValue(path, out var entry))
            return null;
        // The declared length only chooses the place: memory grows with the bytes that are really there.
        Stream bytes = entry.Length <= InMemoryLimit ? new MemoryStream() : CreateTemporary();
        using (var source = entry.Open())
            source.CopyTo(bytes);
        bytes.Position = 0;
        return Open(path, bytes);
    }

    protected override void OnClosed(Entry entry) => entry.Stream.Dispose();

    protected override void Dispose(bool disposing) => _archive.Dispose();
}
