namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>A revision of a repository, in a folder of this machine.</summary>
/// <param name="Folder">The folder, as <see cref="HuggingFaceFolder"/> reads it. It belongs to the cache: its files are not to be changed.</param>
/// <param name="Commit">The commit, 40 hexadecimal digits; given as the revision, it names the same files for ever.</param>
/// <param name="Files">The files that were asked for, as paths in the repository, with '/', in ordinal order.</param>
/// <param name="IsConfirmed">
/// True where the hub named the commit and the files. False where the cache alone answered, offline or because the hub could not be reached: the revision may have moved on, and files
/// that were never downloaded are missing without a word.
/// </param>
public sealed record HubSnapshot(string Folder, string Commit, IReadOnlyList<string> Files, bool IsConfirmed);
