using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>The same training in PyTorch, in a process that works only when it is its turn. It gets our BLAS, core type, thread policy and allocator settings.</summary>
internal sealed class PyTorchPeer : IDisposable
{
    private readonly Process _process;

    private PyTorchPeer(Process process) => _process = process;

    /// <summary>Every step so far.</summary>
    public List<double> Milliseconds { get; } = [];

    /// <summary>Processor time of all steps so far.</summary>
    public double ProcessorMilliseconds { get; private set; }

    /// <summary>Starts the peer.</summary>
    /// <returns>Null, with the reason, where it is missing.</returns>
    public static (PyTorchPeer? Peer, string Reason) Start(NanoGptOptions options, int seed)
    {
        if (options.Python is null) return (null, "not asked for");
        if (!File.Exists(options.Python)) return (null, $"{options.Python} is not there");
        ProcessStartInfo start = new(options.Python)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "peers", "nanogpt.py"), options.Data.FullName, seed.ToString(CultureInfo.InvariantCulture), NativeRuntime.Threads.ToString(CultureInfo.InvariantCulture) },
        };
        foreach ((string name, string value) in (IEnumerable<(string, string)>)
        [
            ("OMP_WAIT_POLICY", "passive"), ("OMP_NUM_THREADS", NativeRuntime.Threads.ToString(CultureInfo.InvariantCulture)),
            ("MALLOC_MMAP_MAX_", "0"), ("MALLOC_TRIM_THRESHOLD_", "2147483647"), ("MALLOC_TOP_PAD_", "67108864"), ("UCX_HANDLE_ERRORS", "none"),
        ]) start.Environment[name] = value;
        // The BLAS that this process runs on, whatever the system's links say.
        string? blas = Process.GetCurrentProcess().Modules.Cast<ProcessModule>().Select(module => module.FileName).FirstOrDefault(path => path.Contains("libopenblas", StringComparison.Ordinal));
        if (blas is not null) start.Environment["LD_PRELOAD"] = blas;

        PyTorchPeer peer = new(Process.Start(start)!);
        if (peer.Read() is { } hello) return (peer, (string)hello["details"]!);
        peer.Dispose();
        return (null, $"{options.Python} has no torch (Debian, Ubuntu: apt-get install python3-torch)");
    }

    /// <summary>Takes some steps and waits for them.</summary>
    public void Take(int steps)
    {
        JsonNode answer = Ask($"steps {steps.ToString(CultureInfo.InvariantCulture)}");
        Milliseconds.AddRange(answer["milliseconds"]!.AsArray().Select(value => (double)value!));
        ProcessorMilliseconds += (double)answer["processor_milliseconds"]!;
    }

    /// <summary>The loss over the whole validation text, and the peak memory.</summary>
    public (double Loss, long PeakBytes) Finish()
    {
        JsonNode answer = Ask("finish");
        return ((double)answer["validation_loss"]!, (long)answer["peak_bytes"]!);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private JsonNode Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        return Read() ?? throw new InvalidOperationException($"The PyTorch peer ended at '{command}'; its error is above.");
    }

    private JsonNode? Read() => _process.StandardOutput.ReadLine() is string line ? JsonNode.Parse(line) : null;
}
