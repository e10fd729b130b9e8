namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>
/// Gives memory that was freed back to the system. glibc's allocator keeps it for the next step, which is fast; but libtorch asks for aligned blocks, which the allocator finds no place for where a block of the same size
/// was freed, so that over the first steps more and more of the heap is touched: in the end about twice what is ever in use.
/// </summary>
internal static class FreedMemory
{
    /// <summary>Gives all of it back; what is in use next is taken from the system anew, which costs time. Without effect where the C library is another one.</summary>
    public static void Return()
    {
        if (OperatingSystem.IsLinux()) NativeLibraries.TrimHeap();
    }
}
