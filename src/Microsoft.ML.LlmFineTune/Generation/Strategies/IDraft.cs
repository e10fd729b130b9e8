namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>Proposes a text's next tokens. One serves one text.</summary>
internal interface IDraft : IDisposable
{
    /// <summary>Proposes tokens.</summary>
    /// <param name="row">The text so far.</param>
    /// <param name="room">Most tokens; at least 1.</param>
    /// <returns>The tokens; probabilities [vocabulary] that each was drawn with, or null where they are only guessed.</returns>
    (IReadOnlyList<int> Tokens, IReadOnlyList<double[]>? Probabilities) Propose(DecodingRow row, int room);

    /// <summary>Learns how many of the last proposal's tokens stayed.</summary>
    void Learn(int proposed, int stayed);
}
