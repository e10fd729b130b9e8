using System.Runtime.InteropServices;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>The few functions of the C library that the runtime needs, all of Linux.</summary>
internal static partial class NativeLibraries
{
    private const int Lazy = 1;
    private const int NoLoad = 4;
    private const int Global = 0x100;
    private const int HugePages = 14;

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dlsym", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Symbol(nint library, string name);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int AllocatorOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nint kept);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int AdviseMemory(nint address, nint length, int advice);

    /// <summary>Sets a variable in the native environment (and in .NET's copy of it, for child processes) unless it is set.</summary>
    public static void SetVariableIfUnset(string name, string value)
    {
        if (Environment.GetEnvironmentVariable(name) is not null) return;
        _ = SetVariable(name, value, overwrite: 0);
        Environment.SetEnvironmentVariable(name, value);
    }

    /// <summary>Loads a library so that libraries loaded later find its symbols first.</summary>
    public static bool LoadGlobally(string path) => Open(path, Lazy | Global) != 0;

    /// <summary>A function of a library, provided that the process has loaded it; 0 otherwise.</summary>
    public static nint LoadedFunction(string library, string name)
    {
        nint handle = Open(library, Lazy | NoLoad);
        return handle == 0 ? 0 : Symbol(handle, name);
    }

    /// <summary>Sets an option of glibc's allocator; false where the C library has none or refuses.</summary>
    public static bool TrySetAllocator(int option, int value)
    {
        try
        {
            return AllocatorOption(option, value) == 1;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Gives the free pages of glibc's heap back to the system; the heap's addresses stay.</summary>
    public static void TrimHeap()
    {
        try
        {
            _ = Trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library keeps what it keeps.
        }
    }

    /// <summary>Asks for huge pages (MADV_HUGEPAGE) where memory is touched for the first time; the kernel may refuse, and nothing but time is lost.</summary>
    /// <param name="address">Where the memory begins; the pages that it shares with other memory are included.</param>
    /// <param name="length">Its bytes.</param>
    public static void PreferHugePages(nint address, long length)
    {
        nint start = address & ~(nint)(Environment.SystemPageSize - 1);
        _ = AdviseMemory(start, (nint)length + (address - start), HugePages);
    }
}
