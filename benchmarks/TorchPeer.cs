using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>A peer in plain PyTorch, in a process that works only when it is its turn: a line is a command, a line of JSON the answer. It gets our BLAS, core type, thread policy and allocator settings.</summary>
internal sealed class TorchPeer : IDisposable
{
    private readonly Process _process;

    private TorchPeer(Process process) => _process = process;

    /// <summary>Starts a script of the folder peers; its first line tells its <c>details</c>.</summary>
    /// <param name="python">The interpreter; null: the peer isn't asked for.</param>
    /// <param name="script">The script's name.</param>
    /// <param name="arguments">What it gets.</param>
    /// <returns>The peer with its details; null, with the reason, where it is missing.</returns>
    public static (TorchPeer? Peer, string Details) Start(string? python, string script, params ReadOnlySpan<string> arguments)
    {
        if (python is null) return (null, "not asked for");
        if (!File.Exists(python)) return (null, $"{python} is not there");
        ProcessStartInfo start = new(python) { RedirectStandardInput = true, RedirectStandardOutput = true, ArgumentList = { Path.Combine(AppContext.BaseDirectory, "peers", script) } };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        foreach ((string name, string value) in (IEnumerable<(string, string)>)
        [
            ("OMP_WAIT_POLICY", "passive"), ("OMP_NUM_THREADS", NativeRuntime.Threads.ToString(CultureInfo.InvariantCulture)),
            ("MALLOC_MMAP_THRESHOLD_", "33554432"), ("MALLOC_TRIM_THRESHOLD_", "2147483647"), ("MALLOC_TOP_PAD_", "67108864"), ("UCX_HANDLE_ERRORS", "none"),
        ]) start.Environment[name] = value;
        // The BLAS that this process runs on, whatever the system's links say.
        string? blas = Process.GetCurrentProcess().Modules.Cast<ProcessModule>().Select(module => module.FileName).FirstOrDefault(path => path.Contains("libopenblas", StringComparison.Ordinal));
        if (blas is not null) start.Environment["LD_PRELOAD"] = blas;

        TorchPeer peer = new(Process.Start(start)!);
        if (peer.Read() is { } hello) return (peer, (string)hello["details"]!);
        peer.Dispose();
        return (null, $"{python} has no torch (Debian, Ubuntu: apt-get install python3-torch)");
    }

    /// <summary>Asks for something and waits for it.</summary>
    public JsonNode Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        return Read() ?? throw new InvalidOperationException($"The PyTorch peer ended at '{command}'; its error is above.");
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private JsonNode? Read() => _process.StandardOutput.ReadLine() is string line ? JsonNode.Parse(line) : null;
}
