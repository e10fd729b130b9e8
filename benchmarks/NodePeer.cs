using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>A peer that runs in Node with packages from npm, in a process that works only when it is asked: a line is a command, a line of JSON the answer.</summary>
internal sealed class NodePeer : IDisposable
{
    private readonly Process _process;

    private NodePeer(Process process) => _process = process;

    /// <summary>Starts a script of the folder peers.</summary>
    /// <param name="node">The program; null: the peer isn't asked for.</param>
    /// <param name="packages">The folder whose node_modules has the peer's packages.</param>
    /// <returns>The peer with its version; null, with the reason, where it is missing.</returns>
    public static (NodePeer? Peer, string Details) Start(string? node, DirectoryInfo? packages, string script, IEnumerable<string> arguments)
    {
        if (node is null) return (null, "not asked for");
        if (packages is not { Exists: true }) return (null, "name the folder where `npm install tokenizers` was run with --packages FOLDER");
        ProcessStartInfo start = new(node) { RedirectStandardInput = true, RedirectStandardOutput = true, ArgumentList = { Path.Combine(AppContext.BaseDirectory, "peers", script), packages.FullName } };
        NodePeer peer;
        try
        {
            peer = new(Process.Start(start)!);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (null, $"{node} is not there (Debian, Ubuntu: apt-get install nodejs npm)");
        }
        // The list may be longer than a command line.
        peer._process.StandardInput.WriteLine(new JsonArray([.. arguments.Select(argument => (JsonNode)argument)]).ToJsonString());
        peer._process.StandardInput.Flush();
        if (peer.Read() is { } hello) return (peer, (string)hello["details"]!);
        peer.Dispose();
        return (null, $"{packages.FullName} has no package tokenizers (npm install tokenizers)");
    }

    /// <summary>Asks for something and waits for it.</summary>
    public JsonNode Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        return Read() ?? throw new InvalidOperationException($"The peer ended at '{command}'; its error is above.");
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    // The trainer prints empty lines for its progress.
    private JsonNode? Read()
    {
        while (_process.StandardOutput.ReadLine() is string line)
        {
            if (line.StartsWith('{')) return JsonNode.Parse(line);
        }
        return null;
    }
}
