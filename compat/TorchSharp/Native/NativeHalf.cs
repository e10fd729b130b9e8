using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Finds the native half at its first use, and says in one sentence what is wrong where it cannot.</summary>
internal static class NativeHalf
{
    internal const string Name = "TorchSharpShim";
    private const int Interface = 2;
    private const string FileName = "lib" + Name + ".so";
    private const string Cure = "Run ./quickstart.sh (or build/native.sh), which compiles it; LIBTORCH names the folder of another libtorch (1.13 or newer).";

    // Costs nothing and loads nothing: the library that uses us sets the native environment before libtorch is loaded.
    [ModuleInitializer]
    internal static void Register() => NativeLibrary.SetDllImportResolver(typeof(NativeHalf).Assembly, Resolve);

    private static readonly Lock Gate = new();
    private static nint _handle;

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Name) return 0;
        lock (Gate)
        {
            if (_handle == 0) _handle = Load();
            return _handle;
        }
    }

    private static unsafe nint Load()
    {
        var file = Path.Combine(AppContext.BaseDirectory, FileName);
        if (!File.Exists(file)) file = Path.Combine(Path.GetDirectoryName(typeof(NativeHalf).Assembly.Location) ?? "", FileName);
        if (!File.Exists(file)) throw new DllNotFoundException($"TorchSharp needs its native half, {FileName}, in {AppContext.BaseDirectory}: it is not there. {Cure}");

        nint handle;
        try { handle = NativeLibrary.Load(file); }
        catch (DllNotFoundException e) { throw new DllNotFoundException($"The libtorch that {file} was compiled for cannot be loaded: {e.Message.ReplaceLineEndings(" ")} {Cure}"); }

        var number = ((delegate* unmanaged<int>)NativeLibrary.GetExport(handle, "llm_shim_interface"))();
        if (number != Interface) throw new DllNotFoundException($"{file} has interface {number}, this TorchSharp needs {Interface}. {Cure}");

        var compiled = Text((delegate* unmanaged<byte*>)NativeLibrary.GetExport(handle, "llm_shim_compiled_for"));
        var loaded = Version(Text((delegate* unmanaged<byte*>)NativeLibrary.GetExport(handle, "llm_shim_config")));
        if (loaded is not null && loaded != compiled) throw new DllNotFoundException($"{file} was compiled for libtorch {compiled}, but libtorch {loaded} is loaded. {Cure}");
        return handle;
    }

    private static unsafe string Text(delegate* unmanaged<byte*> function) => Marshal.PtrToStringUTF8((nint)function()) ?? "";

    // libtorch lists its build settings, "TORCH_VERSION=1.13.0" among them.
    private static string? Version(string config)
    {
        const string key = "TORCH_VERSION=";
        var start = config.IndexOf(key, StringComparison.Ordinal);
        if (start < 0) return null;
        start += key.Length;
        var end = config.AsSpan(start).IndexOfAny(", \n");
        return end < 0 ? config[start..] : config.Substring(start, end);
    }
}
