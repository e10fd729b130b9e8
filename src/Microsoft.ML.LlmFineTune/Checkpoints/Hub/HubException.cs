namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>What went wrong with a hub.</summary>
public enum HubErrorKind
{
    /// <summary>The repository does not exist, or is private and the token does not open it.</summary>
    RepositoryNotFound,

    /// <summary>The repository's owner must grant access first.</summary>
    GatedRepository,

    /// <summary>The repository has no such branch, tag or commit.</summary>
    RevisionNotFound,

    /// <summary>The repository has no such file, or none that was asked for.</summary>
    EntryNotFound,

    /// <summary>The token is refused.</summary>
    Unauthorized,

    /// <summary>The hub cannot be reached, drops connections, is too slow or too busy, and went on so through all retries.</summary>
    Network,

    /// <summary>Only the cache may be used, and it lacks what was asked for.</summary>
    Offline,

    /// <summary>What arrived is not what the hub announced, again and again.</summary>
    Integrity,

    /// <summary>The answers are not a hub's, or are not to be trusted (a file name that leads out of the folder, for example).</summary>
    Protocol,

    /// <summary>The disk is full, or a folder may not be written.</summary>
    Storage,
}

/// <summary>A model could not be had from a hub. The message says what to do.</summary>
/// <param name="kind">What went wrong.</param>
/// <param name="message">What was asked, what was received, what to do.</param>
/// <param name="inner">The cause, where there is one.</param>
public sealed class HubException(HubErrorKind kind, string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>What went wrong.</summary>
    public HubErrorKind Kind { get; } = kind;
}

/// <summary>A failure that another attempt may not meet.</summary>
internal sealed class HubTransientException(string message, Exception? inner = null, TimeSpan? retryAfter = null, bool isMismatch = false) : Exception(message, inner)
{
    /// <summary>How long the hub asks to be left alone.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Whole, but not what was announced.</summary>
    public bool IsMismatch { get; } = isMismatch;
}
