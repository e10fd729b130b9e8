namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How one class was recognised.</summary>
/// <param name="Precision">Of the rows answered with this class, the share that has it; 0 when there are none.</param>
/// <param name="Recall">Of the rows that have this class, the share answered with it; 0 when there are none.</param>
/// <param name="F1">Harmonic mean of precision and recall; 0 when the class occurs neither in the rows nor in the answers.</param>
/// <param name="Support">Rows that have this class.</param>
public sealed record ClassScores(double Precision, double Recall, double F1, long Support);
