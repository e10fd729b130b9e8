using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

public sealed class LpNormNormalizingEstimator : LpNormNormalizingEstimatorBase
{
    internal LpNormNormalizingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName, NormFunction norm, bool ensureZeroMean)
        : base(env, new LpNormNormalizingTransformer(env, norm, ensureZeroMean, (outputColumnName, inputColumnName)))
    {
    }
}
