using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>Watches this process's own memory (RssAnon: resident and not backed by a file), every millisecond.</summary>
internal sealed class AnonymousMemory : IDisposable
{
    private readonly Thread _watcher;
    private volatile bool _done;
    private long _peak;

    public AnonymousMemory()
    {
        _watcher = new Thread(Watch) { IsBackground = true };
        _watcher.Start();
    }

    /// <summary>Resident bytes now.</summary>
    public static long Now => Read("RssAnon:");

    /// <summary>Resident bytes of mapped files now.</summary>
    public static long OfFiles => Read("RssFile:");

    /// <summary>The most that was seen.</summary>
    public long Peak => Interlocked.Read(ref _peak);

    /// <summary>Looks once more, and stops.</summary>
    public void Dispose()
    {
        _done = true;
        _watcher.Join();
    }

    private static long Read(string key)
    {
        string line = File.ReadLines("/proc/self/status").First(text => text.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    private void Watch()
    {
        bool last;
        do
        {
            last = _done;
            Interlocked.Exchange(ref _peak, Math.Max(_peak, Now));
            Thread.Sleep(1);
        }
        while (!last);
    }
}
