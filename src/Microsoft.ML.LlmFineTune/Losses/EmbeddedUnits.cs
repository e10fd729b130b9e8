using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>Embeddings of the rows of units.</summary>
internal static class EmbeddedUnits
{
    /// <summary>The embeddings of the first rows of all units, of the second ones, and so on: [units, width] each.</summary>
    /// <param name="model">A <see cref="TextEmbedder"/>.</param>
    /// <param name="rows">The batch.</param>
    /// <param name="objective">Who asks, for the message.</param>
    /// <param name="atLeast">How many rows a unit must have.</param>
    /// <param name="exactly">Whether it must not have more.</param>
    public static Tensor[] Of(nn.Module model, TokenBatch rows, string objective, int atLeast, bool exactly = false)
    {
        Require.NotNull(rows);
        TextEmbedder embedder = ModelInput.Expect<TextEmbedder>(model, objective);
        Require.Argument(exactly ? rows.RowsPerUnit == atLeast : rows.RowsPerUnit >= atLeast,
            $"{objective} needs {(exactly ? "" : "at least ")}{atLeast} rows a unit, side by side; received {rows.RowsPerUnit}.", nameof(rows));
        Tensor all = ModelScores.OfTexts(embedder, rows);                                                         // [rows, width]
        return all.view(rows.Units, rows.RowsPerUnit, -1).unbind(1);
    }
}
