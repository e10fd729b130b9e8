using System.Net;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Brings one file into the cache: what an interrupted download left is continued, the whole is checked before it gets its name.</summary>
internal sealed class HubTransfer(HubSettings settings, HubClient client, HubCache cache, string commit, IProgress<HubProgress>? progress)
{
    private const int BufferBytes = 128 << 10;
    private const long Advance = 1 << 20;

    public async Task RunAsync(string path, CancellationToken cancellation)
    {
        string what = $"Downloading '{path}'";
        HubFile file = await HubRetry.RunAsync(settings.Options, what, () => client.DescribeAsync(commit, path, cancellation), cancellation);
        string blob = cache.Blob(file.Checksum);
        try
        {
            // Whoever had the lock before may have brought it.
            using (await cache.LockAsync(file.Checksum, cancellation))
            {
                if (!File.Exists(blob)) await FetchAsync(file, what, cancellation);
            }
            await cache.LinkAsync(commit, path, file.Checksum, cancellation);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException and not HubException)
        {
            throw Storage(file, error);
        }
    }

    private async Task FetchAsync(HubFile file, string what, CancellationToken cancellation)
    {
        string incomplete = cache.Incomplete(file.Checksum);
        HubRetry retry = new(settings.Options, what);
        long furthest = LengthOf(incomplete);
        while (true)
        {
            try
            {
                await AttemptAsync(file, incomplete, cancellation);
                File.Move(incomplete, cache.Blob(file.Checksum), overwrite: true);
                return;
            }
            catch (HubTransientException error)
            {
                if (error.IsMismatch) File.Delete(incomplete);
                else if (LengthOf(incomplete) is var length && length - furthest >= Advance)
                {
                    furthest = length;
                    retry.Restart();
                }
                await retry.WaitAsync(error, cancellation);
            }
        }
    }

    private async Task AttemptAsync(HubFile file, string incomplete, CancellationToken cancellation)
    {
        using HubChecksum checksum = new(file);
        await using FileStream target = new(incomplete, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        byte[] buffer = new byte[BufferBytes];
        if (target.Length > file.Size) target.SetLength(0);
        while (await target.ReadAsync(buffer, cancellation) is > 0 and int count) checksum.Append(buffer.AsSpan(0, count));
        if (target.Position < file.Size) await ReceiveAsync(file, target, checksum, buffer, cancellation);
        target.Flush(flushToDisk: true);
        if (checksum.Finish() == file.Checksum) return;
        throw new HubTransientException($"What arrived is not the content that the hub announced ({file.Size} bytes with checksum {file.Checksum}).", isMismatch: true);
    }

    private async Task ReceiveAsync(HubFile file, FileStream target, HubChecksum checksum, byte[] buffer, CancellationToken cancellation)
    {
        long offset = target.Position;
        RequireSpace(file, offset);
        using HttpResponseMessage response = await client.OpenAsync(commit, file, offset, cancellation);
        if (offset > 0 && (response.StatusCode != HttpStatusCode.PartialContent || response.Content.Headers.ContentRange?.From != offset))
        {
            // It will not go on from there: from the start, then, at once where all is coming anyway.
            target.SetLength(0);
            checksum.Restart();
            if (response.StatusCode != HttpStatusCode.OK) throw new HubTransientException($"The hub would not continue at byte {offset} of {file.Size}.");
        }
        long total = response.Content.Headers.ContentRange?.Length ?? (response.Content.Headers.ContentLength + target.Position) ?? file.Size;
        if (total != file.Size) throw new HubTransientException($"{file.Size} bytes were announced, and {total} are sent.", isMismatch: true);
        progress?.Report(new HubProgress(file.Path, target.Position, file.Size));
        await using Stream source = await response.Content.ReadAsStreamAsync(cancellation);
        while (await client.ReadAsync(source, buffer, cancellation) is > 0 and int count)
        {
            if (target.Position + count > file.Size) throw new HubTransientException($"More than the {file.Size} bytes that the hub announced arrived.", isMismatch: true);
            checksum.Append(buffer.AsSpan(0, count));
            await target.WriteAsync(buffer.AsMemory(0, count), CancellationToken.None);
            progress?.Report(new HubProgress(file.Path, target.Position, file.Size));
        }
        if (target.Position < file.Size) throw new HubTransientException($"The connection ended after {target.Position} of {file.Size} bytes.");
    }

    private void RequireSpace(HubFile file, long offset)
    {
        long free;
        try
        {
            free = new DriveInfo(settings.CacheFolder).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Not every place tells; writing will.
            return;
        }
        if (file.Size - offset > free) throw new HubException(HubErrorKind.Storage, $"'{file.Path}' needs {file.Size - offset} bytes more, and '{settings.CacheFolder}' has {free} free: make room, or choose another place (HubOptions.CacheFolder, HF_HUB_CACHE).");
    }

    private HubException Storage(HubFile file, Exception error) => new(HubErrorKind.Storage,
        $"'{file.Path}' ({file.Size} bytes) could not be written to '{settings.CacheFolder}': {error.Message} Is the disk full, or the folder not yours? Make room, or choose another place (HubOptions.CacheFolder, HF_HUB_CACHE).", error);

    private static long LengthOf(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;
}
