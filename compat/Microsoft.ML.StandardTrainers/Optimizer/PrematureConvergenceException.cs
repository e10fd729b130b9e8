namespace Microsoft.ML.Trainers;

/// <summary>Ends a minimization whose last point is as good as it gets in float32.</summary>
internal sealed class PrematureConvergenceException(string message) : Exception(message);
