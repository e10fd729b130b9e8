using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// What memory this process has, as the kernel counts it (Linux; null elsewhere): resident memory, its highest mark, and what there is to be had. TorchSharp has no statistics of a GPU's allocator, so that memory of a GPU
/// is not seen.
/// </summary>
public static class PeakMemory
{
    /// <summary>Bytes resident now (VmRSS).</summary>
    public static long? Now => Field("/proc/self/status", "VmRSS:");

    /// <summary>The most bytes that were resident at any time since the process began or <see cref="TryReset"/> (VmHWM).</summary>
    public static long? Highest => Field("/proc/self/status", "VmHWM:");

    /// <summary>Bytes that the machine can still give without swapping (MemAvailable), or fewer where the process's control group has a limit.</summary>
    public static long? Available
    {
        get
        {
            long? machine = Field("/proc/meminfo", "MemAvailable:");
            long? group = Group("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current") ?? Group("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes");
            return (machine, group) switch
            {
                (long all, long own) => Math.Min(all, own),
                _ => machine ?? group,
            };
        }
    }

    /// <summary>Makes <see cref="Highest"/> begin anew from what is resident now.</summary>
    /// <returns>Whether the kernel allows it; otherwise the highest mark of the process's whole life stays.</returns>
    public static bool TryReset()
    {
        try
        {
            // 5 is the kernel's word for this mark: proc(5), clear_refs.
            File.WriteAllText("/proc/self/clear_refs", "5");
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>What a control group's limit leaves; null without a limit.</summary>
    private static long? Group(string limitFile, string usageFile)
    {
        if (!long.TryParse(Text(limitFile), NumberStyles.None, CultureInfo.InvariantCulture, out long limit) || !long.TryParse(Text(usageFile), NumberStyles.None, CultureInfo.InvariantCulture, out long usage)) return null;
        // Version 1 says "no limit" with the largest multiple of a page.
        return limit >= long.MaxValue / 2 ? null : Math.Max(0, limit - usage);
    }

    /// <summary>A line of the kernel's tables, which count in KiB.</summary>
    private static long? Field(string file, string name)
    {
        foreach (string line in Text(file)?.Split('\n') ?? [])
        {
            if (!line.StartsWith(name, StringComparison.Ordinal)) continue;
            string number = line[name.Length..].Trim().Split(' ')[0];
            return long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long kibibytes) ? kibibytes * 1024 : null;
        }
        return null;
    }

    private static string? Text(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
