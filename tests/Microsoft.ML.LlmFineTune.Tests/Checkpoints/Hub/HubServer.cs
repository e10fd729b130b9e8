using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints.Hub;

/// <summary>A request that the server got.</summary>
internal sealed record HubRequest(string Method, string Target, string? Range, string? Authorization)
{
    public bool IsFile => Target.Contains("/resolve/", StringComparison.Ordinal) || Target.StartsWith("/store/", StringComparison.Ordinal);

    public bool IsGetOf(string file) => Method == "GET" && IsFile && Target.EndsWith("/" + file, StringComparison.Ordinal);
}

/// <summary>What the server answers.</summary>
internal sealed record HubReply(int Status, byte[] Body, params (string Name, string Value)[] Headers)
{
    /// <summary>The connection is dropped after so many bytes of the body.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Nothing more comes after so many bytes of the body (-1: not even the headers).</summary>
    public int? HangAfter { get; init; }

    /// <summary>The announced length, where it is not the body's.</summary>
    public long? Length { get; init; }
}

/// <summary>A small hub on this machine, with the protocol of the real one, and faults where a test wants some.</summary>
internal sealed class HubServer : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();

    public HubServer()
    {
        _listener.Start();
        Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _ = AcceptAsync();
    }

    public string Address { get; }

    public string Repository { get; set; } = "org/tiny";

    /// <summary>Contents by path. What ends in .safetensors is a large file, known by its SHA-256.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    /// <summary>Names in the list of files in place of those of <see cref="Files"/>.</summary>
    public IReadOnlyList<string>? Listed { get; set; }

    /// <summary>Looked at first; null: the ordinary answer.</summary>
    public Func<HubRequest, HubReply?> Fault { get; set; } = _ => null;

    public string? Token { get; set; }

    /// <summary>Where large files are redirected to.</summary>
    public string? Store { get; set; }

    public ConcurrentQueue<HubRequest> Requests { get; } = new();

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        _stop.Dispose();
    }

    public static string ChecksumOf(string path, byte[] content) => path.EndsWith(".safetensors", StringComparison.Ordinal)
        ? Convert.ToHexStringLower(SHA256.HashData(content))
        : Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));

    /// <summary>The ordinary answer.</summary>
    public HubReply Answer(HubRequest request)
    {
        if (request.Target.StartsWith("/store/", StringComparison.Ordinal)) return Content(request, Files[request.Target["/store/".Length..]]);
        if (Token is not null && request.Authorization != $"Bearer {Token}") return new HubReply(401, [], ("X-Error-Code", "RepoNotFound"), ("X-Error-Message", "Repository not found"));
        if (Regex.Match(request.Target, $"^/api/models/{Repository}/revision/(.+)$") is { Success: true } listing)
        {
            if (Uri.UnescapeDataString(listing.Groups[1].Value) is not ("main" or "refs/pr/1" or Commit)) return new HubReply(404, [], ("X-Error-Code", "RevisionNotFound"));
            return new HubReply(200, JsonSerializer.SerializeToUtf8Bytes(new { id = Repository, sha = Commit, siblings = (Listed ?? [.. Files.Keys]).Select(name => new { rfilename = name }) }), ("Content-Type", "application/json"));
        }
        if (Regex.Match(request.Target, $"^/{Repository}/resolve/{Commit}/(.+)$") is { Success: true } file)
        {
            string path = Uri.UnescapeDataString(file.Groups[1].Value);
            if (!Files.TryGetValue(path, out byte[]? content)) return new HubReply(404, [], ("X-Error-Code", "EntryNotFound"));
            (string, string)[] facts = path.EndsWith(".safetensors", StringComparison.Ordinal)
                ? [("X-Repo-Commit", Commit), ("ETag", "\"of-the-store\""), ("X-Linked-Etag", $"\"{ChecksumOf(path, content)}\""), ("X-Linked-Size", $"{content.Length}")]
                : [("X-Repo-Commit", Commit), ("ETag", $"W/\"{ChecksumOf(path, content)}\"")];
            return Store is not null && path.EndsWith(".safetensors", StringComparison.Ordinal)
                ? new HubReply(302, [], [.. facts, ("Location", $"{Store}/store/{path}")])
                : Content(request, content) is var reply ? reply with { Headers = [.. reply.Headers, .. facts] } : null!;
        }
        return new HubReply(404, [], ("X-Error-Code", "RepoNotFound"));
    }

    /// <summary>A content, or the range of it that is asked for.</summary>
    public static HubReply Content(HubRequest request, byte[] content)
    {
        if (request.Range is null) return new HubReply(200, content);
        int from = int.Parse(Regex.Match(request.Range, @"^bytes=(\d+)-$").Groups[1].Value, CultureInfo.InvariantCulture);
        return from >= content.Length
            ? new HubReply(416, [], ("Content-Range", $"bytes */{content.Length}"))
            : new HubReply(206, content[from..], ("Content-Range", $"bytes {from}-{content.Length - 1}/{content.Length}"));
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                HubRequest request = await ReadAsync(stream);
                Requests.Enqueue(request);
                await WriteAsync(stream, request, Fault(request) ?? Answer(request));
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The client hung up, or the test is over.
            }
        }
    }

    private static async Task<HubRequest> ReadAsync(NetworkStream stream)
    {
        using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
        string[] start = (await reader.ReadLineAsync() ?? throw new IOException("No request.")).Split(' ');
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync() is { Length: > 0 } line) headers[line[..line.IndexOf(':', StringComparison.Ordinal)]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        return new HubRequest(start[0], start[1], headers.GetValueOrDefault("Range"), headers.GetValueOrDefault("Authorization"));
    }

    private async Task WriteAsync(NetworkStream stream, HubRequest request, HubReply reply)
    {
        if (reply.HangAfter < 0) await Task.Delay(Timeout.Infinite, _stop.Token);
        StringBuilder head = new($"HTTP/1.1 {reply.Status} Answer\r\nConnection: close\r\nContent-Length: {reply.Length ?? reply.Body.Length}\r\n");
        foreach ((string name, string value) in reply.Headers) head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), _stop.Token);
        if (request.Method == "HEAD") return;
        int count = Math.Min(reply.CutAfter ?? reply.HangAfter ?? reply.Body.Length, reply.Body.Length);
        await stream.WriteAsync(reply.Body.AsMemory(0, count), _stop.Token);
        if (reply.HangAfter is not null) await Task.Delay(Timeout.Infinite, _stop.Token);
    }
}
