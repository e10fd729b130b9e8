using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>nanoGPT's training in PyTorch.</summary>
internal sealed class PyTorchPeer : IDisposable
{
    private readonly TorchPeer _peer;

    private PyTorchPeer(TorchPeer peer) => _peer = peer;

    /// <summary>Every step so far.</summary>
    public List<double> Milliseconds { get; } = [];

    /// <summary>Processor time of all steps so far.</summary>
    public double ProcessorMilliseconds { get; private set; }

    /// <summary>Starts the peer.</summary>
    /// <returns>Null, with the reason, where it is missing.</returns>
    public static (PyTorchPeer? Peer, string Reason) Start(NanoGptOptions options, int seed)
    {
        (TorchPeer? peer, string details) = TorchPeer.Start(options.Python, "nanogpt.py", options.Data.FullName, seed.ToString(CultureInfo.InvariantCulture), NativeRuntime.Threads.ToString(CultureInfo.InvariantCulture));
        return (peer is null ? null : new PyTorchPeer(peer), details);
    }

    /// <summary>Takes some steps and waits for them.</summary>
    public void Take(int steps)
    {
        JsonNode answer = _peer.Ask($"steps {steps.ToString(CultureInfo.InvariantCulture)}");
        Milliseconds.AddRange(answer["milliseconds"]!.AsArray().Select(value => (double)value!));
        ProcessorMilliseconds += (double)answer["processor_milliseconds"]!;
    }

    /// <summary>The loss over the whole validation text, and the peak memory.</summary>
    public (double Loss, long PeakBytes) Finish()
    {
        JsonNode answer = _peer.Ask("finish");
        return ((double)answer["validation_loss"]!, (long)answer["peak_bytes"]!);
    }

    public void Dispose() => _peer.Dispose();
}
