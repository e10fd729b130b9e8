using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Which files of a repository are wanted.</summary>
internal sealed class HubPatterns(HubRepository repository)
{
    private static readonly Regex[] Pickles = Compile(["*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle", "*.joblib"], RegexOptions.IgnoreCase);

    private readonly Regex[] _allow = Compile(repository.AllowPatterns);
    private readonly Regex[] _ignore = Compile(repository.IgnorePatterns);

    public static bool IsPickle(string path) => Pickles.Any(pattern => pattern.IsMatch(path));

    public bool Wants(string path) => _allow.Any(pattern => pattern.IsMatch(path)) && !_ignore.Any(pattern => pattern.IsMatch(path)) && !IsPickle(path);

    // Without backtracking, names from a server cannot make a pattern slow.
    private static Regex[] Compile(IEnumerable<string> patterns, RegexOptions options = RegexOptions.None) =>
        [.. patterns.Select(pattern => new Regex(Translate(pattern.EndsWith('/') ? pattern + "*" : pattern), options | RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline))];

    private static string Translate(string pattern)
    {
        StringBuilder regex = new(@"\A");
        for (int at = 0; at < pattern.Length; at++)
        {
            // A bracket that stands first in a set belongs to it; one that is never closed stands for itself.
            int first = at + 1 < pattern.Length && pattern[at + 1] == '!' ? at + 2 : at + 1;
            int close = pattern[at] == '[' && first < pattern.Length ? pattern.IndexOf(']', first + 1) : -1;
            if (close > 0)
            {
                string set = pattern[first..close].Replace(@"\", @"\\", StringComparison.Ordinal).Replace("[", @"\[", StringComparison.Ordinal).Replace("]", @"\]", StringComparison.Ordinal).Replace("^", @"\^", StringComparison.Ordinal);
                regex.Append(first == at + 2 ? "[^" : "[").Append(set).Append(']');
                at = close;
            }
            else
            {
                regex.Append(pattern[at] switch { '*' => ".*", '?' => ".", char other => Regex.Escape(other.ToString()) });
            }
        }
        return regex.Append(@"\z").ToString();
    }
}
