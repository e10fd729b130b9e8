namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>What the hub announces of a file.</summary>
/// <param name="Path">The path in the repository.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Checksum">64 hexadecimal digits: SHA-256 of the content; 40: SHA-1 of it as a git blob. Also the blob's name in the cache.</param>
internal sealed record HubFile(string Path, long Size, string Checksum);

/// <summary>What the hub answers for a revision.</summary>
/// <param name="Commit">The commit that it stands for now.</param>
/// <param name="Paths">All files.</param>
internal sealed record HubListing(string Commit, IReadOnlyList<string> Paths);
