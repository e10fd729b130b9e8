using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>The requests that a hub is asked, one attempt each.</summary>
internal sealed class HubClient : IDisposable
{
    private const int MaxRedirects = 10;
    private const int MaxListingBytes = 64 << 20;
    private const string TokenPlaces = "HubOptions.Token, HF_TOKEN, or 'hf auth login'";

    private readonly HubSettings _settings;
    private readonly HubRepository _repository;
    private readonly HttpClient _http;

    public HubClient(HubSettings settings, HubRepository repository)
    {
        _settings = settings;
        _repository = repository;
        // Redirects are followed here, where it is decided whom the token is shown to. Time is limited by piece, not as a whole: large files take long.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = settings.Options.Timeout }) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Which commit the revision is, and which files it has.</summary>
    public async Task<HubListing> ListAsync(CancellationToken cancellation)
    {
        Uri address = new(_settings.Endpoint, $"api/models/{_repository.Id}/revision/{Uri.EscapeDataString(_repository.Revision)}");
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, address, 0, cancellation);
        RequireSuccess(response, file: null);
        using MemoryStream body = new();
        await using (Stream stream = await response.Content.ReadAsStreamAsync(cancellation))
        {
            byte[] buffer = new byte[81920];
            while (await ReadAsync(stream, buffer, cancellation) is > 0 and int count)
            {
                body.Write(buffer, 0, count);
                if (body.Length > MaxListingBytes) throw Foreign($"the list of files has more than {MaxListingBytes} bytes");
            }
        }
        if (response.Content.Headers.ContentLength is { } length && length != body.Length) throw new HubTransientException($"The connection ended after {body.Length} of {length} bytes.");
        try
        {
            body.Position = 0;
            using JsonDocument json = JsonDocument.Parse(body);
            string commit = json.RootElement.GetProperty("sha").GetString() ?? "";
            List<string> paths = [.. json.RootElement.GetProperty("siblings").EnumerateArray().Select(sibling => sibling.GetProperty("rfilename").GetString() ?? "")];
            if (!HubNames.IsCommit(commit)) throw Foreign($"the commit '{HubNames.Printable(commit)}' is not 40 hexadecimal digits");
            if (HubNames.IsCommit(_repository.Revision) && commit != _repository.Revision) throw Foreign($"another commit was answered, '{commit}'");
            if (paths.FirstOrDefault(path => !HubNames.StaysInside(path)) is { } outside) throw Foreign($"the file name '{HubNames.Printable(outside)}' leads out of the folder or is no name");
            return new HubListing(commit, paths);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw Foreign("the list of files is not the expected JSON ('sha', 'siblings' with 'rfilename')", error);
        }
    }

    /// <summary>Size and checksum of a file.</summary>
    public async Task<HubFile> DescribeAsync(string commit, string path, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Head, Address(commit, path), 0, cancellation);
        if (!IsRedirect(response)) RequireSuccess(response, path);
        if (Header(response, "X-Repo-Commit") is { } actual && actual != commit) throw Foreign($"'{path}' of commit {commit} was asked for, that of '{HubNames.Printable(actual)}' was answered");
        string checksum = (Header(response, "X-Linked-Etag") ?? Header(response, "ETag") ?? "").Replace("W/", "", StringComparison.Ordinal).Trim('"');
        if (!HubNames.IsChecksum(checksum)) throw Foreign($"the headers of '{path}' have no checksum (X-Linked-Etag or ETag: SHA-256 or git's SHA-1), found '{HubNames.Printable(checksum)}'");
        long? size = Header(response, "X-Linked-Size") is { } text ? long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long linked) ? linked : null : response.Content.Headers.ContentLength;
        return size is { } bytes ? new HubFile(path, bytes, checksum) : throw Foreign($"the headers of '{path}' have no size (X-Linked-Size or Content-Length)");
    }

    /// <summary>Opens a file, from a byte on if the hub will; the answer's status says whether it did.</summary>
    public async Task<HttpResponseMessage> OpenAsync(string commit, HubFile file, long from, CancellationToken cancellation)
    {
        HttpResponseMessage response = await SendAsync(HttpMethod.Get, Address(commit, file.Path), from, cancellation);
        try
        {
            if (response.StatusCode != HttpStatusCode.RequestedRangeNotSatisfiable) RequireSuccess(response, file.Path);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>Reads a piece of an answer; 0 at its end.</summary>
    public async Task<int> ReadAsync(Stream stream, Memory<byte> buffer, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = Limit(cancellation);
        try
        {
            return await stream.ReadAsync(buffer, limit.Token);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw Transient(error);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, long from, CancellationToken cancellation)
    {
        for (int hop = 0; hop <= MaxRedirects; hop++)
        {
            HttpResponseMessage response = await SendOnceAsync(method, address, from, cancellation);
            // A redirect to where the content lies tells all about it already.
            if (!IsRedirect(response) || (method == HttpMethod.Head && Header(response, "X-Linked-Etag") is not null)) return response;
            using (response)
            {
                Uri next = response.Headers.Location is { } location ? new Uri(address, location) : throw Foreign("a redirect says not whereto");
                if (next.Scheme is not ("http" or "https") || (address.Scheme == "https" && next.Scheme != "https")) throw Foreign($"a redirect leads from {address.Scheme}://{address.Authority} to {next.Scheme}://{next.Authority}, which is less safe");
                address = next;
            }
        }
        throw Foreign($"more than {MaxRedirects} redirects in a row");
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, Uri address, long from, CancellationToken cancellation)
    {
        using HttpRequestMessage request = new(method, address);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Microsoft.ML.LlmFineTune", "1.0"));
        // Sizes, ranges and checksums are those of the file itself.
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (from > 0) request.Headers.Range = new RangeHeaderValue(from, null);
        if (_settings.Token is not null && IsHub(address)) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _settings.Token);
        using CancellationTokenSource limit = Limit(cancellation);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw Transient(error);
        }
    }

    private void RequireSuccess(HttpResponseMessage response, string? file)
    {
        if (response.IsSuccessStatusCode) return;
        int status = (int)response.StatusCode;
        string said = Header(response, "X-Error-Message") is { } text ? $" The hub says: {HubNames.Printable(text)}" : "";
        string? code = Header(response, "X-Error-Code");
        bool isHub = response.RequestMessage?.RequestUri is { } address && IsHub(address);
        if (status is 408 or 429 or >= 500 || (!isHub && status == 403 && code is null))
        {
            // A store's 403 is an address that has run out; the next attempt gets a new one.
            throw new HubTransientException($"{(isHub ? "The hub" : "The store of the hub's files")} answered {status} {HubNames.Printable(response.ReasonPhrase ?? "")}.{said}", retryAfter: RetryAfter(response));
        }
        string page = $"{_settings.Endpoint}{_repository.Id}";
        throw (code, status) switch
        {
            ("GatedRepo", _) => new HubException(HubErrorKind.GatedRepository, $"The model '{_repository.Id}' is gated: ask for access at {page}, then give a token of that account ({TokenPlaces}). {TokenState}{said}"),
            ("RevisionNotFound", _) => new HubException(HubErrorKind.RevisionNotFound, $"The model '{_repository.Id}' has no branch, tag or commit '{_repository.Revision}': see {page}/tree/main for those it has.{said}"),
            ("EntryNotFound", _) => new HubException(HubErrorKind.EntryNotFound, $"The model '{_repository}' has no file '{file}'.{said}"),
            (not "RepoNotFound", 403) => new HubException(HubErrorKind.Unauthorized, $"The hub refuses access to '{_repository.Id}' (403). {TokenState} A fine-grained token needs the right to read this repository.{said}"),
            (not "RepoNotFound", 401) when _settings.Token is not null => new HubException(HubErrorKind.Unauthorized, $"The hub refuses the token, or '{_repository.Id}' does not exist (401). Check the id and the token ({TokenPlaces}); an empty HubOptions.Token sends none.{said}"),
            ("RepoNotFound", _) or (_, 401) => NoRepository(),
            (_, 404) when file is null => NoRepository(),
            (_, 404) => new HubException(HubErrorKind.EntryNotFound, $"The model '{_repository}' has no file '{file}'.{said}"),
            _ => Foreign($"{status} {HubNames.Printable(response.ReasonPhrase ?? "")} was answered to {(file is null ? "the list of files" : $"'{file}'")}.{said}"),
        };

        HubException NoRepository() =>
            new HubException(HubErrorKind.RepositoryNotFound, $"There is no model '{_repository.Id}' at {_settings.Endpoint}, or it is private. Check the id; a private model needs a token ({TokenPlaces}). {TokenState}{said}");
    }

    private string TokenState => _settings.Token is null ? "No token was sent." : "A token was sent.";

    private HubException Foreign(string what, Exception? inner = null) =>
        new(HubErrorKind.Protocol, $"The answers of {_settings.Endpoint} for '{_repository}' are not to be used: {what}. Is the endpoint (HubOptions.Endpoint, HF_ENDPOINT) a Hugging Face hub?", inner);

    private Uri Address(string commit, string path) => new(_settings.Endpoint, $"{_repository.Id}/resolve/{commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}");

    private bool IsHub(Uri address) => address.Scheme == _settings.Endpoint.Scheme && address.Authority == _settings.Endpoint.Authority;

    private CancellationTokenSource Limit(CancellationToken cancellation)
    {
        CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_settings.Options.Timeout);
        return limit;
    }

    private HubTransientException Transient(Exception error) => error is OperationCanceledException
        ? new HubTransientException($"No answer within {_settings.Options.Timeout.TotalSeconds:0.###} s.", error)
        : new HubTransientException($"The connection failed: {error.Message}{(error.InnerException is { } inner ? $" ({inner.Message})" : "")}", error);

    private static bool IsRedirect(HttpResponseMessage response) => (int)response.StatusCode is 301 or 302 or 303 or 307 or 308;

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? values.ToString() : null;

    private static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - DateTimeOffset.UtcNow,
        _ => null,
    };
}
