namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>The shape of the learning rate over a run; see <see cref="Schedules"/>.</summary>
public enum ScheduleKind
{
    /// <summary>Warm-up, then the peak.</summary>
    Constant = 0,

    /// <summary>Warm-up, then a straight line down.</summary>
    Linear = 1,

    /// <summary>Warm-up, then half a cosine down.</summary>
    Cosine = 2,
}
