using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>What a bug report needs to know of the process: versions, paths, BLAS, threads, allocator, devices. <see cref="ToString"/> is the text to paste.</summary>
public sealed class RuntimeDiagnosis
{
    private RuntimeDiagnosis(IReadOnlyList<(string Name, string Value)> facts) => Facts = facts;

    /// <summary>The facts in order.</summary>
    public IReadOnlyList<(string Name, string Value)> Facts { get; }

    /// <summary>Collects the facts; initialises the native side if nobody has.</summary>
    public static RuntimeDiagnosis Collect()
    {
        NativeRuntime.Initialize();
        // Without a product, a BLAS that is bound late might not be there yet.
        using (Tensor one = ones([8, 8]))
        using (Tensor product = one.mm(one)) { }
        Assembly torchSharp = typeof(torch).Assembly;
        List<(string, string)> facts =
        [
            ("mode", Mode(torchSharp)),
            ("Microsoft.ML.LlmFineTune", Describe(typeof(RuntimeDiagnosis).Assembly)),
            ("Microsoft.ML", Describe(Assembly.Load("Microsoft.ML.Core"))),
            ("Microsoft.ML.Tokenizers", Describe(typeof(Tokenizers.Tokenizer).Assembly)),
            ("TorchSharp", Describe(torchSharp)),
        ];
        ProcessModule[] modules = Process.GetCurrentProcess().Modules.Cast<ProcessModule>().ToArray();
        facts.Add(("libtorch", Paths(modules, "torch_cpu")));
        facts.Add(("BLAS", Paths(modules, "blas", "mkl")));
        facts.Add(("OpenBLAS", OpenBlas.Configuration is string configuration ? $"{configuration}; kernels {OpenBlas.CoreName}; threads by {OpenBlas.Threading}" : "none"));
        facts.Add(("OPENBLAS_CORETYPE", Variable("OPENBLAS_CORETYPE")));
        facts.Add(("OpenMP", $"{Paths(modules, "gomp", "iomp", "libomp")}; OMP_WAIT_POLICY {Variable("OMP_WAIT_POLICY")}; OMP_NUM_THREADS {Variable("OMP_NUM_THREADS")}"));
        facts.Add(("threads", string.Create(CultureInfo.InvariantCulture, $"{get_num_threads()} intra-operator of {Environment.ProcessorCount} cores")));
        facts.Add(("allocator", NativeRuntime.AllocatorTuned ? "tuned: freed memory stays in the process" : "as the system or the user set it"));
        facts.Add(("vectors", $"{(Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128)} bits"));
        facts.Add(("devices", cuda_is_available() ? string.Create(CultureInfo.InvariantCulture, $"cpu, {cuda.device_count()} cuda") : "cpu"));
        facts.Add(("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}"));
        facts.Add((".NET", RuntimeInformation.FrameworkDescription));
        facts.AddRange(NativeRuntime.Warnings.Select(warning => ("warning", warning)));
        return new RuntimeDiagnosis(facts);
    }

    /// <summary>One fact a line.</summary>
    public override string ToString() => string.Join(Environment.NewLine, Facts.Select(fact => $"{fact.Name}: {fact.Value}"));

    private static string Mode(Assembly torchSharp) =>
        torchSharp.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(data => data.Key == "LlmDependencies")?.Value ?? "packages";

    private static string Describe(Assembly assembly)
    {
        string version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? assembly.GetName().Version?.ToString() ?? "unknown version";
        return assembly.Location.Length == 0 ? version : $"{version}, {assembly.Location}";
    }

    private static string Paths(ProcessModule[] modules, params string[] parts)
    {
        string[] found = modules.Where(module => parts.Any(part => module.ModuleName.Contains(part, StringComparison.OrdinalIgnoreCase)))
            .Select(module => module.FileName).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        return found.Length == 0 ? "none seen" : string.Join(", ", found);
    }

    private static string Variable(string name) => Environment.GetEnvironmentVariable(name) ?? "not set";
}
