using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints.Hub;

public sealed class HubDownloadTests : IDisposable
{
    private const string Weights = "model.safetensors";
    private readonly string _cache = Directory.CreateTempSubdirectory().FullName;
    private readonly HubServer _server = new();
    private readonly HubRepository _repository = new("org/tiny");

    public HubDownloadTests()
    {
        _server.Files["config.json"] = Encoding.UTF8.GetBytes("""{"model_type":"gpt2"}""");
        _server.Files["tokenizer.json"] = Encoding.UTF8.GetBytes("{}");
        _server.Files["empty.model"] = [];
        _server.Files["1_Pooling/config.json"] = Encoding.UTF8.GetBytes("""{"word_embedding_dimension":4}""");
        _server.Files["README.md"] = Encoding.UTF8.GetBytes("# Tiny");
        _server.Files["pytorch_model.bin"] = [0x80, 2];
        _server.Files["onnx/" + Weights] = [1, 2, 3];
        byte[] weights = new byte[300_000];
        new Random(7).NextBytes(weights);
        _server.Files[Weights] = weights;
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private HubOptions Options => new() { Endpoint = _server.Address, CacheFolder = _cache, Token = "", Offline = false, Retries = 3, RetryDelay = TimeSpan.FromMilliseconds(2), Timeout = TimeSpan.FromSeconds(5) };

    private string Repo => Path.Combine(_cache, "models--org--tiny");

    private string Blob(string path) => Path.Combine(Repo, "blobs", HubServer.ChecksumOf(path, _server.Files[path]));

    public void Dispose()
    {
        _server.Dispose();
        Directory.Delete(_cache, recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TheFilesThatTheLibraryReadsAreLaidDownAsHuggingFaceHubDoes(bool links)
    {
        HubSnapshot snapshot = await HubDownload.SnapshotAsync(_repository, Options with { SymbolicLinks = links }, cancellation: Stop);
        Assert.Equal(["1_Pooling/config.json", "config.json", "empty.model", Weights, "tokenizer.json"], snapshot.Files);
        Assert.Equal((Path.Combine(Repo, "snapshots", HubServer.Commit), HubServer.Commit, true), (snapshot.Folder, snapshot.Commit, snapshot.IsConfirmed));
        Assert.Equal(HubServer.Commit, File.ReadAllText(Path.Combine(Repo, "refs", "main")));
        foreach (string path in snapshot.Files)
        {
            FileInfo file = new(Path.Combine(snapshot.Folder, path));
            Assert.Equal(_server.Files[path], File.ReadAllBytes(file.FullName));
            Assert.Equal(_server.Files[path], File.ReadAllBytes(Blob(path)));
            string up = path.Contains('/', StringComparison.Ordinal) ? "../../../blobs/" : "../../blobs/";
            Assert.Equal(links ? up + Path.GetFileName(Blob(path)) : null, file.LinkTarget);
        }
        // Nothing is left over, and nothing else was asked for.
        Assert.Equal(snapshot.Files.Count, Directory.GetFiles(Path.Combine(Repo, "blobs")).Length);
        Assert.Equal(snapshot.Files, Directory.GetFiles(snapshot.Folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(snapshot.Folder, path)).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(_server.Requests, request => request.Target.EndsWith(".bin", StringComparison.Ordinal) || request.Target.EndsWith(".md", StringComparison.Ordinal) || request.Authorization is not null);
    }

    [Fact]
    public async Task WhatIsThereIsNotAskedForAgain()
    {
        await HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        _server.Requests.Clear();
        HubSnapshot again = HubDownload.Snapshot(_repository, Options, cancellation: Stop);
        Assert.True(again.IsConfirmed);
        Assert.Equal($"/api/models/org/tiny/revision/main", Assert.Single(_server.Requests).Target);
        // A link whose blob is gone is no file; the others stay.
        File.Delete(Blob("config.json"));
        await HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        Assert.Equal(_server.Files["config.json"], File.ReadAllBytes(Path.Combine(again.Folder, "config.json")));
        Assert.Equal(["config.json", "config.json"], _server.Requests.Where(request => request.IsFile).Select(request => request.Target.Split('/')[^1]));
    }

    [Fact]
    public async Task WhatPythonDownloadedIsFound()
    {
        foreach (string path in (string[])["config.json", Weights])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Blob(path))!);
            File.WriteAllBytes(Blob(path), _server.Files[path]);
        }
        // The weights stand under no snapshot yet: they are linked, not fetched.
        string snapshot = Directory.CreateDirectory(Path.Combine(Repo, "snapshots", HubServer.Commit)).FullName;
        File.CreateSymbolicLink(Path.Combine(snapshot, "config.json"), "../../blobs/" + Path.GetFileName(Blob("config.json")));
        HubSnapshot found = await HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        Assert.Equal(_server.Files[Weights], File.ReadAllBytes(Path.Combine(found.Folder, Weights)));
        Assert.DoesNotContain(_server.Requests, request => request.IsGetOf(Weights) || (request.IsFile && request.Target.EndsWith($"{HubServer.Commit}/config.json", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task ADroppedConnectionIsTakenUpWhereItBroke()
    {
        int drops = 0;
        _server.Fault = request => request.IsGetOf(Weights) && Interlocked.Increment(ref drops) <= 3 ? _server.Answer(request) with { CutAfter = 50_000 } : null;
        HubSnapshot snapshot = await HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        Assert.Equal(_server.Files[Weights], File.ReadAllBytes(Path.Combine(snapshot.Folder, Weights)));
        Assert.Equal([null, "bytes=50000-", "bytes=100000-", "bytes=150000-"], _server.Requests.Where(request => request.IsGetOf(Weights)).Select(request => request.Range));
    }

    [Fact]
    public async Task DropsOfALargeFileThatComesOnAreNoFailuresInARow()
    {
        byte[] large = new byte[5 << 20];
        new Random(8).NextBytes(large);
        _server.Files[Weights] = large;
        _server.Fault = request => request.IsGetOf(Weights) ? _server.Answer(request) with { CutAfter = 5 << 18 } : null;
        HubSnapshot snapshot = await HubDownload.SnapshotAsync(_repository, Options with { Retries = 1 }, cancellation: Stop);
        Assert.Equal(large, File.ReadAllBytes(Path.Combine(snapshot.Folder, Weights)));
        Assert.Equal(4, _server.Requests.Count(request => request.IsGetOf(Weights)));
    }

    [Fact]
    public async Task TooManyDropsFailAndTheNextCallGoesOn()
    {
        _server.Fault = request => request.IsGetOf(Weights) ? _server.Answer(request) with { CutAfter = 10_000 } : null;
        HubException error = await FailsAsync(HubErrorKind.Network, Options);
        Assert.Contains(Weights, error.Message, StringComparison.Ordinal);
        Assert.Equal(40_000, new FileInfo(Blob(Weights) + ".incomplete").Length);
        Assert.False(File.Exists(Path.Combine(Repo, "refs", "main")));
        _server.Fault = _ => null;
        _server.Requests.Clear();
        await HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        Assert.Equal("bytes=40000-", Assert.Single(_server.Requests, request => request.IsGetOf(Weights)).Range);
    }

    [Fact]
    public async Task AServerThatKnowsNoRangesSendsAllAnew()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Blob(Weights))!);
        File.WriteAllBytes(Blob(Weights) + ".incomplete", [1, 2, 3]);
        _server.Fault = request => request.IsGetOf(Weights) ? new HubReply(200, _server.Files[Weights]) : null;
        HubSnapshot snapshot = await HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        Assert.Equal(_server.Files[Weights], File.ReadAllBytes(Path.Combine(snapshot.Folder, Weights)));
        Assert.Equal("bytes=3-", Assert.Single(_server.Requests, request => request.IsGetOf(Weights)).Range);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData(Weights)]
    public async Task WrongBytesAreFetchedAnew(string path)
    {
        int wrong = 0;
        _server.Fault = request => request.IsGetOf(path) && !request.Target.Contains("1_", StringComparison.Ordinal) && Interlocked.Increment(ref wrong) == 1 ? _server.Answer(request) with { Body = [.. _server.Files[path].Select(value => (byte)~value)] } : null;
        HubSnapshot snapshot = await HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        Assert.Equal(2, wrong);
        Assert.Equal(_server.Files[path], File.ReadAllBytes(Path.Combine(snapshot.Folder, path)));
    }

    [Fact]
    public async Task AWrongPartOfAnEarlierDownloadIsFetchedAnew()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Blob(Weights))!);
        File.WriteAllBytes(Blob(Weights) + ".incomplete", new byte[1000]);
        HubSnapshot snapshot = await HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        Assert.Equal(_server.Files[Weights], File.ReadAllBytes(Path.Combine(snapshot.Folder, Weights)));
        Assert.Equal(["bytes=1000-", null], _server.Requests.Where(request => request.IsGetOf(Weights)).Select(request => request.Range));
    }

    [Fact]
    public async Task BytesThatStayWrongFailByNameAndLeaveNothing()
    {
        _server.Fault = request => request.IsGetOf(Weights) ? _server.Answer(request) with { Body = new byte[300_000] } : null;
        HubException error = await FailsAsync(HubErrorKind.Integrity, Options);
        Assert.Contains(Weights, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(Repo, "blobs")), file => Path.GetFileName(file).StartsWith(Path.GetFileName(Blob(Weights)), StringComparison.Ordinal));
        Assert.Equal(3, _server.Requests.Count(request => request.IsGetOf(Weights)));
    }

    [Theory]
    [InlineData(299_999)]
    [InlineData(300_001)]
    [InlineData(8_000_000_000)]
    public async Task ALieAboutTheSizeIsFound(long size)
    {
        _server.Fault = request => request.Method == "HEAD" && request.Target.EndsWith("/" + Weights, StringComparison.Ordinal)
            ? new HubReply(200, [], ("X-Linked-Etag", $"\"{HubServer.ChecksumOf(Weights, _server.Files[Weights])}\""), ("X-Linked-Size", $"{size}")) : null;
        await FailsAsync(HubErrorKind.Integrity, Options);
    }

    [Fact]
    public async Task AFileThatNoDiskHoldsIsRefusedBeforeItIsAskedFor()
    {
        _server.Fault = request => request.Method == "HEAD" && request.Target.EndsWith("/" + Weights, StringComparison.Ordinal)
            ? new HubReply(200, [], ("X-Linked-Etag", $"\"{HubServer.ChecksumOf(Weights, _server.Files[Weights])}\""), ("X-Linked-Size", $"{long.MaxValue}")) : null;
        HubException error = await FailsAsync(HubErrorKind.Storage, Options);
        Assert.Contains("make room", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_server.Requests, request => request.IsGetOf(Weights));
    }

    [Fact]
    public async Task ACacheThatIsNoFolderIsNamed()
    {
        string file = Path.Combine(_cache, "file");
        File.WriteAllText(file, "");
        HubException error = await FailsAsync(HubErrorKind.Storage, Options with { CacheFolder = file });
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheTokenGoesToTheHubAndNowhereElse()
    {
        using HubServer store = new();
        store.Files[Weights] = _server.Files[Weights];
        _server.Token = "hf_secret";
        _server.Store = store.Address;
        HubSnapshot snapshot = await HubDownload.SnapshotAsync(_repository, Options with { Token = "hf_secret" }, cancellation: Stop);
        Assert.Equal(_server.Files[Weights], File.ReadAllBytes(Path.Combine(snapshot.Folder, Weights)));
        Assert.All(_server.Requests, request => Assert.Equal("Bearer hf_secret", request.Authorization));
        Assert.Null(Assert.Single(store.Requests).Authorization);
        Assert.DoesNotContain("secret", (Options with { Token = "hf_secret" }).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARenamedRepositoryIsFollowed()
    {
        _server.Repository = "org/renamed";
        _server.Fault = request => request.Target.Contains("org/tiny", StringComparison.Ordinal) ? new HubReply(307, [], ("Location", request.Target.Replace("org/tiny", "org/renamed", StringComparison.Ordinal))) : null;
        HubSnapshot snapshot = await HubDownload.SnapshotAsync(_repository, Options with { Token = "t" }, cancellation: Stop);
        Assert.Equal(_server.Files[Weights], File.ReadAllBytes(Path.Combine(snapshot.Folder, Weights)));
        Assert.All(_server.Requests, request => Assert.Equal("Bearer t", request.Authorization));
    }

    [Fact]
    public async Task RedirectsWithoutEndFail()
    {
        _server.Fault = request => new HubReply(302, [], ("Location", request.Target));
        await FailsAsync(HubErrorKind.Protocol, Options);
        Assert.InRange(_server.Requests.Count, 2, 20);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    [InlineData(500)]
    public async Task ABusyHubIsAskedAgain(int status)
    {
        ConcurrentDictionary<string, int> seen = new();
        _server.Fault = request => seen.AddOrUpdate($"{request.Method} {request.Target}", 1, (_, count) => count + 1) <= 2 ? new HubReply(status, [], ("Retry-After", "0")) : null;
        HubSnapshot snapshot = await HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        Assert.Equal(5, snapshot.Files.Count);
        Assert.All(seen.Values, count => Assert.Equal(3, count));
    }

    [Fact]
    public async Task TheHubsWaitingTimeIsKeptTo()
    {
        int asked = 0;
        _server.Fault = _ => Interlocked.Increment(ref asked) == 1 ? new HubReply(429, [], ("Retry-After", "1")) : null;
        Stopwatch clock = Stopwatch.StartNew();
        await HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(0.95), TimeSpan.FromSeconds(20));
        _server.Fault = _ => new HubReply(429, [], ("Retry-After", "3600"));
        HubException error = await FailsAsync(HubErrorKind.Network, Options with { CacheFolder = Path.Combine(_cache, "other") });
        Assert.Contains("60 minutes", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1000)]
    public async Task AHubThatHangsIsLeftAndAskedAgain(int after)
    {
        int hangs = 0;
        _server.Fault = request => request.IsGetOf(Weights) && Interlocked.Increment(ref hangs) == 1 ? _server.Answer(request) with { HangAfter = after } : null;
        HubSnapshot snapshot = await HubDownload.SnapshotAsync(_repository, Options with { Timeout = TimeSpan.FromMilliseconds(400) }, cancellation: Stop);
        Assert.Equal(_server.Files[Weights], File.ReadAllBytes(Path.Combine(snapshot.Folder, Weights)));
        Assert.Equal([null, after < 0 ? null : $"bytes={after}-"], _server.Requests.Where(request => request.IsGetOf(Weights)).Select(request => request.Range));
    }

    [Theory]
    [InlineData("../evil.safetensors")]
    [InlineData("/etc/evil.safetensors")]
    [InlineData("a/../../evil.safetensors")]
    [InlineData("a//evil.safetensors")]
    [InlineData("..\\evil.safetensors")]
    [InlineData("C:evil.safetensors")]
    [InlineData("a\nb.safetensors")]
    [InlineData("")]
    public async Task NamesThatLeadOutOfTheFolderAreRefused(string name)
    {
        _server.Listed = ["config.json", name];
        await FailsAsync(HubErrorKind.Protocol, Options);
        Assert.Empty(Directory.GetFileSystemEntries(_cache));
        Assert.DoesNotContain(_server.Requests, request => request.IsFile);
    }

    [Theory]
    [InlineData("""{"sha":"main","siblings":[]}""")]
    [InlineData("""{"sha":"../../../../../../../../../etc/0123456789","siblings":[]}""")]
    [InlineData("""{"siblings":[]}""")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":3}]}""")]
    [InlineData("""[]""")]
    [InlineData("<html>")]
    public async Task AListThatIsNoneIsRefused(string body)
    {
        _server.Fault = request => request.IsFile ? null : new HubReply(200, Encoding.UTF8.GetBytes(body));
        await FailsAsync(HubErrorKind.Protocol, Options);
        Assert.Empty(Directory.GetFileSystemEntries(_cache));
    }

    [Theory]
    [InlineData("../../../../evil")]
    [InlineData("0123456789abcdef")]
    [InlineData("")]
    public async Task AChecksumThatIsNoneIsRefused(string etag)
    {
        _server.Fault = request => request.Method == "HEAD" ? new HubReply(200, [], ("ETag", $"\"{etag}\"")) : null;
        await FailsAsync(HubErrorKind.Protocol, Options);
        Assert.False(Directory.Exists(Path.Combine(Repo, "blobs")));
    }

    [Theory]
    [InlineData(401, "RepoNotFound", HubErrorKind.RepositoryNotFound, "No token was sent")]
    [InlineData(401, null, HubErrorKind.RepositoryNotFound, "HF_TOKEN")]
    [InlineData(404, null, HubErrorKind.RepositoryNotFound, "org/tiny")]
    [InlineData(403, "GatedRepo", HubErrorKind.GatedRepository, "ask for access")]
    [InlineData(403, null, HubErrorKind.Unauthorized, "right to read")]
    [InlineData(404, "RevisionNotFound", HubErrorKind.RevisionNotFound, "'main'")]
    [InlineData(418, null, HubErrorKind.Protocol, "418")]
    public async Task ARefusalSaysWhatToDo(int status, string? code, HubErrorKind kind, string said)
    {
        _server.Fault = _ => new HubReply(status, [], code is null ? [] : [("X-Error-Code", code)]);
        HubException error = await FailsAsync(kind, Options);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task AWrongTokenIsNotShown()
    {
        _server.Fault = _ => new HubReply(401, []);
        HubException error = await FailsAsync(HubErrorKind.Unauthorized, Options with { Token = "hf_wrong" });
        Assert.DoesNotContain("hf_wrong", error.ToString(), StringComparison.Ordinal);
        ArgumentException odd = await Assert.ThrowsAsync<ArgumentException>(() => HubDownload.SnapshotAsync(_repository, Options with { Token = "hf\r\nX: y" }, cancellation: Stop));
        Assert.DoesNotContain("X: y", odd.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFileThatTheListNamesAndTheHubLacksIsNamed()
    {
        _server.Listed = ["config.json", "lost.safetensors"];
        HubException error = await FailsAsync(HubErrorKind.EntryNotFound, Options);
        Assert.Contains("lost.safetensors", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PicklesAloneAreRefusedAndNeverFetched()
    {
        _server.Files.TryRemove(Weights, out _);
        _server.Files.TryRemove("onnx/" + Weights, out _);
        HubException error = await FailsAsync(HubErrorKind.EntryNotFound, Options);
        Assert.Contains("save_pretrained", error.Message, StringComparison.Ordinal);
        HubSnapshot all = await HubDownload.SnapshotAsync(new HubRepository("org/tiny") { AllowPatterns = ["*"] }, Options, cancellation: Stop);
        Assert.Equal(["1_Pooling/config.json", "README.md", "config.json", "empty.model", "tokenizer.json"], all.Files);
    }

    [Fact]
    public async Task PatternsAndRevisionsAreTheCallers()
    {
        HubRepository readme = _repository with { Revision = "refs/pr/1", AllowPatterns = ["*.md", "1_Pooling/", "[ct]o*.json"], IgnorePatterns = ["[!c]oken*"] };
        HubSnapshot snapshot = await HubDownload.SnapshotAsync(readme, Options, cancellation: Stop);
        Assert.Equal(["1_Pooling/config.json", "README.md", "config.json"], snapshot.Files);
        Assert.Equal(HubServer.Commit, File.ReadAllText(Path.Combine(Repo, "refs", "refs", "pr", "1")));
        await FailsAsync(HubErrorKind.EntryNotFound, Options, _repository with { AllowPatterns = ["*.gguf"] });
        await FailsAsync(HubErrorKind.RevisionNotFound, Options, _repository with { Revision = "v9" });
    }

    [Fact]
    public async Task OfflineTheCacheAnswersAlone()
    {
        HubOptions offline = Options with { Offline = true };
        HubException error = await FailsAsync(HubErrorKind.Offline, offline);
        Assert.Contains(_cache, error.Message, StringComparison.Ordinal);
        HubSnapshot online = await HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        _server.Requests.Clear();
        HubSnapshot cached = await HubDownload.SnapshotAsync(_repository, offline, cancellation: Stop);
        Assert.Equal((online.Folder, online.Commit, false), (cached.Folder, cached.Commit, cached.IsConfirmed));
        Assert.Equal(online.Files, cached.Files);
        Assert.Equal(online.Folder, (await HubDownload.SnapshotAsync(_repository with { Revision = HubServer.Commit }, offline, cancellation: Stop)).Folder);
        await FailsAsync(HubErrorKind.Offline, offline, _repository with { Revision = "other" });
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task AHubOutOfReachLeavesTheCache()
    {
        await FailsAsync(HubErrorKind.Network, Options with { Endpoint = "http://127.0.0.1:1", Retries = 1 });
        HubSnapshot online = await HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        HubSnapshot cached = await HubDownload.SnapshotAsync(_repository, Options with { Endpoint = "http://127.0.0.1:1", Retries = 1 }, cancellation: Stop);
        Assert.Equal((online.Folder, false), (cached.Folder, cached.IsConfirmed));
    }

    [Fact]
    public async Task ACancelledDownloadIsContinued()
    {
        _server.Fault = request => request.IsGetOf(Weights) ? _server.Answer(request) with { HangAfter = 70_000 } : null;
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        Observer observer = new(step => { if (step is { File: Weights, Bytes: 70_000 }) stop.Cancel(); });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => HubDownload.SnapshotAsync(_repository, Options, observer, stop.Token));
        Assert.Equal(70_000, new FileInfo(Blob(Weights) + ".incomplete").Length);
        _server.Fault = _ => null;
        _server.Requests.Clear();
        List<HubProgress> steps = [];
        await HubDownload.SnapshotAsync(_repository, Options, new Observer(step => { lock (steps) steps.Add(step); }), Stop);
        Assert.Equal("bytes=70000-", Assert.Single(_server.Requests, request => request.IsGetOf(Weights)).Range);
        HubProgress[] ofWeights = [.. steps.Where(step => step.File == Weights)];
        Assert.Equal(new HubProgress(Weights, 70_000, 300_000), ofWeights[0]);
        Assert.Equal(new HubProgress(Weights, 300_000, 300_000), ofWeights[^1]);
        Assert.Equal(ofWeights.OrderBy(step => step.Bytes), ofWeights);
    }

    [Fact]
    public async Task CallsAtOnceShareOneDownload()
    {
        _server.Fault = request =>
        {
            if (request.IsGetOf(Weights)) Thread.Sleep(100);
            return null;
        };
        HubSnapshot[] snapshots = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop), Stop)));
        Assert.All(snapshots, snapshot => Assert.Equal(_server.Files[Weights], File.ReadAllBytes(Path.Combine(snapshot.Folder, Weights))));
        Assert.Single(_server.Requests, request => request.IsGetOf(Weights));
    }

    [Fact]
    public async Task ALockOfAnotherProcessIsWaitedFor()
    {
        // flock(2) is what huggingface_hub locks with on Unix.
        string? flock = ((string[])["/usr/bin/flock", "/bin/flock"]).FirstOrDefault(File.Exists);
        Assert.SkipWhen(flock is null, "The machine has no flock program.");
        string locks = Directory.CreateDirectory(Path.Combine(_cache, ".locks", "models--org--tiny")).FullName;
        using Process other = Process.Start(new ProcessStartInfo(flock!, [Path.Combine(locks, Path.GetFileName(Blob(Weights)) + ".lock"), "sh", "-c", "echo locked; read line"]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        Assert.Equal("locked", await other.StandardOutput.ReadLineAsync(Stop));
        Task<HubSnapshot> download = HubDownload.SnapshotAsync(_repository, Options, cancellation: Stop);
        // The size of the weights is known soon; they themselves are not asked for.
        for (int waits = 0; waits < 500 && !_server.Requests.Any(request => request.Method == "HEAD" && request.Target.EndsWith("/" + Weights, StringComparison.Ordinal)); waits++) await Task.Delay(10, Stop);
        await Task.Delay(200, Stop);
        Assert.False(download.IsCompleted);
        Assert.DoesNotContain(_server.Requests, request => request.IsGetOf(Weights));
        await other.StandardInput.WriteLineAsync();
        HubSnapshot snapshot = await download;
        await other.WaitForExitAsync(Stop);
        Assert.Equal(_server.Files[Weights], File.ReadAllBytes(Path.Combine(snapshot.Folder, Weights)));
    }

    private async Task<HubException> FailsAsync(HubErrorKind kind, HubOptions options, HubRepository? repository = null)
    {
        HubException error = await Assert.ThrowsAsync<HubException>(() => HubDownload.SnapshotAsync(repository ?? _repository, options, cancellation: Stop));
        Assert.True(kind == error.Kind, error.ToString());
        return error;
    }

    private sealed class Observer(Action<HubProgress> report) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => report(value);
    }
}
