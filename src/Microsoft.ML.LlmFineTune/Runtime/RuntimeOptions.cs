namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>What <see cref="NativeRuntime.Initialize"/> does to the process. The first call wins.</summary>
public sealed record RuntimeOptions
{
    /// <summary>Threads of libtorch, OpenMP and BLAS together; at least 1. Default null: <c>OMP_NUM_THREADS</c> where it is set, otherwise one a core that the process may use.</summary>
    public int? Threads { get; init; }

    /// <summary>Sets OpenMP's waiting policy and switches UCX's signal handlers off, each only where the environment does not set it already. Default true.</summary>
    public bool SetEnvironment { get; init; } = true;

    /// <summary>Keeps freed memory in the process (glibc only), so that large temporaries are not faulted in again and again; a <c>MALLOC_*</c> or <c>GLIBC_TUNABLES</c> variable of the user's wins. Default true.</summary>
    public bool TuneAllocator { get; init; } = true;

    /// <summary>Loads OpenBLAS's OpenMP variant before libtorch where the system's BLAS is another one and libtorch uses the system's (Debian and its kin). Default true.</summary>
    public bool PreferOpenMpBlas { get; init; } = true;

    /// <summary>Times one small matrix product and warns when it is far from what the processor can do. Default true.</summary>
    public bool CheckMatrixProduct { get; init; } = true;

    internal void Validate()
    {
        if (Threads is int threads) Require.Within(threads, 1, 4096, nameof(Threads));
    }
}
