using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Models;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>Regular expressions of modules' names, out of options or files: none takes forever, and errors show them as they were given.</summary>
internal static class ModulePattern
{
    // A pattern out of a file may be made to take forever.
    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(1);

    /// <summary>Matches a module's name.</summary>
    /// <param name="module">The name.</param>
    /// <param name="before">What is matched before the pattern.</param>
    /// <param name="pattern">The pattern, as it was given.</param>
    /// <param name="after">What is matched behind it.</param>
    /// <exception cref="ArgumentException">It is not a regular expression, or takes too long.</exception>
    public static Match Match(string module, string before, string pattern, string after)
    {
        try
        {
            return Regex.Match(module, before + pattern + after, RegexOptions.CultureInvariant, LongestMatch);
        }
        catch (ArgumentException error)
        {
            throw new ArgumentException($"'{ConfigReader.Cut(pattern)}' is not a regular expression: {ConfigReader.Cut(error.Message)}", nameof(pattern), error);
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new ArgumentException($"'{ConfigReader.Cut(pattern)}' takes more than {LongestMatch.TotalSeconds} s to be matched with '{module}'. Write it without repetitions inside of repetitions.", nameof(pattern), error);
        }
    }
}
