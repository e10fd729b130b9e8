namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Where training goes on from.</summary>
/// <param name="Folder">The folder of the saved state.</param>
/// <param name="Step">Steps taken before.</param>
/// <param name="PassedOver">Newer states that could not be read, each with the reason; usually none.</param>
public sealed record TrainingResumption(string Folder, long Step, IReadOnlyList<string> PassedOver);
