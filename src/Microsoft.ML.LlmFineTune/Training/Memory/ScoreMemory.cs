using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>What the scores of a vocabulary take.</summary>
/// <param name="Exists">Whether the task scores a vocabulary.</param>
/// <param name="AtOnce">Bytes when forward ends: scores and their gradient, or those of a chunk and the gradients that were made on the way.</param>
/// <param name="TableGradient">Bytes of the gradient of the matrix that scores are made with.</param>
internal sealed record ScoreMemory(bool Exists, double AtOnce, double TableGradient)
{
    public static ScoreMemory Of(MemoryRequest request, MovingWeights weights, int size)
    {
        if ((request.Head ?? weights.OwnHead) is not (ModelHead.NextToken or ModelHead.MaskedToken or ModelHead.SequenceToSequence)) return new(false, 0, 0);
        double classes = request.Config.VocabularySize, rows = (double)request.Rows * request.Length * request.ScoredPart, rowsOfReplica = rows / request.Replicas;
        double table = weights.Shape(request).MovesOutput ? classes * request.Config.Width * size : 0;
        double all = rows * classes * size;
        long atOnce = ChunkedCrossEntropy.RowsAtOnce((long)classes, size, request.ScoreBudget);
        if (rowsOfReplica <= atOnce) return new(true, 2 * all, table);
        double chunks = Math.Ceiling(rowsOfReplica / atOnce), hidden = rows * request.Config.Width * size;
        // Scores and gradient of a chunk; the gradient of the table, that of a chunk before it is added, the gradient of the hidden states.
        return new(true, (2 * all / chunks) + (2 * table * request.Replicas) + hidden, table);
    }
}
