using Microsoft.ML.LlmFineTune.Batches;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>Which rows of a batch are a replica's.</summary>
internal static class BatchShares
{
    /// <summary>The rows of one of several replicas: neighbouring units of rows, as equal in number as can be; null when it has none.</summary>
    public static TokenBatch? Share(this TokenBatch batch, int replica, int replicas)
    {
        int from = (int)((long)batch.Units * replica / replicas), to = (int)((long)batch.Units * (replica + 1) / replicas);
        if (from == to) return null;
        return to - from == batch.Units ? batch : batch.Slice(from * batch.RowsPerUnit, (to - from) * batch.RowsPerUnit);
    }
}
