using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Runtime;

/// <summary>Alone: while another test makes a pool of replicas, a new thread may copy the replicas' number of threads.</summary>
[Collection(nameof(NativeRuntimeTests))]
[CollectionDefinition(nameof(NativeRuntimeTests), DisableParallelization = true)]
public sealed class NativeRuntimeTests
{
    [Fact]
    public void Defaults_are_pinned()
    {
        RuntimeOptions options = new();
        Assert.Null(options.Threads);
        Assert.True(options.SetEnvironment);
        Assert.True(options.TuneAllocator);
        Assert.True(options.PreferOpenMpBlas);
        Assert.True(options.CheckMatrixProduct);
    }

    [Fact]
    public void Afterwards_threads_agree_and_the_environment_is_set()
    {
        NativeRuntime.Initialize();
        Assert.True(NativeRuntime.Threads >= 1);
        // A thread of this test's own: what an earlier test did in the runner's threads stays with them.
        int threads = 0;
        Thread fresh = new(() => threads = TorchSharp.torch.get_num_threads());
        fresh.Start();
        fresh.Join();
        Assert.Equal(NativeRuntime.Threads, threads);
        if (OperatingSystem.IsLinux()) Assert.False(string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OMP_WAIT_POLICY")));
    }

    [Fact]
    public void The_diagnosis_names_what_matters()
    {
        RuntimeDiagnosis diagnosis = RuntimeDiagnosis.Collect();
        string[] names = diagnosis.Facts.Select(fact => fact.Name).ToArray();
        Assert.Superset(new HashSet<string> { "mode", "Microsoft.ML", "TorchSharp", "libtorch", "BLAS", "OPENBLAS_CORETYPE", "threads", "allocator", "devices", "system", ".NET" }, names.ToHashSet());
        Assert.Contains(diagnosis.Facts, fact => fact.Name == "mode" && fact.Value is "source" or "packages");
        if (OperatingSystem.IsLinux()) Assert.Contains("libtorch_cpu", diagnosis.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Devices_are_what_they_are()
    {
        Assert.Equal(TorchSharp.DeviceType.CPU, ComputeDevice.Cpu.Resolve().type);
        if (!TorchSharp.torch.cuda_is_available()) Assert.Contains("Auto or Cpu", Assert.Throws<InvalidOperationException>(() => ComputeDevice.Cuda.Resolve()).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => ((ComputeDevice)9).Resolve());
    }
}
