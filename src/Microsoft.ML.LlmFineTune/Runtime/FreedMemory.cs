namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>
/// Gives memory that was freed back to the system. glibc's allocator keeps it for the next step, which is fast; but libtorch asks for aligned blocks, which the allocator finds no place for where a block of the same size
/// was freed, so that over the first steps more and more of the heap is touched: in the end about twice what is ever in use.
/// </summary>
internal static class FreedMemory
{
    /// <summary>From how many bytes on blocks are mapped by themselves.</summary>
    internal const int MappedFrom = 1 << 20;

    private static readonly Lock Gate = new();
    private static int _users;

    /// <summary>Gives all of it back; what is in use next is taken from the system anew, which costs time. Without effect where the C library is another one.</summary>
    public static void Return()
    {
        if (OperatingSystem.IsLinux()) NativeLibraries.TrimHeap();
    }

    /// <summary>
    /// Lets blocks of 1 MiB and more that the heap has no room for be mapped by themselves until disposal: the heap does not grow by them, they waste nothing, and they go back the moment they are freed; each costs the
    /// time in which the system clears new memory. Without effect where the allocator is not tuned by <see cref="NativeRuntime"/>.
    /// </summary>
    public static IDisposable MapBlocks()
    {
        lock (Gate)
        {
            if (_users++ == 0) NativeRuntime.MapBlocks(MappedFrom);
        }
        return new Mapping();
    }

    private sealed class Mapping : IDisposable
    {
        private bool _ended;

        public void Dispose()
        {
            lock (Gate)
            {
                if (_ended) return;
                _ended = true;
                if (--_users == 0) NativeRuntime.MapBlocks(NativeRuntime.UsuallyMappedFrom);
            }
        }
    }
}
