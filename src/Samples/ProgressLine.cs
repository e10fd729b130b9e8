using Microsoft.ML.LlmFineTune.Training;
using Spectre.Console;

namespace Samples;

/// <summary>A live line on a terminal, a line now and then in a file: step, epoch, loss, learning rate, tokens a second, time left.</summary>
internal sealed class ProgressLine(string title) : ITrainingObserver
{
    private const int LinesInAFile = 10;
    private readonly bool _isTerminal = AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected;
    private string _validation = "";

    public void Stepped(TrainingStep step)
    {
        if (!_isTerminal && step.Step % Math.Max(1, step.TotalSteps / LinesInAFile) != 0)
            return;
        string line = $"{title}: step {step.Step}/{step.TotalSteps}, epoch {step.Epoch + 1}, loss {step.Loss:F3}, learning rate {step.LearningRate:G3}, "
            + $"{step.TokensPerSecond:N0} tokens/s, {step.Remaining:mm\\:ss} left{_validation}";
        if (_isTerminal)
            Console.Write("\r" + line.PadRight(Math.Max(line.Length, Console.WindowWidth - 1))[..Math.Max(1, Console.WindowWidth - 1)]);
        else
            Console.WriteLine(line);
    }

    public void Validated(TrainingValidation validation) =>
        _validation = $", validation loss {validation.Loss:F3}" + string.Concat(validation.Metrics.Select(metric => $", {metric.Key} {metric.Value:F3}"));

    public void Finished(TrainingResult result)
    {
        if (_isTerminal)
            Console.WriteLine();
        AnsiConsole.MarkupLineInterpolated($"[grey]{title}: {result.StopReason} after {result.Steps} steps in {result.TrainingTime:mm\\:ss}, weights of step {result.WeightsStep}{_validation}[/]");
    }
}
