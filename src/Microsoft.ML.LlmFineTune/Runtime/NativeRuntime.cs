using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>
/// Sets the native side of the process up, once, before libtorch loads: how OpenMP's threads wait, which BLAS works, how memory is kept, how many threads there are.
/// These decide the speed on a CPU more than any code does. Every entry into the library calls <see cref="Initialize"/>; call it yourself first to choose otherwise.
/// </summary>
public static class NativeRuntime
{
    // Names and numbers of glibc's mallopt.
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MappedFrom = -3;

    /// <summary>Bytes from which blocks are mapped by themselves.</summary>
    internal const int UsuallyMappedFrom = 32 << 20;

    private static readonly Lock Gate = new();
    private static readonly List<string> Noted = [];
    private static volatile bool _initialized;

    /// <summary>What <see cref="Initialize"/> had to warn of, a line each.</summary>
    public static IReadOnlyList<string> Warnings
    {
        get
        {
            lock (Gate) return [.. Noted];
        }
    }

    /// <summary>Threads that libtorch, OpenMP and BLAS use in the calling program's threads; 0 before <see cref="Initialize"/>.</summary>
    public static int Threads { get; private set; }

    /// <summary>Whether the allocator was tuned.</summary>
    internal static bool AllocatorTuned { get; private set; }

    /// <summary>The BLAS library that was put in the place of the system's; null when none was.</summary>
    internal static string? LoadedBlas { get; private set; }

    /// <summary>Sets the native side up. The first call wins; later ones do nothing, and may come from any thread.</summary>
    /// <param name="options">What to do; null for the defaults.</param>
    /// <param name="warn">Told each warning, in one line; they are kept in <see cref="Warnings"/> too.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static void Initialize(RuntimeOptions? options = null, Action<string>? warn = null)
    {
        if (_initialized) return;
        options ??= new RuntimeOptions();
        options.Validate();
        lock (Gate)
        {
            if (_initialized) return;
            if (OperatingSystem.IsLinux()) PrepareLinux(options);
            Threads = options.Threads ?? Inherited("OMP_NUM_THREADS") ?? Environment.ProcessorCount;
            set_num_threads(Threads);
            if (OpenBlas.Threading == "pthread") OpenBlas.SetThreads(Threads);
            if (options.CheckMatrixProduct) CheckMatrixProduct();
            _initialized = true;
        }
        foreach (string warning in Warnings) warn?.Invoke(warning);
    }

    /// <summary>Changes from what size on blocks are mapped by themselves, where the allocator is tuned here.</summary>
    internal static void MapBlocks(int from)
    {
        if (AllocatorTuned) _ = NativeLibraries.TrySetAllocator(MappedFrom, from);
    }

    private static void PrepareLinux(RuntimeOptions options)
    {
        if (options.SetEnvironment)
        {
            // Spinning OpenMP threads take the cores away from BLAS and from replicas.
            NativeLibraries.SetVariableIfUnset("OMP_WAIT_POLICY", "passive");
            // UCX, which some libtorch builds pull in, takes over SIGSEGV; .NET needs it for null references.
            NativeLibraries.SetVariableIfUnset("UCX_HANDLE_ERRORS", "none");
        }
        if (options.TuneAllocator && !UserTunesAllocator())
        {
            // Large temporaries come from the heap and stay in it, instead of being mapped and faulted in anew each time. The largest (32 MiB is the most that glibc takes here) are mapped after all:
            // libtorch asks for aligned blocks, for which there is no place where a block of the same size was freed, so that each step would touch new memory for the scores of a vocabulary.
            AllocatorTuned = NativeLibraries.TrySetAllocator(MappedFrom, UsuallyMappedFrom)
                & NativeLibraries.TrySetAllocator(TrimThreshold, int.MaxValue)
                & NativeLibraries.TrySetAllocator(TopPad, 64 << 20);
        }
        if (options.PreferOpenMpBlas) LoadedBlas = OpenBlas.PreferOpenMp();
    }

    private static bool UserTunesAllocator() =>
        new[] { "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_" }.Any(name => Environment.GetEnvironmentVariable(name) is not null)
        || Environment.GetEnvironmentVariable("GLIBC_TUNABLES")?.Contains("glibc.malloc", StringComparison.Ordinal) == true;

    private static int? Inherited(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0 ? value : null;

    /// <summary>A fifth of two multiply-adds a cycle on every lane at 2 GHz: any tuned BLAS is above it on one core, the reference BLAS below.</summary>
    private static void CheckMatrixProduct()
    {
        const int Size = 256;
        double expected = 0.2 * 2e9 * 4 * (Vector256.IsHardwareAccelerated ? Vector256<float>.Count : Vector128<float>.Count);
        double best = 0;
        using (NewDisposeScope())
        using (no_grad())
        {
            Tensor one = ones([Size, Size]), product = zeros([Size, Size]);
            for (int attempt = 0; attempt < 8 && best < expected; attempt++)
            {
                long start = Stopwatch.GetTimestamp();
                product.addmm_(one, one);
                best = Math.Max(best, 2.0 * Size * Size * Size / Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }
        if (best >= expected) return;
        Noted.Add(string.Create(CultureInfo.InvariantCulture,
            $"Matrix products run at {best / 1e9:F1} GFLOP/s, at least {expected / 1e9:F0} were expected (BLAS: {OpenBlas.Configuration ?? "not OpenBLAS"}): the BLAS may be the reference one (install libopenblas0-openmp) or the machine busy."));
    }
}
