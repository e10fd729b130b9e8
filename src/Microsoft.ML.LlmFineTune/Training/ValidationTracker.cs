namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Remembers validations, tells which is the best and when patience ends.</summary>
internal sealed class ValidationTracker(EarlyStoppingOptions? options)
{
    private readonly EarlyStoppingOptions _watched = options ?? new EarlyStoppingOptions();
    private readonly List<TrainingValidation> _all = [];
    private (double Score, double Loss)? _best;
    private int _withoutImprovement;

    /// <summary>All validations in order.</summary>
    public IReadOnlyList<TrainingValidation> All => _all;

    /// <summary>Whether so many validations in a row were no improvement that training should end.</summary>
    public bool PatienceEnded => options is not null && _withoutImprovement >= options.Patience;

    /// <summary>Takes a validation in.</summary>
    /// <returns>It, marked if it is the best so far.</returns>
    public TrainingValidation Add(TrainingValidation validation)
    {
        double value = _watched.Metric == EarlyStoppingOptions.Loss ? validation.Loss : validation.Metrics[_watched.Metric];
        double score = _watched.HigherIsBetter ? value : -value;
        bool improved = double.IsFinite(score) && (_best is not { } before || score - before.Score > _watched.MinimumImprovement);
        // On little data a metric soon stands still (all right) while the model still learns: between equals the weights of the lower loss are taken. Patience waits for the metric alone.
        bool better = improved || (_best is { } equal && score == equal.Score && validation.Loss < equal.Loss);
        if (better) _best = (score, validation.Loss);
        _withoutImprovement = improved ? 0 : _withoutImprovement + 1;
        _all.Add(validation with { Best = better });
        return _all[^1];
    }
}
