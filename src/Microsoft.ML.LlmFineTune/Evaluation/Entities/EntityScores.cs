namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Precision, recall and F of entities: an entity is right when its type and both its ends are.</summary>
/// <param name="Precision">Of the predicted entities the share that is right; from 0 to 1.</param>
/// <param name="Recall">Of the reference's entities the share that was found; from 0 to 1.</param>
/// <param name="FScore">Their harmonic mean, weighted by beta; from 0 to 1.</param>
/// <param name="Support">Entities of the reference.</param>
public sealed record EntityScores(double Precision, double Recall, double FScore, long Support);

/// <summary>The scores of one type of entity.</summary>
/// <param name="Type">The type.</param>
/// <param name="Scores">Its scores.</param>
/// <param name="Correct">Predicted entities that are right.</param>
/// <param name="Predicted">Predicted entities.</param>
public sealed record EntityTypeScores(string Type, EntityScores Scores, long Correct, long Predicted);
