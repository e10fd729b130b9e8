using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>
/// Gets models from a Hugging Face hub into a cache that is shared with huggingface_hub, as its <c>snapshot_download</c> does: what one has downloaded, the other finds.
/// Interrupted downloads are continued, every file is checked against the hub's checksum before it gets its name, and several processes may download the same model at once.
/// </summary>
public static class HubDownload
{
    /// <summary>Gets a model, waiting for it.</summary>
    /// <inheritdoc cref="SnapshotAsync"/>
    public static HubSnapshot Snapshot(HubRepository repository, HubOptions? options = null, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default) =>
        // On the pool, so that no context of the caller's is waited for.
        Task.Run(() => SnapshotAsync(repository, options, progress, cancellation), CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Gets a model: its commit and files are asked for, files that the cache lacks are downloaded.</summary>
    /// <param name="repository">Which model, which revision, which of its files.</param>
    /// <param name="options">Where from and where to; default: what huggingface_hub's environment variables say.</param>
    /// <param name="progress">Told of every piece that arrives, by several threads at once.</param>
    /// <param name="cancellation">Ends the download; what has arrived is kept, and the next call goes on from there.</param>
    /// <returns>The folder, for <see cref="HuggingFaceFolder"/>. Where the hub cannot be reached and the cache knows the revision, the cache's state of it: <see cref="HubSnapshot.IsConfirmed"/> is false then.</returns>
    /// <exception cref="ArgumentException">The endpoint or the token cannot be one.</exception>
    /// <exception cref="HubException">The model could not be had; <see cref="HubException.Kind"/> and the message say why.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static Task<HubSnapshot> SnapshotAsync(HubRepository repository, HubOptions? options = null, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default) =>
        RunAsync(Require.NotNull(repository), HubSettings.Of(options ?? new HubOptions(), Environment.GetEnvironmentVariable), progress, cancellation);

    private static async Task<HubSnapshot> RunAsync(HubRepository repository, HubSettings settings, IProgress<HubProgress>? progress, CancellationToken cancellation)
    {
        HubCache cache = new(settings.CacheFolder, repository.Id, settings.Options.SymbolicLinks);
        HubPatterns patterns = new(repository);
        cancellation.ThrowIfCancellationRequested();
        if (settings.Offline) return Cached(repository, cache, patterns) ?? throw new HubException(HubErrorKind.Offline, $"'{repository}' is not in the cache '{settings.CacheFolder}', and only the cache may be used (HubOptions.Offline, HF_HUB_OFFLINE). Download it once with the network on, or name the folder of the cache that has it (HubOptions.CacheFolder, HF_HUB_CACHE).");

        using HubClient client = new(settings, repository);
        HubListing listing;
        try
        {
            listing = await HubRetry.RunAsync(settings.Options, $"Asking for the files of '{repository}'", () => client.ListAsync(cancellation), cancellation);
        }
        catch (HubException error) when (error.Kind == HubErrorKind.Network && Cached(repository, cache, patterns) is { } cached)
        {
            return cached;
        }
        string[] wanted = [.. listing.Paths.Where(patterns.Wants).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        RequireUsable(repository, listing, wanted);

        HubTransfer transfer = new(settings, client, cache, listing.Commit, progress);
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = settings.Options.ParallelFiles, CancellationToken = cancellation };
        await Parallel.ForEachAsync(wanted.Where(path => !cache.Has(listing.Commit, path)), parallel, async (path, stop) => await transfer.RunAsync(path, stop));
        Remember(repository, cache, listing.Commit);
        return new HubSnapshot(cache.Snapshot(listing.Commit), listing.Commit, wanted, IsConfirmed: true);
    }

    private static HubSnapshot? Cached(HubRepository repository, HubCache cache, HubPatterns patterns)
    {
        if (cache.CommitOf(repository.Revision) is not { } commit) return null;
        string[] files = [.. cache.Files(commit).Where(patterns.Wants)];
        return files.Length == 0 ? null : new HubSnapshot(cache.Snapshot(commit), commit, files, IsConfirmed: false);
    }

    private static void RequireUsable(HubRepository repository, HubListing listing, string[] wanted)
    {
        if (wanted.FirstOrDefault(path => !HubNames.IsWritable(path)) is { } impossible) throw new HubException(HubErrorKind.Protocol, $"'{repository}' has a file '{HubNames.Printable(impossible)}', a name that this system cannot have: leave it out (HubRepository.IgnorePatterns).");
        bool wantsWeights = ReferenceEquals(repository.AllowPatterns, HubRepository.ModelFiles);
        if (wantsWeights && !listing.Paths.Any(path => path.EndsWith(".safetensors", StringComparison.Ordinal)) && listing.Paths.FirstOrDefault(HubPatterns.IsPickle) is { } pickle)
        {
            throw new HubException(HubErrorKind.EntryNotFound, $"'{repository}' has no weights as safetensors, only pickles ('{HubNames.Printable(pickle)}'), which are never opened: reading one runs its code. Convert it, in Python: AutoModel.from_pretrained(\"{repository.Id}\").save_pretrained(folder, safe_serialization=True); or take a revision that has safetensors (refs/pr/...). For its tokenizer alone, name the files (HubRepository.AllowPatterns).");
        }
        if (wanted.Length == 0) throw new HubException(HubErrorKind.EntryNotFound, $"'{repository}' has {listing.Paths.Count} files, and none matches what was asked for ({string.Join(", ", repository.AllowPatterns)}; not {string.Join(", ", repository.IgnorePatterns)}).");
    }

    private static void Remember(HubRepository repository, HubCache cache, string commit)
    {
        try
        {
            cache.Remember(repository.Revision, commit);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HubException(HubErrorKind.Storage, $"The commit of '{repository}' could not be noted in the cache: {error.Message} Is the disk full, or the folder not yours? Make room, or choose another place (HubOptions.CacheFolder, HF_HUB_CACHE).", error);
        }
    }
}
