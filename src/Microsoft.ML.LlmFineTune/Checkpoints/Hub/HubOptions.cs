using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Where models come from and where they are kept. What is not set is taken from huggingface_hub's environment variables.</summary>
public sealed record HubOptions
{
    /// <summary>The hub's address, http or https. Default: <c>HF_ENDPOINT</c>, or https://huggingface.co.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The access token, sent to the hub's own host alone; an empty text: none. Default: <c>HF_TOKEN</c>, or what <c>hf auth login</c> stored (<c>HF_TOKEN_PATH</c>, <c>HF_HOME/token</c>), unless <c>HF_HUB_DISABLE_IMPLICIT_TOKEN</c> is set.</summary>
    public string? Token { get; init; }

    /// <summary>The cache, in huggingface_hub's layout. Default: <c>HF_HUB_CACHE</c>, or <c>HF_HOME/hub</c>, or <c>~/.cache/huggingface/hub</c>.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>True: only the cache is used, nothing is asked of the network. Default: <c>HF_HUB_OFFLINE</c> (or <c>TRANSFORMERS_OFFLINE</c>), or false.</summary>
    public bool? Offline { get; init; }

    /// <summary>Files downloaded at once, at least 1. Default: 4.</summary>
    public int ParallelFiles { get; init => field = Require.AtLeast(value, 1); } = 4;

    /// <summary>Failures in a row, for one request or file, after which it is tried again; 0 or greater. An attempt that brings a mebibyte or more starts the count anew. Default: 5.</summary>
    public int Retries { get; init => field = Require.AtLeast(value, 0); } = 5;

    /// <summary>Pause before the first retry; doubled for each further one, up to 30 s, and varied by a quarter. What the hub asks for (<c>Retry-After</c>) is kept to where it is longer, up to 5 minutes. Default: 1 s.</summary>
    public TimeSpan RetryDelay { get; init => field = value >= TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(RetryDelay), value, "RetryDelay must be zero or longer."); } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait for an answer to begin, and for each further piece of a file. Default: 30 s.</summary>
    public TimeSpan Timeout { get; init => field = value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(Timeout), value, "Timeout must be longer than zero."); } = TimeSpan.FromSeconds(30);

    /// <summary>Whether the files of a snapshot are links to the blobs, as huggingface_hub has them; where the system or the disk knows no links, and where this is false, they are copies. Default: true.</summary>
    public bool SymbolicLinks { get; init; } = true;

    /// <summary>All but the token.</summary>
    public override string ToString() => $"HubOptions {{ Endpoint = {Endpoint}, Token = {(Token is null ? "" : "***")}, CacheFolder = {CacheFolder}, Offline = {Offline}, ParallelFiles = {ParallelFiles}, Retries = {Retries}, RetryDelay = {RetryDelay}, Timeout = {Timeout}, SymbolicLinks = {SymbolicLinks} }}";
}
