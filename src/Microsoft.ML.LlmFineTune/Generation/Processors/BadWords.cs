using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Processors;

/// <summary>Bars the last token of a sequence when the row ends with the tokens before it. A sequence that is an end token alone is not barred: texts must be able to end.</summary>
/// <param name="words">The sequences, none of them empty.</param>
/// <param name="endTokens">The tokens that end a text.</param>
public sealed class BadWords(IReadOnlyList<IReadOnlyList<int>> words, IReadOnlyList<int> endTokens) : ILogitsProcessor
{
    private readonly IReadOnlyList<int>[] _words = [.. Require.NotNull(words).Where(word => word.Count > 1 || !endTokens.Contains(word[0]))];

    /// <inheritdoc/>
    public void Process(RowHistory row, Span<float> scores)
    {
        foreach (IReadOnlyList<int> word in _words)
        {
            if (row.MayComplete(word)) scores[word[^1]] = float.NegativeInfinity;
        }
    }
}
