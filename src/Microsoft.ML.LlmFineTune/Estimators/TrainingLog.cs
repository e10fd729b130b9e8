using System.Globalization;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Training;
using Microsoft.ML.Runtime;
using static System.FormattableString;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Training's story for <c>MLContext.Log</c>: the plan, a line now and then, validations, the end.</summary>
internal sealed class TrainingLog(IChannel channel) : ITrainingObserver
{
    /// <summary>About this many progress lines a run: by steps, so that the same short run writes the same lines.</summary>
    private const int Lines = 20;

    /// <summary>Longer than this there is always a line: of runs whose end nobody knows, a part of all steps may be any number.</summary>
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMinutes(1);

    /// <summary>More of the first weights than this in an average of weights is worth a word.</summary>
    private const double MostOfTheStart = 0.1;

    private long _interval = 1, _written;
    private MemoryEstimate? _memory;

    /// <summary>Tells the time.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    public void Started(TrainingStart start)
    {
        _interval = Math.Max(1, start.TotalSteps / Lines);
        _written = Clock.GetTimestamp();
        Info($"{start.Parameters:N0} trained parameters on {start.Device}, {TrainingProgress.Steps(start.TotalSteps)}; {start.Plan.Replicas} replicas of {start.Plan.ThreadsPerReplica} threads ({start.Plan.Reason}).");
        if (start.Options.Schedule.WarmupSteps >= start.TotalSteps)
            channel.Warning(MessageSensitivity.None, "{0}", string.Create(CultureInfo.InvariantCulture, $"The warm-up of {start.Options.Schedule.WarmupSteps} steps (Schedule.WarmupSteps) is not over after the {start.TotalSteps} steps of this run: the learning rate never reaches its peak. Take fewer, or WarmupFraction."));
        if (start.Options.WeightAverage is { Kind: WeightAverageKind.Plain } average && Math.Pow(average.Decay, start.TotalSteps) is > MostOfTheStart and var kept)
            channel.Warning(MessageSensitivity.None, "{0}", string.Create(CultureInfo.InvariantCulture, $"After the {start.TotalSteps} steps of this run {100 * kept:F0} % of the average (WeightAverage) are still the weights that training began with. Take a smaller Decay than {average.Decay}, or the Kind Warmup or Debiased."));
        _memory = start.Memory;
        if (_memory is not null)
            Info($"Memory that training will need, estimated:\n{_memory}");
    }

    public void Resumed(TrainingResumption resumption)
    {
        foreach (string damaged in resumption.PassedOver)
            channel.Warning(MessageSensitivity.None, "{0}", $"A newer state of training is passed over: {damaged}");
        Info($"Training goes on after step {resumption.Step}, from '{resumption.Folder}'.");
    }

    public void Saved(TrainingSave save) => Info($"The state after step {save.Step} is saved in '{save.Folder}'.");

    public void Stepped(TrainingStep step)
    {
        if (step.Step != 1 && step.Step % _interval != 0 && Clock.GetElapsedTime(_written) < s_longestPause) return;
        _written = Clock.GetTimestamp();
        string of = step.TotalSteps < long.MaxValue ? Invariant($" of {step.TotalSteps}") : "", left = TrainingProgress.HasEnd(step) ? $", {TrainingProgress.Duration(step.Remaining)} left" : "";
        Info($"Step {step.Step}{of}, epoch {step.Epoch + 1}: loss {step.Loss:F4}, learning rate {step.LearningRate:G4}, {step.TokensPerSecond:F0} tokens/s{left}.");
    }

    public void Validated(TrainingValidation validation)
    {
        string metrics = string.Concat(validation.Metrics.Select(metric => string.Create(CultureInfo.InvariantCulture, $", {metric.Key} {metric.Value:F4}")));
        Info($"Validation after step {validation.Step}: loss {validation.Loss:F4}{metrics}{(validation.Best ? " (the best so far)" : "")}.");
    }

    public void EpochEnded(TrainingEpoch epoch) => Info($"Epoch {epoch.Epoch + 1} ended: loss {epoch.Loss:F4}.");

    public void Finished(TrainingResult result)
    {
        Info($"Training ended ({result.StopReason}) after {result.Steps} steps; the weights are those of step {result.WeightsStep}.");
        if (_memory is not null && result.PeakMemory is long peak)
            Info($"It took {peak / 1e6:F0} MB at most; {_memory.Total / 1e6:F0} MB were estimated.");
    }

    private void Info(FormattableString line) => channel.Info(MessageSensitivity.None, "{0}", Invariant(line));
}
