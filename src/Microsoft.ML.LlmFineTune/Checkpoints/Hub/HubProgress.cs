namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>How far the download of a file has come. Files that the cache has already are not reported.</summary>
/// <param name="File">The file's path in the repository.</param>
/// <param name="Bytes">Bytes on the disk, those of an earlier, interrupted download included. Falls back to 0 where a file is fetched anew.</param>
/// <param name="Total">Bytes of the whole file.</param>
public sealed record HubProgress(string File, long Bytes, long Total);
