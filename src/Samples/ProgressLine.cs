using Microsoft.ML.LlmFineTune.Training;
using Spectre.Console;

namespace Samples;

/// <summary>Progress on the console: a live line on a terminal, a line now and then in a file.</summary>
internal static class ProgressLine
{
    internal static TrainingProgress Of(string title) => new(Console.Out)
    {
        Title = title,
        InPlace = AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected,
        Columns = () => Console.WindowWidth,
    };
}
