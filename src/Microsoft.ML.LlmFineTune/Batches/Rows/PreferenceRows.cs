using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches.Rows;

/// <summary>Rows for training on preferences: for <see cref="RowBatches"/> of two rows a unit.</summary>
public static class PreferenceRows
{
    /// <summary>Rows a unit, of pairs as of single completions.</summary>
    public const int RowsPerUnit = 2;

    /// <summary>The unit of a pair: the chosen completion, then the rejected one.</summary>
    /// <param name="prompt">Tokens of the prompt.</param>
    /// <param name="chosen">Tokens of the preferred completion, with the one that ends the text.</param>
    /// <param name="rejected">Tokens of the other one.</param>
    /// <param name="maximumLength">Tokens that the model takes; what is too much is cut as <see cref="CompletionRows.OfPrompt"/> does.</param>
    public static TokenRow[] OfPair(int[] prompt, int[] chosen, int[] rejected, int maximumLength = int.MaxValue) =>
        [CompletionRows.OfPrompt(prompt, chosen, maximumLength), CompletionRows.OfPrompt(prompt, rejected, maximumLength)];

    /// <summary>
    /// The units of completions that are wanted or not: the completion, and, to estimate how far the model is from its reference, the prompt with the completion of the example before (the first: of the last). The value of both rows is 1 for wanted, 0 for unwanted.
    /// </summary>
    /// <param name="examples">Prompt, completion and whether it is wanted; at least two.</param>
    /// <param name="maximumLength">Tokens that the model takes; what is too much is cut as <see cref="CompletionRows.OfPrompt"/> does.</param>
    public static TokenRow[] OfSingles(IReadOnlyList<(int[] Prompt, int[] Completion, bool IsWanted)> examples, int maximumLength = int.MaxValue)
    {
        Require.NotNull(examples);
        Require.Argument(examples.Count >= 2, $"Every prompt needs a completion of another one, so at least two examples; received {examples.Count}.", nameof(examples));
        var rows = new TokenRow[examples.Count * RowsPerUnit];
        for (var i = 0; i < examples.Count; i++)
        {
            var (prompt, completion, isWanted) = examples[i];
            float[] values = [isWanted ? 1 : 0];
            rows[2 * i] = CompletionRows.OfPrompt(prompt, completion, maximumLength) with { Values = values };
            rows[(2 * i) + 1] = CompletionRows.OfPrompt(prompt, examples[(i + examples.Count - 1) % examples.Count].Completion, maximumLength) with { Values = values };
        }
        return rows;
    }
}
