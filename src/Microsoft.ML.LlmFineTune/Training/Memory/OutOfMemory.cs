using System.Runtime.InteropServices;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Which exceptions say that memory ran out.</summary>
internal static class OutOfMemory
{
    /// <summary>What libtorch's allocators write: those of CUDA ("CUDA out of memory", or an error of the driver), and of the CPU ("DefaultCPUAllocator: can't allocate memory", "not enough memory").</summary>
    private static readonly string[] Words = ["out of memory", "can't allocate memory", "not enough memory", "bad_alloc", "CUBLAS_STATUS_ALLOC_FAILED"];

    /// <summary>Whether an exception, or one that it was made of, says so.</summary>
    public static bool Is(Exception exception)
    {
        for (Exception? error = exception; error is not null; error = error.InnerException)
        {
            if (error is OutOfMemoryException) return true;
            if (error is ExternalException && Words.Any(word => error.Message.Contains(word, StringComparison.OrdinalIgnoreCase))) return true;
        }
        return false;
    }
}
