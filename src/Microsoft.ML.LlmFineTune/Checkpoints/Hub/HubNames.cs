using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Names become addresses and paths of files; only those that can do no harm pass.</summary>
internal static partial class HubNames
{
    public static string RequireRepository(string? id)
    {
        Require.Text(id);
        bool valid = id.Length <= 96 && Repository().IsMatch(id) && !id.Contains("--", StringComparison.Ordinal) && !id.Contains("..", StringComparison.Ordinal) && !id.EndsWith(".git", StringComparison.Ordinal);
        Require.Argument(valid, $"A repository is named \"organisation/name\" (letters, digits, '-', '_', '.', 96 characters at most, no '--' or '..'); received '{Printable(id)}'.", nameof(id));
        return id;
    }

    public static string RequireRevision(string? revision)
    {
        Require.Text(revision);
        Require.Argument(StaysInside(revision), $"A revision is a branch, a tag or a commit, as git names them; received '{Printable(revision)}'.", nameof(revision));
        return revision;
    }

    /// <summary>Whether a path with '/' leads to a place below the folder that it is put in, on every system.</summary>
    public static bool StaysInside(string path) =>
        path.Length is > 0 and <= 1024 && !path.Any(character => char.IsControl(character) || character is '\\') && path.Split('/').All(part => part is not ("" or "." or "..")) && !Drive().IsMatch(path);

    /// <summary>Whether this system can have files of that name.</summary>
    public static bool IsWritable(string path) => path.Split('/').All(part => part.IndexOfAny(Path.GetInvalidFileNameChars()) < 0);

    public static bool IsCommit(string text) => Commit().IsMatch(text);

    public static bool IsChecksum(string text) => Checksum().IsMatch(text);

    /// <summary>Text from elsewhere, for a message: cut, without control characters.</summary>
    public static string Printable(string text) => new([.. text.Take(300).Select(character => char.IsControl(character) ? ' ' : character)]);

    [GeneratedRegex(@"\A(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?/)?[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\z")]
    private static partial Regex Repository();

    [GeneratedRegex(@"\A[A-Za-z]:")]
    private static partial Regex Drive();

    [GeneratedRegex(@"\A[0-9a-f]{40}\z")]
    private static partial Regex Commit();

    [GeneratedRegex(@"\A(?:[0-9a-f]{40}|[0-9a-f]{64})\z")]
    private static partial Regex Checksum();
}
