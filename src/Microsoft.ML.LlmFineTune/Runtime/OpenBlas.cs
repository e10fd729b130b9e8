using System.Runtime.InteropServices;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>What is known of OpenBLAS in this process, and how its OpenMP variant gets there.</summary>
internal static unsafe class OpenBlas
{
    private const string Library = "libopenblas.so.0";

    /// <summary>"openmp", "pthread" or "sequential"; null when the process has no OpenBLAS under its usual name.</summary>
    public static string? Threading => Function("openblas_get_parallel") is not 0 and nint function
        ? ((delegate* unmanaged[Cdecl]<int>)function)() switch { 2 => "openmp", 1 => "pthread", _ => "sequential" }
        : null;

    /// <summary>The kernels in use, for example "SkylakeX" or "Haswell"; null without OpenBLAS.</summary>
    public static string? CoreName => Function("openblas_get_corename") is not 0 and nint function
        ? Marshal.PtrToStringUTF8((nint)((delegate* unmanaged[Cdecl]<byte*>)function)())
        : null;

    /// <summary>Version and build options; null without OpenBLAS.</summary>
    public static string? Configuration => Function("openblas_get_config") is not 0 and nint function
        ? Marshal.PtrToStringUTF8((nint)((delegate* unmanaged[Cdecl]<byte*>)function)())?.Trim()
        : null;

    /// <summary>Threads of the pthread variant (the OpenMP variant follows OpenMP).</summary>
    public static void SetThreads(int threads)
    {
        nint function = Function("openblas_set_num_threads");
        if (function != 0) ((delegate* unmanaged[Cdecl]<int, void>)function)(threads);
    }

    /// <summary>
    /// Loads the OpenMP variant for everyone, where libtorch is the system's and links the system's BLAS. The alternatives of libblas and libopenblas are
    /// separate, so one may be right and the other wrong; loaded first under the name that both lead to, this one is what libtorch gets.
    /// </summary>
    /// <returns>The path that was loaded; null when nothing was to be done or the variant is not installed.</returns>
    public static string? PreferOpenMp()
    {
        // A libtorch that travels with the program, or one that the user points at, brings its own BLAS.
        if (BundledLibtorch() || Environment.GetEnvironmentVariable("LIBTORCH") is not null || Threading is not null) return null;
        foreach (string directory in (string[])[$"/usr/lib/{Triplet}", "/usr/lib64", "/usr/lib"])
        {
            string path = Path.Combine(directory, "openblas-openmp", Library);
            if (File.Exists(path) && NativeLibraries.LoadGlobally(path)) return path;
        }
        return null;
    }

    private static string Triplet => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => "x86_64-linux-gnu",
        Architecture.Arm64 => "aarch64-linux-gnu",
        Architecture other => $"{other.ToString().ToLowerInvariant()}-linux-gnu",
    };

    private static bool BundledLibtorch()
    {
        string searched = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        return searched.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append(AppContext.BaseDirectory)
            .Any(directory => File.Exists(Path.Combine(directory, "libtorch_cpu.so")));
    }

    private static nint Function(string name) => OperatingSystem.IsLinux() ? NativeLibraries.LoadedFunction(Library, name) : 0;
}
