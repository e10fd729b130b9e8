using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML;

public static class NormalizationCatalog
{
    private const long DefaultRows = 1000000000;

    public static NormalizingEstimator NormalizeMinMax(this TransformsCatalog catalog, string outputColumnName, string inputColumnName = null, long maximumExampleCount = DefaultRows, bool fixZero = true)
        => new(catalog.GetEnvironment(), new NormalizationOptions(Range: true, maximumExampleCount, fixZero), (outputColumnName, inputColumnName ?? outputColumnName));

    public static NormalizingEstimator NormalizeMinMax(this TransformsCatalog catalog, InputOutputColumnPair[] columns, long maximumExampleCount = DefaultRows, bool fixZero = true)
        => new(catalog.GetEnvironment(), new NormalizationOptions(Range: true, maximumExampleCount, fixZero), Pairs(columns));

    public static NormalizingEstimator NormalizeMeanVariance(
        this TransformsCatalog catalog, string outputColumnName, string inputColumnName = null, long maximumExampleCount = DefaultRows, bool fixZero = true, bool useCdf = false)
        => new(catalog.GetEnvironment(), new NormalizationOptions(Range: false, maximumExampleCount, fixZero, useCdf), (outputColumnName, inputColumnName ?? outputColumnName));

    public static NormalizingEstimator NormalizeMeanVariance(
        this TransformsCatalog catalog, InputOutputColumnPair[] columns, long maximumExampleCount = DefaultRows, bool fixZero = true, bool useCdf = false)
        => new(catalog.GetEnvironment(), new NormalizationOptions(Range: false, maximumExampleCount, fixZero, useCdf), Pairs(columns));

    public static LpNormNormalizingEstimator NormalizeLpNorm(
        this TransformsCatalog catalog,
        string outputColumnName,
        string inputColumnName = null,
        LpNormNormalizingEstimatorBase.NormFunction norm = LpNormNormalizingEstimatorBase.NormFunction.L2,
        bool ensureZeroMean = false)
        => new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName, norm, ensureZeroMean);

    private static (string, string)[] Pairs(InputOutputColumnPair[] columns) => Array.ConvertAll(columns, pair => (pair.OutputColumnName, pair.InputColumnName));
}
